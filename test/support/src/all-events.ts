import { START, type Position } from '@seatbook/kernel';
import type { EventStore, StoredEvent } from '@seatbook/runtime';

/** All events after a position, up to the end of the log as it is when that is reached. */
export async function allEvents(
  store: EventStore,
  after: Position = START,
  pageEvents = 1_000,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  const ending = new AbortController();
  for await (const page of store.subscribe(after, { signal: ending.signal, pageEvents })) {
    events.push(...page.events);
    if (page.caughtUp) break;
  }
  ending.abort();
  return events;
}
