import { fork, type ChildProcess } from 'node:child_process';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { eventually } from '@seatbook/test-support/eventually';
import { HostileServer, type Manner } from '@seatbook/test-support/hostile-server';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { OWNER_KEY, askApi, freePort } from '@seatbook/test-support/processes';
import { seededRandom } from '@seatbook/test-support/seeded-random';

const AT_ONCE_MS = 5_000;
const children: ChildProcess[] = [];
const output = new Map<ChildProcess, string>();
const closing: (() => Promise<void>)[] = [];

function run(name: 'api' | 'worker', esdb: string, mongodb: string, port = 0): ChildProcess {
  const { PATH = '' } = process.env;
  const child = fork(`apps/${name}/dist/main.js`, {
    env: {
      PATH,
      NODE_ENV: 'production',
      SEATBOOK_EVENTSTOREDB_URL: esdb,
      SEATBOOK_MONGODB_URL: mongodb,
      SEATBOOK_KEY: Buffer.alloc(32, 7).toString('base64'),
      SEATBOOK_OWNER_KEY: OWNER_KEY,
      SEATBOOK_PORT: String(port),
    },
    execArgv: [],
    silent: true,
  });
  output.set(child, '');
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => output.set(child, `${output.get(child)}${chunk.toString()}`));
  children.push(child);
  return child;
}

/** Sends SIGTERM. The exit code, null after a signal, and whether that came at once. */
async function stopped(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly soon: boolean }> {
  const began = Date.now();
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const code = await ended;
  return { code, soon: Date.now() - began < AT_ONCE_MS };
}

async function hostile(
  instead: 'mongodb' | 'eventstoredb',
  manner: Manner,
  port = 0,
): Promise<HostileServer> {
  const server = await HostileServer.start({ instead, manner, port, random: seededRandom(1) });
  closing.push(() => server.close());
  return server;
}

async function doubles(): Promise<{ readonly log: EventStoreDb; readonly rest: MongoServer }> {
  const [log, rest] = await Promise.all([EventStoreDb.start(), MongoServer.started()]);
  closing.push(
    () => log.close(),
    () => rest.stop(),
  );
  return { log, rest };
}

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const close of closing.splice(0).reverse()) await close();
});

it('a worker whose servers accept and never answer ends at once while it waits for them', async () => {
  const [log, rest] = await Promise.all([hostile('eventstoredb', 'silent'), hostile('mongodb', 'silent')]);
  const child = run(
    'worker',
    `esdb://user:canary@127.0.0.1:${log.port}?tls=false`,
    `mongodb://user:canary@127.0.0.1:${rest.port}/seatbook?serverSelectionTimeoutMS=60000`,
  );
  await eventually('it waits', () => rest.heard > 0);
  expect(await stopped(child)).toEqual({ code: 0, soon: true });
  expect(output.get(child)).not.toContain('canary');
});

it('a worker that finds no MongoDB says so and ends, for whoever runs it to start it again', async () => {
  const rest = await hostile('mongodb', 'cuts');
  const child = run(
    'worker',
    'esdb://127.0.0.1:1?tls=false',
    `mongodb://user:canary@127.0.0.1:${rest.port}/seatbook?serverSelectionTimeoutMS=500`,
  );
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  expect(code).toBe(1);
  expect(output.get(child)).toMatch(/Seatbook cannot start: MongoDB: .*\(.*127\.0\.0\.1/);
  expect(output.get(child)).not.toContain('canary');
});

it('a worker waits for an EventStoreDB that does not answer, says so, and ends at once when told to', async () => {
  const { rest } = await doubles();
  const log = await hostile('eventstoredb', 'silent');
  const child = run('worker', `esdb://user:canary@127.0.0.1:${log.port}?tls=false`, rest.url);
  await eventually('it waits', () => (output.get(child) ?? '').includes('trying again until it answers'));
  await eventually('it listens', () => (output.get(child) ?? '').includes('"msg":"listening"'));
  expect(await stopped(child)).toEqual({ code: 0, soon: true });
  expect(output.get(child)).not.toContain('canary');
});

it('a worker that is started while EventStoreDB is away begins its work when that is back', async () => {
  const { log, rest } = await doubles();
  await log.wire.close();
  const child = run('worker', log.address, rest.url);
  const says = (text: string): boolean => (output.get(child) ?? '').includes(text);
  await eventually('it waits', () => says('the work begins as soon as') || child.exitCode !== null);
  expect([child.exitCode, says('"msg":"ready"')]).toEqual([null, false]);
  await log.wire.open();
  await eventually('it works', () => says('"msg":"ready"'));
  expect(await stopped(child)).toEqual({ code: 0, soon: true });
});

it('an API tells which of its servers is not what it should be, and neither where nor with which password', async () => {
  const { log, rest } = await doubles();
  const port = await freePort();
  const esdb = log.address.replace('//', '//user:canary@');
  const child = run('api', esdb, `${rest.url}&connectTimeoutMS=500`, port);
  const isReady = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  const reasons = async (): Promise<readonly string[]> =>
    (await askApi<{ reasons: readonly string[] }>(port, 'GET', '/health')).body.reasons;
  const told: (readonly string[])[] = [];
  const tells = (server: string): Promise<boolean> =>
    eventually(`it tells of ${server}`, async () => {
      told.push(await reasons());
      return told.at(-1)?.some((reason) => reason.includes(server)) ?? false;
    });
  // Without a worker there is always something to tell; of the servers there is nothing.
  await eventually('it serves', async () => (await reasons()).every((reason) => !reason.includes('DB')));

  const { port: logPort } = log.wire;
  await log.wire.close();
  await hostile('eventstoredb', 'garbage', logPort);
  expect(await tells('EventStoreDB')).toBe(true);
  await rest.stop();
  await hostile('mongodb', 'trickle', Number(/:(\d+)\//.exec(rest.url)?.[1]));
  expect(await tells('MongoDB')).toBe(true);
  expect(await isReady()).toBe(false);
  expect(told.flat().join('\n')).not.toMatch(/canary|127\.0\.0\.1/);
  expect(output.get(child)).not.toContain('canary');
  expect(await stopped(child)).toEqual({ code: 0, soon: true });
});
