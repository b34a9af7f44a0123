import { randomBytes, randomUUID } from 'node:crypto';
import { systemClock } from '@seatbook/kernel';
import type { OpenedStores } from '@seatbook/runtime';
import { openEventStoreDb } from '@seatbook/store-eventstoredb';
import { openMongoStores } from '@seatbook/store-mongodb';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { processesContract } from './processes.contract.js';

// One process has the files of SQLite: several runtimes share its stores.
processesContract('SQLite', async () => {
  const { stores, close } = await openTemporaryStores(systemClock);
  return { open: async () => stores, close };
});

// Each process has connections of its own.
processesContract('EventStoreDB with MongoDB', async () => {
  const [log, rest] = await Promise.all([EventStoreDb.start(), MongoServer.started()]);
  const key = randomBytes(32);
  const opened: Pick<OpenedStores, 'close'>[] = [];
  return {
    async open() {
      const stores = await openMongoStores({
        url: rest.url,
        key,
        clock: systemClock,
        ids: { next: randomUUID },
      });
      opened.push(stores);
      const { address } = log;
      const { anchors } = stores;
      const options = { address, prefix: 'seatbook', anchors, clock: systemClock };
      const { events } = await openEventStoreDb(options);
      opened.push(events);
      return { ...stores, events };
    },
    async close() {
      for (const stores of opened.reverse()) await stores.close();
      await log.close();
      await rest.stop();
    },
  };
});
