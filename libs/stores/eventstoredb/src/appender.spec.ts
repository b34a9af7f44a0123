import assert from 'node:assert/strict';
import { afterEach, beforeEach, jest, test } from '@jest/globals';
import { StoreUnavailable, hasCode, type Appended, type ExpectedRevision } from '@seatbook/runtime';
import {
  contextOf,
  counterKind,
  counterRunner,
  type Counter,
  type CounterCommand,
} from '@seatbook/test-support/counter-domain';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { EventStoreDb, type AppendFate } from '@seatbook/test-support/event-store-db/event-store-db';
import { ServedLog, hurried, newEvent, newEvents } from '@seatbook/test-support/event-store-db/served-log';
import { json } from '@seatbook/test-support/event-store-db/server-log';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { chosenSeed } from '@seatbook/test-support/event-store-db/chosen-seed';

let log: ServedLog;

beforeEach(async () => {
  log = await ServedLog.start();
});

afterEach(() => log.close());

/** The next append meets this, those after it are well. */
function nextAppendIs(fate: AppendFate): void {
  const next = log.server.appends + 1;
  log.server.fateOfAppend = (number) => (number === next ? fate : 'well');
}

test.each<AppendFate>(['cut-before', 'cut-after', 'not-ready'])(
  'an append that is %s is stored once, and its caller hears where',
  async (fate) => {
    const store = await log.open();
    await store.append('asset-1', newEvents(2), 'absent');
    const events = newEvents(3);
    nextAppendIs(fate);
    const { revision, position } = await store.append('asset-1', events, 1);
    assert.equal(revision, 4);
    assert.deepEqual(
      log.idsOf('asset-1').slice(2),
      events.map(({ id }) => id),
    );
    assert.equal((await store.readAt(position))?.id, events[2]?.id);
  },
);

test('1,000 appends while connections are cut at random moments: each acknowledged one is there once, none meets a false conflict', async () => {
  const seed = chosenSeed();
  const random = seededRandom(seed);
  const store = await log.open({ clock: hurried, answerMs: 50_000 });
  const fates: AppendFate[] = ['cut-before', 'cut-after'];
  log.server.fateOfAppend = () => (random() < 0.04 ? fates[random() < 0.5 ? 0 : 1] : undefined) ?? 'well';
  const acknowledged = new Map<string, string[]>();
  await Promise.all(
    Array.from({ length: 20 }, async (_, writer) => {
      const ids: string[] = [];
      acknowledged.set(`asset-${writer}`, ids);
      let expected: ExpectedRevision = 'absent';
      while (ids.length < 50) {
        const event = newEvent();
        try {
          const appended: Appended = await store.append(`asset-${writer}`, [event], expected);
          assert.equal(appended.revision, ids.length, `SEED=${seed}`);
          expected = appended.revision;
          ids.push(event.id);
        } catch (error) {
          // Said before anything was sent: another event in its place meets no conflict.
          assert.ok(hasCode(error, 'STORE_UNAVAILABLE'), `SEED=${seed}: ${String(error)}`);
        }
      }
    }),
  );
  for (const [stream, ids] of acknowledged) assert.deepEqual(log.idsOf(stream), ids, `SEED=${seed}`);
  assert.ok(log.server.wire.connections > 10, 'no connection was cut');
});

test('an answer that nobody waits for ends nothing, and doubt about the append ends by asking again', async () => {
  // What a handler of the client throws fails this case as it would end a process.
  const store = await log.open({ answerMs: 400 });
  await store.append('asset-1', newEvents(1), 'absent');
  const events = newEvents(2);
  nextAppendIs('answered-astray');
  assert.equal((await store.append('asset-1', events, 0)).revision, 2);
  assert.deepEqual(
    log.idsOf('asset-1').slice(1),
    events.map(({ id }) => id),
  );
});

test('an append that is stored long after it was given up and sent again is there once', async () => {
  const store = await log.open({ answerMs: 400 });
  const events = newEvents(2);
  nextAppendIs('held');
  const { revision } = await store.append('asset-1', events, 'absent');
  assert.equal(revision, 1);
  await store.append('asset-1', newEvents(1), 1);
  assert.equal(log.server.held, 1);
  log.server.releaseHeld();
  assert.equal(log.idsOf('asset-1').length, 3);
  assert.equal((await store.readStream('asset-1', 0, 10)).length, 3);
});

test('what a runner keeps of a stream is what a fold gives, when an append was stored late and the clock has moved', async () => {
  const store = await log.open({ answerMs: 400 });
  const clock = new VirtualClock();
  const noSnapshots = { loadSnapshot: async () => null, saveSnapshot: async () => undefined };
  const newRunner = () => counterRunner({ events: store, reads: noSnapshots, clock, kinds: [counterKind()] });
  const runner = newRunner();
  const add = (n: number) => {
    const command: CounterCommand = { type: 'Add', n };
    return runner.execute('counter-1', command, contextOf(`command-${n}`));
  };
  await add(1);
  nextAppendIs('held');
  const adding = add(20);
  clock.moveTo(clock.now() + 5_000);
  assert.equal((await adding).revision, 1);
  log.server.releaseHeld();
  await add(300);
  const { state } = await runner.load('counter-1');
  assert.equal((state as Counter).sum, 321);
  assert.deepEqual((await newRunner().load('counter-1')).state, state);
  assert.equal(log.idsOf('counter-1').length, 3);
});

