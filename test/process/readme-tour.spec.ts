import { execFile, fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { eventually } from '@seatbook/test-support/eventually';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { freePort } from '@seatbook/test-support/processes';

const run = promisify(execFile);

interface Step {
  readonly command: string;
  /** The output that the README shows; null if it shows none. */
  readonly shown: string | null;
}

/** The commands of the tour with the output that the README shows for them. */
function tour(): Step[] {
  const readme = readFileSync('README.md', 'utf8');
  const part = readme.slice(readme.indexOf('## Five minutes'), readme.indexOf('## Map of the code'));
  const steps: Step[] = [];
  for (const [, language, text = ''] of part.matchAll(/```(sh)?\n([\s\S]*?)```/g)) {
    if (language === 'sh') steps.push({ command: text, shown: null });
    else steps.push({ command: steps.pop()?.command ?? '', shown: text.trim() });
  }
  return steps;
}

/** `…` matches anything; ids and times differ each time. */
function pattern(shown: string): RegExp {
  const escaped = shown.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const source = escaped
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '[0-9a-f-]{36}')
    .replace(
      /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\\\.\d{3}Z/g,
      '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z',
    )
    .replace(/\s*…\s*/g, '[\\s\\S]*');
  return new RegExp(`^${source}$`);
}

/** What the tour is taken on. */
interface Started {
  readonly listening: number;
  readonly ownerKey: string;
  /** Ends it in order. */
  end(): Promise<void>;
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', resolve));

/** Runs a program of the product; resolves with a message that it sends when it gets so far. */
async function begun<M>(
  program: string,
  environment: Record<string, string>,
  folder: string,
  isIt: (message: object) => boolean,
): Promise<{ readonly child: ChildProcess; readonly message: M }> {
  const child = fork(join(process.cwd(), program), {
    cwd: folder,
    env: { ...process.env, ...environment },
    execArgv: [],
    silent: true,
  });
  for (const stream of [child.stdout, child.stderr]) stream?.resume();
  const message = await new Promise<M>((resolve, reject) => {
    child.on('message', (sent: object) => (isIt(sent) ? resolve(sent as M) : undefined));
    child.once('exit', (code) => reject(new Error(`${program} ended at once: ${code}`)));
  });
  return { child, message };
}

/** `npm start`. */
async function standalone(folder: string): Promise<Started> {
  const { child, message } = await begun<Pick<Started, 'listening' | 'ownerKey'>>(
    'apps/standalone/dist/start.js',
    { SEATBOOK_PORT: '0', SIMULATOR_PORT: '0' },
    folder,
    () => true,
  );
  return {
    ...message,
    async end() {
      const gone = ended(child);
      child.kill('SIGTERM');
      expect(await gone).toBe(0);
    },
  };
}

/** An API and a worker that share nothing but doubles of both servers, and a simulated Apple. */
async function onServers(folder: string): Promise<Started> {
  const [log, rest] = await Promise.all([EventStoreDb.start(), MongoServer.started()]);
  const listening = await freePort();
  const ownerKey = 'owner-key-of-the-tour-0123456789-0123456789';
  const simulator = await begun<{ listening: number }>(
    'apps/simulator/dist/main.js',
    { SIMULATOR_PORT: '0', SIMULATOR_DATA: join(folder, 'data', 'simulator') },
    folder,
    (message) => 'listening' in message,
  );
  const environment = {
    SEATBOOK_EVENTSTOREDB_URL: log.address,
    SEATBOOK_MONGODB_URL: rest.url,
    SEATBOOK_KEY: Buffer.alloc(32, 7).toString('base64'),
    SEATBOOK_OWNER_KEY: ownerKey,
    SEATBOOK_PUBLIC_URL: `http://127.0.0.1:${listening}`,
    SEATBOOK_ALLOW_HTTP_CALLBACKS: 'true',
    SEATBOOK_APPLE_BASE_URL: `http://127.0.0.1:${simulator.message.listening}/mdm/v2`,
  };
  const halves = [
    ['apps/worker/dist/main.js', '0'],
    ['apps/api/dist/main.js', String(listening)],
  ].map(([program = '', port = '']) =>
    fork(join(process.cwd(), program), {
      cwd: folder,
      env: { ...process.env, ...environment, SEATBOOK_PORT: port },
      execArgv: [],
      silent: true,
    }),
  );
  for (const { stdout, stderr } of halves) for (const stream of [stdout, stderr]) stream?.resume();
  await eventually('the API is ready', async () => (await fetch(`http://127.0.0.1:${listening}/readyz`)).ok);
  return {
    listening,
    ownerKey,
    async end() {
      const gone = [...halves, simulator.child].map(ended);
      for (const half of halves) half.kill('SIGTERM');
      expect(await Promise.all(gone.slice(0, 2))).toEqual([0, 0]);
      simulator.child.kill('SIGKILL');
      await Promise.all(gone);
      await log.close();
      await rest.stop();
    },
  };
}

describe.each([
  ['npm start', standalone],
  ['an API and a worker on servers', onServers],
])('the tour of the README, on %s', (_what, start) => {
  const folder = mkdtempSync(join(tmpdir(), 'seatbook-tour-'));
  let started: Started;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    started = await start(folder);
    const { listening, ownerKey } = started;
    environment = {
      ...process.env,
      KEY: ownerKey,
      S: `http://127.0.0.1:${listening}/api/v1`,
      H: `Authorization: Bearer ${ownerKey}`,
      J: 'Content-Type: application/json',
    };
  });

  afterAll(async () => {
    await started.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows what the product answers', async () => {
    const steps = tour().filter(({ shown }) => shown !== null);
    expect(steps.length).toBeGreaterThanOrEqual(6);
    for (const { command, shown } of steps) {
      if (command.includes('$S/assets |')) await firstRead();
      const { stdout } = await run('bash', ['-euc', command], { cwd: folder, env: environment });
      expect(stdout.trim()).toMatch(pattern(shown ?? ''));
    }
  });

  it('sets the variables that its commands use', () => {
    const [key, variables] = tour();
    expect(key?.command).toContain('KEY=');
    for (const name of ['S', 'H', 'J']) expect(variables?.command).toContain(`${name}=`);
  });

  /** What Apple holds is read a moment after the import. */
  async function firstRead(): Promise<void> {
    await eventually('the first read is completed', async () => {
      const headers = { authorization: `Bearer ${environment['KEY']}` };
      const answer = await fetch(`${environment['S']}/accounts/7700000000000001`, { headers });
      const account = (await answer.json()) as { firstRead: { completed: boolean } };
      return account.firstRead.completed;
    });
  }
});
