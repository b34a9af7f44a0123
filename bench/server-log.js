import { randomBytes, randomUUID } from 'node:crypto';
import { systemClock } from '@seatbook/kernel';
import { openEventStoreDb } from '@seatbook/store-eventstoredb';
import { openMongoStores } from '@seatbook/store-mongodb';

/** A prefix of streams, and the name of a database, that nothing else has. */
export const benchName = () => `bench_${randomBytes(6).toString('hex')}`;

/**
 * The log on a server as the product opens it, its anchors in MongoDB, under a prefix and in a database of its own.
 * @param {{ esdb: string, mongodb: string, name?: string }} servers
 */
export async function openServerLog({ esdb, mongodb, name = benchName() }) {
  const stores = await openMongoStores({
    url: mongodb,
    database: name,
    key: Buffer.alloc(32, 7),
    clock: systemClock,
    ids: { next: randomUUID },
  });
  const { events } = await openEventStoreDb({
    address: esdb,
    prefix: name,
    anchors: stores.anchors,
    clock: systemClock,
  });
  return {
    name,
    events,
    async close() {
      await events.close();
      await stores.close();
    },
  };
}
