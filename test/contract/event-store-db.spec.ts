import { systemClock } from '@seatbook/kernel';
import { openEventStoreDb, type EventStoreDbEventStore } from '@seatbook/store-eventstoredb';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { LogAnchorsInMemory } from '@seatbook/test-support/event-store-db/log-anchors-in-memory';
import { json } from '@seatbook/test-support/event-store-db/server-log';
import { eventStoreContract, type EventStoreFixture } from './event-store.contract.js';
import { logAnchorsContract } from './log-anchors.contract.js';

/** A server of its own, which other applications write to as well. */
async function openFixture(): Promise<EventStoreFixture> {
  const server = await EventStoreDb.start();
  const anchors = new LogAnchorsInMemory();
  const open = async (): Promise<EventStoreDbEventStore> => {
    const { address } = server;
    return (await openEventStoreDb({ address, prefix: 'seatbook', anchors, clock: systemClock })).events;
  };
  for (let number = 0; number < 50; number += 1) {
    server.log.append(`billing-${number % 3}`, 'any', [json('invoice.sent', { number })]);
  }
  let store = await open();
  return {
    store,
    async reopen() {
      await store.close();
      // As when the server's machine is restarted in between.
      await server.wire.close();
      await server.wire.open();
      store = await open();
      return store;
    },
    async close() {
      await store.close();
      await server.close();
    },
  };
}

eventStoreContract('EventStoreDB', openFixture);

// The double that specs of the log keep its anchors in.
logAnchorsContract('memory', async () => {
  const store = new LogAnchorsInMemory();
  return { store, reopen: async () => store, close: async () => undefined };
});
