import { randomBytes, randomUUID } from 'node:crypto';
import { systemClock } from '@seatbook/kernel';
import type { OpenedStores } from '@seatbook/runtime';
import { openEventStoreDb } from '@seatbook/store-eventstoredb';
import { openMongoStores, type MongoStores } from '@seatbook/store-mongodb';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { directoryContract } from '../contract/directory.contract.js';
import { leasesContract } from '../contract/leases.contract.js';
import { logAnchorsContract } from '../contract/log-anchors.contract.js';
import { processesContract } from '../contract/processes.contract.js';
import { progressContract } from '../contract/progress.contract.js';
import { readStoreContract } from '../contract/read-store.contract.js';
import { secretsContract } from '../contract/secrets.contract.js';

const url = process.env['MONGODB_URL'];
if (!url) throw new Error('MONGODB_URL names no server to test against, e.g. mongodb://127.0.0.1:27017');

/** A fixture for one port, in a database of its own that stays on the server. */
async function serverFixture<P>(portOf: (stores: MongoStores) => P) {
  const key = randomBytes(32);
  const database = `seatbook-test-${randomUUID()}`;
  const open = () =>
    openMongoStores({ url: url ?? '', database, key, clock: systemClock, ids: { next: randomUUID } });
  let stores = await open();
  return {
    store: portOf(stores),
    async reopen(): Promise<P> {
      await stores.close();
      stores = await open();
      return portOf(stores);
    },
    close: () => stores.close(),
  };
}

readStoreContract('MongoDB', () => serverFixture(({ reads }) => reads));
progressContract('MongoDB', () => serverFixture(({ progress }) => progress));
leasesContract('MongoDB', () => serverFixture(({ leases }) => leases));
logAnchorsContract('MongoDB', () => serverFixture(({ anchors }) => anchors));
secretsContract('MongoDB', () => serverFixture(({ secrets }) => secrets));
directoryContract('MongoDB', () => serverFixture(({ directory }) => directory));

// The log is that of the server at ESDB_URL, or of a double.
processesContract('MongoDB beside a log', async () => {
  const double = process.env['ESDB_URL'] ? null : await EventStoreDb.start();
  const address = double?.address ?? process.env['ESDB_URL'] ?? '';
  const [database, prefix] = [`seatbook-test-${randomUUID()}`, `test_${randomUUID().slice(0, 8)}`];
  const key = randomBytes(32);
  const opened: Pick<OpenedStores, 'close'>[] = [];
  return {
    async open() {
      const ids = { next: randomUUID };
      const { anchors, ...stores } = await openMongoStores({
        url: url ?? '',
        database,
        key,
        clock: systemClock,
        ids,
      });
      opened.push(stores);
      const { events } = await openEventStoreDb({ address, prefix, anchors, clock: systemClock });
      opened.push(events);
      return { ...stores, events };
    },
    async close() {
      for (const stores of opened.reverse()) await stores.close();
      await double?.close();
    },
  };
});
