export { openEventStoreDb, type OpenedEventStoreDb } from './open.js';
export { EventStoreDbUnusable, type UnusableReason } from './known-log.js';
export { AddressInvalid } from './address.js';
export type { EventStoreDbEventStore, EventStoreDbOptions } from './event-store.js';
