export { openSqliteBuilder, openSqliteStores } from './open.js';
export type { SqliteBuilder, SqliteStores, SqliteStoresOptions } from './open.js';
export { loadOrCreateKey, SealingKeyUnusable } from './sealing-key.js';
export type { SealingKeySource } from './sealing-key.js';
export { FolderLocked, lockFolder } from './folder-lock.js';
export type { LockHolder, Unlock } from './folder-lock.js';
export { LogUnusable } from './events-file.js';
export type { SqliteEventStore } from './event-store.js';
export type { SqliteReadStore } from './read-store.js';
