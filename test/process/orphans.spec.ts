import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { eventually } from '@seatbook/test-support/eventually';
import { MongoServer } from '@seatbook/test-support/mongodb/server';

const WITHIN_MS = 20_000;

/** Starts a program and ends at once, long before the program has loaded what it consists of. */
const PARENT = `
  const { fork } = require('node:child_process');
  const child = fork(process.argv[1], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  console.log(child.pid);
  process.exit();
`;

const folder = mkdtempSync(join(tmpdir(), 'seatbook-orphans-'));
let log: EventStoreDb;
let rest: MongoServer;

beforeAll(async () => {
  [log, rest] = await Promise.all([EventStoreDb.start(), MongoServer.started()]);
});
afterAll(async () => {
  await log.close();
  await rest.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Ends a program that should have ended by itself. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // There is none any more.
  }
}

it.each(['standalone', 'worker', 'simulator'])(
  'the %s ends when its parent has died while it was loading, and says nothing',
  async (name) => {
    const { PATH = '' } = process.env;
    const onServers = { SEATBOOK_EVENTSTOREDB_URL: log.address, SEATBOOK_MONGODB_URL: rest.url };
    const parent = spawn(process.execPath, ['-e', PARENT, join('apps', name, 'dist/main.js')], {
      env: {
        PATH,
        SEATBOOK_KEY: Buffer.alloc(32, 7).toString('base64'),
        SEATBOOK_LOG_LEVEL: 'warn',
        SEATBOOK_DATA: join(folder, 'data'),
        SEATBOOK_PORT: '0',
        SIMULATOR_PORT: '0',
        ...(name === 'worker' && onServers),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [parent.stdout, parent.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    // Both processes hold these pipes.
    let ended = false;
    parent.once('close', () => (ended = true));
    try {
      await eventually('it has ended', () => ended, WITHIN_MS);
      expect(text).toMatch(/^\d+\n$/);
    } finally {
      end(Number.parseInt(text, 10));
      await eventually('it was ended', () => ended);
    }
  },
  WITHIN_MS + 30_000,
);
