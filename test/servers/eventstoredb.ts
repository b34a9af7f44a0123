import { randomUUID } from 'node:crypto';
import { systemClock } from '@seatbook/kernel';
import { openEventStoreDb, type EventStoreDbEventStore } from '@seatbook/store-eventstoredb';
import { LogAnchorsInMemory } from '@seatbook/test-support/event-store-db/log-anchors-in-memory';
import { eventStoreContract, type EventStoreFixture } from '../contract/event-store.contract.js';

const address = process.env['ESDB_URL'];
if (!address)
  throw new Error('ESDB_URL names no server to test against, e.g. esdb://127.0.0.1:2113?tls=false');

/** A prefix of its own for each case; what it wrote stays on the server. */
async function openFixture(): Promise<EventStoreFixture> {
  const anchors = new LogAnchorsInMemory();
  const prefix = `test_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const open = async (): Promise<EventStoreDbEventStore> =>
    (await openEventStoreDb({ address: address ?? '', prefix, anchors, clock: systemClock })).events;
  let store = await open();
  return {
    store,
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    close: () => store.close(),
  };
}

eventStoreContract('EventStoreDB', openFixture);
