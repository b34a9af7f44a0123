import { hasCode } from '@seatbook/runtime';
import { EventStoreDbEventStore, type EventStoreDbOptions } from './event-store.js';
import { isUnusable } from './known-log.js';

/** An opened log, and what was unusual about it as lines for the log of the process. */
export interface OpenedEventStoreDb {
  readonly events: EventStoreDbEventStore;
  readonly notices: readonly string[];
}

/**
 * Connects to EventStoreDB and makes sure that it is the right one. A server that is away is waited for: until it is
 * there, calls fail with `StoreUnavailable` and subscriptions go on trying.
 * @throws EventStoreDbUnusable where the server is too old, its user may not read $all or the log is another one
 * @throws AddressInvalid, RangeError where address or prefix cannot be used
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<OpenedEventStoreDb> {
  const events = new EventStoreDbEventStore(options);
  try {
    await events.ready();
    return { events, notices: [] };
  } catch (error) {
    if (hasCode(error, 'STORE_UNAVAILABLE') && !isUnusable(error)) {
      return { events, notices: [`${error.message}: trying again until it answers`] };
    }
    await events.close();
    throw error;
  }
}