test('after a lost answer a conflict is reported where another one was faster, and nothing of ours is there', async () => {
  const store = await log.open();
  await store.append('asset-1', newEvents(1), 'absent');
  const foreign = json('asset.licenses-assigned', {});
  const next = log.server.appends + 1;
  log.server.fateOfAppend = (number) => {
    if (number !== next) return 'well';
    log.server.log.append('seatbook.asset-1', 0n, [{ ...foreign, metadata: Buffer.from('{}') }]);
    return 'cut-before';
  };
  await assert.rejects(store.append('asset-1', newEvents(2), 0), (error) => {
    assert.ok(hasCode(error, 'WRONG_EXPECTED_REVISION'));
    assert.deepEqual([error.expected, error.actual], [0, 1]);
    return true;
  });
  assert.equal(log.idsOf('asset-1').length, 2);
});

test('an append in doubt ends when the server is back; while it is known to be away, others hear so at once', async () => {
  const store = await log.open();
  await log.server.wire.close();
  const events = newEvents(1);
  const inDoubt = store.append('asset-1', events, 'absent');
  const isAway = (error: unknown): boolean => hasCode(error, 'STORE_UNAVAILABLE');
  await assert.rejects(store.probe(), isAway);
  await assert.rejects(store.append('asset-2', newEvents(1), 'absent'), isAway);
  await assert.rejects(store.head(), isAway);
  await log.server.wire.open();
  assert.equal((await inDoubt).revision, 0);
  assert.deepEqual(log.idsOf('asset-1'), [events[0]?.id]);
  assert.deepEqual(log.idsOf('asset-2'), []);
});

test('a server that hangs is noticed: reads fail, an append waits for it to go on', async () => {
  const store = await log.open({ answerMs: 400 });
  await store.append('asset-1', newEvents(1), 'absent');
  log.server.wire.freeze();
  const appending = store.append('asset-1', newEvents(1), 0);
  await assert.rejects(store.readStream('asset-1', 0, 10), (error) => hasCode(error, 'STORE_UNAVAILABLE'));
  log.server.wire.thaw();
  assert.equal((await appending).revision, 1);
  assert.equal(log.idsOf('asset-1').length, 2);
});

test('many appends wait for a connection that then breaks, and nothing fails but their attempts', async () => {
  // A failure that nobody hears, as the client has it for what waits to be written, fails this case as it would end a process.
  const store = await log.open({ answerMs: 1_000 });
  await store.append('asset-0', newEvents(1), 'absent');
  log.server.wire.freeze();
  const appending = Array.from({ length: 60 }, (_, number) =>
    store.append(`asset-${number + 1}`, [newEvent({ text: 'x'.repeat(100_000) })], 'absent'),
  );
  await assert.rejects(store.head(), (error) => hasCode(error, 'STORE_UNAVAILABLE'));
  log.server.wire.thaw();
  for (const { revision } of await Promise.all(appending)) assert.equal(revision, 0);
  for (let number = 1; number <= 60; number += 1) assert.equal(log.idsOf(`asset-${number}`).length, 1);
});

test('a process that ends says of its appends in doubt that it does not know', async () => {
  const store = await log.open();
  nextAppendIs('cut-before');
  await log.server.wire.close();
  const inDoubt = store.append('asset-1', newEvents(1), 'absent');
  const failed = assert.rejects(inDoubt, (error) => hasCode(error, 'STORE_UNAVAILABLE'));
  await store.close();
  await failed;
});

test('a node that is not the leader names it, and everything goes there', async () => {
  const store = await log.open();
  const events = newEvents(1);
  const leader = await EventStoreDb.start();
  try {
    leader.log.restore(log.server.log.backup());
    log.server.leaderPort = leader.wire.port;
    log.server.wire.cut();
    assert.equal((await store.append('asset-1', events, 'absent')).revision, 0);
    const records = leader.log.read('seatbook.asset-1');
    assert.ok(typeof records !== 'string' && records.length === 1);
    assert.deepEqual(log.idsOf('asset-1'), []);
    assert.equal((await store.readStream('asset-1', 0, 10)).length, 1);
  } finally {
    await log.closeStores();
    await leader.close();
  }
});

test('a deleted stream takes no append in silence: its revisions would go on where nobody looks', async () => {
  const store = await log.open();
  await store.append('asset-1', newEvents(2), 'absent');
  log.server.log.delete('seatbook.asset-1');
  await assert.rejects(store.append('asset-1', newEvents(1), 'absent'), (error) =>
    hasCode(error, 'CORRUPT_EVENT'),
  );
  await store.append('asset-2', newEvents(2), 'absent');
  log.server.log.tombstone('seatbook.asset-2');
  await assert.rejects(store.append('asset-2', newEvents(1), 1), (error) => hasCode(error, 'CORRUPT_EVENT'));
});

test('what cannot be serialised is refused before it is sent', async () => {
  const store = await log.open();
  const sent = log.server.appends;
  const broken = { ...newEvent(), data: '{"half":' };
  await assert.rejects(store.append('asset-1', [broken], 'absent'), SyntaxError);
  await assert.rejects(store.append('asset-\ud83d', newEvents(1), 'absent'), TypeError);
  assert.equal(log.server.appends, sent);
});

test('doubt does not end because the store that the anchors are kept in is away too', async () => {
  const store = await log.open();
  await store.append('asset-1', newEvents(1), 'absent');
  const load = jest.spyOn(log.anchors, 'load').mockImplementation(async () => {
    load.mockRestore();
    throw new StoreUnavailable('the database is away', 'AWAY');
  });
  nextAppendIs('cut-before');
  assert.equal((await store.append('asset-1', newEvents(1), 0)).revision, 1);
});
