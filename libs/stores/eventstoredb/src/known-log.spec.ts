import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { START, type Position } from '@seatbook/kernel';
import { allEvents } from '@seatbook/test-support/all-events';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { LogAnchorsInMemory } from '@seatbook/test-support/event-store-db/log-anchors-in-memory';
import { eventually } from '@seatbook/test-support/eventually';
import { ServedLog, newEvents, pagesUntil } from '@seatbook/test-support/event-store-db/served-log';
import { EventStoreDbUnusable, type UnusableReason } from './known-log.js';

let log: ServedLog;

beforeEach(async () => {
  log = await ServedLog.start();
});

afterEach(() => log.close());

const isUnusable =
  (reason: UnusableReason, says: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof EventStoreDbUnusable, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.message, says);
    return true;
  };

/** Brings the log back to what it was, as a restore does while the server is down. */
async function restored(backup: ReturnType<typeof log.server.log.backup>): Promise<void> {
  await log.server.wire.close();
  log.server.log.restore(backup);
  await log.server.wire.open();
}

describe('a log that was restored from an older backup', () => {
  let backup: ReturnType<typeof log.server.log.backup>;

  /** One event is in the backup and on both sides of it; the second was delivered and is lost. */
  beforeEach(async () => {
    const store = await log.open();
    await store.append('asset-1', newEvents(1), 'absent');
    backup = log.server.log.backup();
    await store.append('asset-1', newEvents(1), 0);
    assert.equal((await allEvents(store)).length, 2);
  });

  test('is refused at start', async () => {
    await log.closeStores();
    await restored(backup);
    await assert.rejects(log.open(), isUnusable('OTHER_LOG', /no event at position \d+|ends at/));
  });

  test('is refused at start although it has grown past the checkpoint since', async () => {
    await log.closeStores();
    await restored(backup);
    log.writeForeign(60);
    const other = await log.open({ anchors: new LogAnchorsInMemory() });
    for (let number = 0; number < 5; number += 1) await other.append('asset-1', newEvents(1), number);
    await log.closeStores();
    await assert.rejects(log.open(), isUnusable('OTHER_LOG', /restored from an older backup/));
  });

  test('ends the subscriptions of a process that has not noticed', async () => {
    const store = await log.open({ anchors: log.anchors });
    let live = false;
    const following = pagesUntil(store, ({ caughtUp }) => {
      if (!live && caughtUp) {
        live = true;
        void restored(backup).then(() => log.writeForeign(100));
      }
      return false;
    });
    await assert.rejects(following, isUnusable('OTHER_LOG', /older backup/));
    await assert.rejects(
      store.head().then(() => allEvents(store)),
      isUnusable('OTHER_LOG', /./),
    );
  });

  test('takes no append, not even one that was in doubt when it was restored', async () => {
    const store = await log.open();
    const next = log.server.appends + 1;
    log.server.fateOfAppend = (number) => (number === next ? 'held' : 'well');
    const inDoubt = store.append('asset-2', newEvents(1), 'absent');
    const refused = assert.rejects(inDoubt, isUnusable('OTHER_LOG', /older backup/));
    await eventually('it is at the server', () => log.server.held === 1);
    await restored(backup);
    log.writeForeign(100);
    await refused;
    await assert.rejects(store.append('asset-3', newEvents(1), 'absent'), isUnusable('OTHER_LOG', /./));
    assert.deepEqual([...log.idsOf('asset-2'), ...log.idsOf('asset-3')], []);
  });

  test('is not suspected while it is only the server that was restarted', async () => {
    await log.closeStores();
    await restored(log.server.log.backup());
    assert.equal((await allEvents(await log.open())).length, 2);
  });
});

test('what is delivered is noted first, so no checkpoint is beyond what the log must hold', async () => {
  const store = await log.open();
  await store.append('asset-1', newEvents(1), 'absent');
  const noted = async (): Promise<Position> => (await log.anchors.load())?.position ?? START;
  let expected = 0;
  await pagesUntil(store, async ({ events, caughtUp }) => {
    const last = events.at(-1);
    if (last) assert.ok((await noted()) >= last.position);
    if (caughtUp && expected < 3) await store.append('asset-1', newEvents(2), expected++ * 2);
    return (last?.revision ?? 0) === 6;
  });
  // What was there before needs one note, not one for each page.
  const before = log.anchors.saved;
  await allEvents(store, START, 1);
  assert.equal(log.anchors.saved, before);
});

test('another server is another log, even an empty one', async () => {
  const store = await log.open();
  await store.append('asset-1', newEvents(1), 'absent');
  await allEvents(store);
  const other = await EventStoreDb.start();
  try {
    await assert.rejects(log.open({ address: other.address }), isUnusable('OTHER_LOG', /./));
  } finally {
    await other.close();
  }
});

test('of two processes that begin a log at once both have the same', async () => {
  const [one, other] = await Promise.all([log.open(), log.open()]);
  await one?.append('asset-1', newEvents(1), 'absent');
  assert.equal((await allEvents(other)).length, 1);
  const records = log.server.log.read('~seatbook-log');
  assert.ok(typeof records !== 'string' && records.length === 1);
});

test('two deployments on one server do not see each other', async () => {
  const one = await log.open({ prefix: 'seat' });
  const other = await log.open({ prefix: 'seatbook', anchors: new LogAnchorsInMemory() });
  await one.append('asset-1', newEvents(2), 'absent');
  await other.append('asset-1', newEvents(3), 'absent');
  assert.equal((await allEvents(one)).length, 2);
  assert.deepEqual(
    (await allEvents(other)).map(({ stream }) => stream),
    ['asset-1', 'asset-1', 'asset-1'],
  );
  const [mine] = await other.readStream('asset-1', 0, 1);
  assert.equal(mine && (await one.readAt(mine.position)), null);
});

test('a server that is too old is refused, with the version that it should have', async () => {
  log.server.version = '22.10.5.0';
  await assert.rejects(log.open(), isUnusable('SERVER_TOO_OLD', /22\.10\.5.*23\.10/));
});

test('a user who may not read $all is a clear error', async () => {
  log.server.allDenied = true;
  await assert.rejects(log.open(), isUnusable('ALL_NOT_READABLE', /may not read \$all/));
});

test('a log that others have filled before is not searched beyond its own beginning', async () => {
  log.writeForeign(5_000);
  const store = await log.open();
  const before = log.server.read;
  assert.equal(await store.head(), START);
  assert.deepEqual(await allEvents(store), []);
  assert.ok(log.server.read - before < 100, `${log.server.read - before} events were read`);
});

test('a server that is away at start is waited for', async () => {
  await log.server.wire.close();
  const { events, notices } = await log.opened();
  assert.match(notices.join(), /trying again/);
  await log.server.wire.open();
  await events.append('asset-1', newEvents(1), 'absent');
  assert.equal((await allEvents(events)).length, 1);
});
