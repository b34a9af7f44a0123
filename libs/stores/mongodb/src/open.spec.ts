import { asPosition } from '@seatbook/kernel';
import { LeaseKeeper, hasCode, type ParkedWork } from '@seatbook/runtime';
import { SealingKeyUnusable } from '@seatbook/sealing';
import { until, watched } from '@seatbook/test-support/let-happen';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { openMongoStores, type MongoStores } from './open.js';

const clock = new VirtualClock();
const key = Buffer.alloc(32, 7);
const opened: MongoStores[] = [];
let server: MongoServer;

async function open(options: { readonly url?: string; readonly key?: Buffer } = {}): Promise<MongoStores> {
  const stores = await openMongoStores({ url: server.url, key, clock, ids: seededIds(1), ...options });
  opened.push(stores);
  return stores;
}

const isUnavailable = (error: unknown): boolean => hasCode(error, 'STORE_UNAVAILABLE');
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

const work = (id: string, more: Partial<ParkedWork> = {}): ParkedWork => ({
  id,
  kind: 'step',
  stream: 'order-1',
  name: 'ask',
  payload: '',
  reason: 'it failed',
  attempts: 4,
  source: asPosition(1),
  index: 0,
  parkedAt: 1,
  ...more,
});

beforeEach(async () => {
  server = await MongoServer.started();
});

afterEach(async () => {
  for (const stores of opened.splice(0)) await stores.close();
  await server.stop();
});

describe('opening', () => {
  it('fails where no server answers, without the credentials in the message', async () => {
    await server.stop();
    const url = server.url.replace('//', '//canary-user:canary-password@').replace('=2000', '=100');
    const failure = await failureOf(open({ url }));
    expect(isUnavailable(failure)).toBe(true);
    expect(String((failure as Error).message)).not.toContain('canary');
  });

  it.each([
    'mongodb://user:pass@canary@db:27017/seatbook',
    'mongodb://user:pass/canary@db:27017/seatbook',
    'mongodb://user:%canary@db:27017/seatbook',
    'mongodb://user:canary@db:99999999/seatbook',
    'mongodb://user:canary@',
    'canary://user:pass@db',
    'mongodb://user:canary@db/seatbook?unheard=of',
  ])('refuses an address that cannot be used without repeating it: %#', async (url) => {
    const failure = await failureOf(open({ url }));
    expect(String(failure)).toMatch(/^AddressInvalid: the address of MongoDB cannot be used: /);
    expect(String((failure as Error).stack)).not.toContain('canary');
    expect((failure as Error).cause).toBeUndefined();
  });

  it('refuses another sealing key than that of the other processes, before anything was sealed too', async () => {
    await open();
    await expect(open({ key: Buffer.alloc(32, 8) })).rejects.toThrow(SealingKeyUnusable);
    await expect(open({ key: Buffer.alloc(16, 7) })).rejects.toThrow(SealingKeyUnusable);
    const { secrets } = await open();
    await secrets.put('token/a', 'canary of the token');
    expect(JSON.stringify(server.run({ find: 'secrets' }))).not.toContain('canary');
  });

  it('writes to a majority whatever the URL says, with neither retryable writes nor transactions', async () => {
    const written: object[] = [];
    server.onCommand(({ name, command }) => {
      if (['insert', 'update', 'findAndModify', 'delete'].includes(name)) written.push(command);
    });
    const { secrets, leases, progress } = await open({ url: `${server.url}&w=1&retryWrites=true` });
    await secrets.put('token/a', 'one');
    await secrets.delete('token/a');
    await leases.acquire('reactor', 'first', 'absent');
    await progress.takeOver('reactor', 1);
    expect(written.length).toBeGreaterThan(3);
    for (const command of written) {
      expect(command).toMatchObject({ writeConcern: { w: 'majority', j: true } });
      expect(command).not.toHaveProperty('txnNumber');
    }
  });
});

