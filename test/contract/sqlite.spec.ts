import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@seatbook/kernel';
import { MAX_APPEND_EVENTS, type EventStore } from '@seatbook/runtime';
import { openSqliteBuilder, openSqliteStores, type SqliteStores } from '@seatbook/store-sqlite';
import { directoryContract } from './directory.contract.js';
import { eventStoreContract } from './event-store.contract.js';
import { newEvents } from './new-events.js';
import { leasesContract } from './leases.contract.js';
import { progressContract } from './progress.contract.js';
import { readStoreContract, type ReadStoreFixture } from './read-store.contract.js';
import { secretsContract } from './secrets.contract.js';

/** A fixture for one port of the stores in a folder of its own. */
async function sqliteFixture<P>(portOf: (stores: SqliteStores) => P) {
  const folder = await mkdtemp(join(tmpdir(), 'seatbook-contract-'));
  const key = randomBytes(32);
  const open = () => openSqliteStores({ folder, key, clock: systemClock, ids: { next: randomUUID } });
  let stores = await open();
  return {
    log: (): EventStore => stores.events,
    store: portOf(stores),
    async reopen(): Promise<P> {
      await stores.close();
      stores = await open();
      return portOf(stores);
    },
    async close(): Promise<void> {
      await stores.close();
      await rm(folder, { recursive: true });
    },
  };
}

eventStoreContract('SQLite', () => sqliteFixture((stores) => stores.events));
progressContract('SQLite', () => sqliteFixture((stores) => stores.progress));
leasesContract('SQLite', () => sqliteFixture((stores) => stores.leases));
secretsContract('SQLite', () => sqliteFixture((stores) => stores.secrets));
directoryContract('SQLite', () => sqliteFixture((stores) => stores.directory));

/** Views that are further than their log are dropped when they are opened, so here the log has something in it. */
async function openWithEvents(): Promise<ReadStoreFixture> {
  const { log, ...fixture } = await sqliteFixture((stores) => stores.reads);
  await log().append('contract-log', newEvents(MAX_APPEND_EVENTS), 'absent');
  return fixture;
}

readStoreContract('SQLite', openWithEvents);

/** The views as the worker thread builds them, beside a main thread that has them open too. */
readStoreContract('SQLite beside the main thread', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seatbook-contract-'));
  const main = await openSqliteStores({
    folder,
    key: randomBytes(32),
    clock: systemClock,
    ids: { next: randomUUID },
  });
  let builder = openSqliteBuilder({ folder });
  return {
    store: builder.reads,
    async reopen() {
      builder.close();
      builder = openSqliteBuilder({ folder });
      return builder.reads;
    },
    async close() {
      builder.close();
      await main.close();
      await rm(folder, { recursive: true });
    },
  };
});
