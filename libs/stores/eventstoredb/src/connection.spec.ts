import assert from 'node:assert/strict';
import { test } from '@jest/globals';
import { allEvents } from '@seatbook/test-support/all-events';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { ServedLog, newEvents } from '@seatbook/test-support/event-store-db/served-log';

test('the leader of a cluster is found by any node, and the next leader after it', async () => {
  const log = await ServedLog.start();
  const other = await EventStoreDb.start();
  try {
    const [one, two] = [log.server.wire.port, other.wire.port];
    log.server.leaderPort = two;
    const store = await log.open({ address: `esdb://127.0.0.1:${one},127.0.0.1:${two}?tls=false` });
    await store.append('asset-1', newEvents(1), 'absent');
    assert.equal(log.server.appends, 0);
    // The leader dies, and the other node has what it had.
    log.server.log.restore(other.log.backup());
    log.server.leaderPort = null;
    await other.wire.close();
    assert.equal((await store.append('asset-1', newEvents(1), 0)).revision, 1);
    assert.equal(log.server.appends, 1);
    assert.equal((await allEvents(store)).length, 2);
  } finally {
    await log.close();
    await other.close();
  }
});
