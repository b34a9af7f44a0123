import type { Clock } from '@seatbook/kernel';
import type { Leases } from '@seatbook/runtime';
import { openMongoStores } from '@seatbook/store-mongodb';
import { watched } from './let-happen.js';
import { MongoServer } from './mongodb/server.js';
import { seededIds } from './seeded-random.js';
import { openTemporaryStores } from './temporary-stores.js';

export interface SharedLeases {
  readonly leases: Leases;
  close(): Promise<void>;
}

/** Leases of each adapter, for several processes under one virtual clock. */
export const SHARED_LEASES: Readonly<Record<'SQLite' | 'MongoDB', (clock: Clock) => Promise<SharedLeases>>> =
  {
    async SQLite(clock) {
      const { stores, close } = await openTemporaryStores(clock);
      return { leases: stores.leases, close };
    },
    async MongoDB(clock) {
      const server = await MongoServer.started();
      const options = { url: server.url, key: Buffer.alloc(32, 7), clock, ids: seededIds(1) };
      const { leases, close } = await openMongoStores(options);
      return {
        leases: watched(leases),
        async close() {
          await close();
          await server.stop();
        },
      };
    },
  };