describe('an answer that is lost', () => {
  it('to taking a lease over costs an epoch, and no holder', async () => {
    const { leases } = await open();
    const keeper = new LeaseKeeper({ leases: watched(leases), holder: 'first', clock, log: () => undefined });
    let lost = 0;
    server.hurt(({ name, command }) => {
      if (name !== 'insert' || !JSON.stringify(command['documents']).includes('"reactor"')) return null;
      lost += 1;
      return lost === 1 ? 'lose-answer' : null;
    });
    keeper.want('reactor', 15_000);
    keeper.start();
    await until(clock, 'the lease is held', () => keeper.epochOf('reactor') !== null);
    expect(keeper.epochOf('reactor')).toBe(2);
    expect((await leases.read(['reactor'])).get('reactor')).toMatchObject({ holder: 'first', epoch: 2 });
    await keeper.stop();
    expect((await leases.all()).get('reactor')?.holder).toBeNull();
  });

  it('to saving a checkpoint of a runner is looked after', async () => {
    const { progress } = await open();
    await progress.takeOver('reactor', 1);
    server.trap('update', 'lose-answer', { collection: 'runnerCheckpoints' });
    await progress.saveCheckpoint('reactor', { from: asPosition(0), to: asPosition(5), epoch: 1 });
    server.trap('update', 'cut', { collection: 'runnerCheckpoints' });
    const move = { from: asPosition(5), to: asPosition(9), epoch: 1 };
    expect(isUnavailable(await failureOf(progress.saveCheckpoint('reactor', move)))).toBe(true);
    await progress.saveCheckpoint('reactor', move);
    expect(await progress.checkpoint('reactor')).toBe(9);
  });

  it('to parking is repeated, and parks once', async () => {
    const { progress } = await open();
    server.trap('update', 'lose-answer', { collection: 'parkedWork' });
    expect(isUnavailable(await failureOf(progress.park([work('a'), work('b', { index: 1 })])))).toBe(true);
    await progress.park([work('a'), work('b', { index: 1 })]);
    expect((await progress.parked({ limit: 10 })).rows).toEqual([work('a'), work('b', { index: 1 })]);
  });

  it('to a secret and to a person is repeated, and keeps one of each', async () => {
    const { secrets, directory } = await open();
    server.trap('insert', 'lose-answer', { collection: 'secrets' });
    expect(isUnavailable(await failureOf(secrets.putIfAbsent('deployment/id', 'first')))).toBe(true);
    expect(await secrets.putIfAbsent('deployment/id', 'second')).toBe('first');
    server.trap('insert', 'lose-answer', { collection: 'persons' });
    const seen = [{ clientUserId: 'ann' }, { clientUserId: 'bob' }];
    expect(isUnavailable(await failureOf(directory.userIdsOf('uId', seen)))).toBe(true);
    const userIds = await directory.userIdsOf('uId', seen);
    expect((await directory.entries(userIds)).map(({ clientUserId }) => clientUserId)).toEqual([
      'ann',
      'bob',
    ]);
    expect(await directory.userIdsOf('uId', seen)).toEqual(userIds);
  });
});

describe('two processes that park the same work at once', () => {
  it('park it once', async () => {
    const { progress } = await open();
    server.raceNextUpsert(({ _id }) => ({ _id, ...work('a', { attempts: 1 }), id: undefined }));
    await progress.park([work('a')]);
    expect((await progress.parked({ limit: 10 })).rows).toEqual([work('a')]);
  });
});

describe('snapshots', () => {
  const snapshot = (revision: number, chunks: readonly unknown[], eventId = `event ${revision}`) => ({
    stream: 'asset-1',
    schema: 'asset@1',
    revision,
    position: asPosition(revision),
    eventId,
    chunks,
  });
  const chunks = (): number => {
    const { cursor } = server.run({ find: 'snapshotChunks' }) as { cursor: { firstBatch: unknown[] } };
    return cursor.firstBatch.length;
  };

  it('are whole or none: what was cut off names the one before', async () => {
    const { reads } = await open();
    await reads.saveSnapshot(snapshot(9, ['a', 'b']));
    server.trap('update', 'cut', { collection: 'snapshots' });
    expect(isUnavailable(await failureOf(reads.saveSnapshot(snapshot(20, ['c', 'd']))))).toBe(true);
    expect(await reads.loadSnapshot('asset-1')).toEqual(snapshot(9, ['a', 'b']));
    await reads.saveSnapshot(snapshot(30, ['e']));
    expect(await reads.loadSnapshot('asset-1')).toEqual(snapshot(30, ['e']));
    expect(chunks()).toBe(1);
  });

  it('with a chunk that is missing or another one are none', async () => {
    const { reads } = await open();
    await reads.saveSnapshot(snapshot(9, ['a', 'b']));
    server.run({ update: 'snapshotChunks', updates: [{ q: { number: 1 }, u: { $set: { chunk: '"c"' } } }] });
    expect(await reads.loadSnapshot('asset-1')).toBeNull();
    await reads.saveSnapshot(snapshot(9, ['a', 'b']));
    server.run({ delete: 'snapshotChunks', deletes: [{ q: { number: 0 }, limit: 1 }] });
    expect(await reads.loadSnapshot('asset-1')).toBeNull();
  });

  it('of a log that was restored take the place of later ones', async () => {
    const { reads } = await open();
    await reads.saveSnapshot(snapshot(30, ['lost']));
    await reads.saveSnapshot(snapshot(20, ['restored']));
    expect(await reads.loadSnapshot('asset-1')).toEqual(snapshot(20, ['restored']));
  });
});
