import { randomBytes, randomUUID } from 'node:crypto';
import { systemClock } from '@seatbook/kernel';
import { openMongoStores, type MongoStores } from '@seatbook/store-mongodb';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { directoryContract } from './directory.contract.js';
import { leasesContract } from './leases.contract.js';
import { logAnchorsContract } from './log-anchors.contract.js';
import { progressContract } from './progress.contract.js';
import { readStoreContract } from './read-store.contract.js';
import { secretsContract } from './secrets.contract.js';

/** A fixture for one port, on a server of its own that the real driver speaks to. */
async function mongoFixture<P>(portOf: (stores: MongoStores) => P, replicaSet = false) {
  const server = await MongoServer.started({ replicaSet });
  const key = randomBytes(32);
  const open = () => openMongoStores({ url: server.url, key, clock: systemClock, ids: { next: randomUUID } });
  let stores = await open();
  return {
    store: portOf(stores),
    async reopen(): Promise<P> {
      await stores.close();
      await server.stop();
      await server.start();
      stores = await open();
      return portOf(stores);
    },
    async close(): Promise<void> {
      await stores.close();
      await server.stop();
    },
  };
}

readStoreContract('MongoDB', () => mongoFixture(({ reads }) => reads));
progressContract('MongoDB', () => mongoFixture(({ progress }) => progress));
leasesContract('MongoDB', () => mongoFixture(({ leases }) => leases));
logAnchorsContract('MongoDB', () => mongoFixture(({ anchors }) => anchors));
secretsContract('MongoDB', () => mongoFixture(({ secrets }) => secrets));
directoryContract('MongoDB', () => mongoFixture(({ directory }) => directory));

// On a replica set the driver sends sessions and cluster times along.
progressContract('MongoDB as a replica set', () => mongoFixture(({ progress }) => progress, true));
leasesContract('MongoDB as a replica set', () => mongoFixture(({ leases }) => leases, true));
