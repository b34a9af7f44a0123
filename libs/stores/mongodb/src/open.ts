import type { MongoClientOptions } from 'mongodb';
import type { Clock, Ids } from '@seatbook/kernel';
import type { LogAnchors, OpenedStores } from '@seatbook/runtime';
import { clientOf } from './address.js';
import { MongoDirectory } from './directory.js';
import { MongoLeases } from './leases.js';
import { MongoLogAnchors } from './log-anchors.js';
import { MongoProgress } from './progress.js';
import { MongoReadStore } from './read-store.js';
import { MongoSecrets } from './secrets.js';
import { Snapshots } from './snapshots.js';
import { asked } from './store-failure.js';

export interface MongoStoresOptions {
  /** `mongodb://` or `mongodb+srv://`, with credentials and TLS where the server wants them. */
  readonly url: string;
  /** Default: the one that the URL names, else `seatbook`. */
  readonly database?: string;
  /** The 32 bytes that seal the secrets, the same for all processes on the database. */
  readonly key: Buffer;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Told what an operator should know about indexes, a line each, while read models are prepared. */
  readonly notice?: (line: string) => void;
}

/** All stores but the log. */
export interface MongoStores extends Omit<OpenedStores, 'events'> {
  /** For the log, wherever that is. */
  readonly anchors: LogAnchors;
}

/**
 * What counts whatever the URL says. Everything is written to a majority and read as a majority has it, from the primary;
 * a write that got no answer is never repeated by the driver, since only the adapter knows whether that is right.
 */
const ALWAYS: MongoClientOptions = {
  appName: 'seatbook',
  readPreference: 'primary',
  readConcernLevel: 'majority',
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: 20_000 },
  retryWrites: false,
  retryReads: true,
  ignoreUndefined: true,
};

/**
 * Time limits that the URL may set otherwise. A server whose answers never end makes no connection and breaks none: only
 * the wait for a connection ends then. Both waits end before health gives up on its answers.
 */
const UNLESS_SAID: MongoClientOptions = {
  serverSelectionTimeoutMS: 4_000,
  waitQueueTimeoutMS: 4_000,
  connectTimeoutMS: 5_000,
  socketTimeoutMS: 60_000,
};

/**
 * Connects and opens everything; creates collections and indexes where they are missing. Right on a standalone server
 * and on a replica set.
 * @throws AddressInvalid when the URL cannot be used
 * @throws StoreUnavailable when no server answers or it refuses the credentials
 * @throws SealingKeyUnusable when the key is not the one that sealed the secrets
 */
export async function openMongoStores(options: MongoStoresOptions): Promise<MongoStores> {
  const { url, key, clock, ids, notice = () => undefined } = options;
  const client = clientOf(url, { ...unlessSaid(url), ...ALWAYS });
  try {
    await asked(() => client.connect());
    const database = client.db(options.database ?? databaseOf(url) ?? 'seatbook');
    const progress = new MongoProgress(database);
    const directory = new MongoDirectory(database, ids);
    const secrets = new MongoSecrets(database, key);
    await asked(() =>
      Promise.all([progress.prepare(), directory.prepare(), new Snapshots(database).prepare()]),
    );
    await secrets.verifyKey();
    return {
      reads: new MongoReadStore({ database, clock, notice }),
      progress,
      leases: new MongoLeases(database),
      anchors: new MongoLogAnchors(database),
      secrets,
      directory,
      notices: [],
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The database that a connection string names. */
const databaseOf = (url: string): string | undefined =>
  /^mongodb(?:\+srv)?:\/\/[^/]*\/([^/?]+)/.exec(url)?.[1];

const unlessSaid = (url: string): MongoClientOptions =>
  Object.fromEntries(
    Object.entries(UNLESS_SAID).filter(([name]) => !new RegExp(`[?&]${name}=`, 'i').test(url)),
  );
