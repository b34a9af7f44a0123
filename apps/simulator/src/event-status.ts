import { Refusal } from './apple-errors.js';
import type { Answer, Visit } from './world.js';

/** GET status. Another location's event is unknown. */
export function eventStatus({ location, query, world }: Visit): Answer {
  const event = world.events.find(query.get('eventId') ?? '');
  if (event === undefined || event.location !== location) throw new Refusal(9708);
  // A running event already has failures; Apple shows them when it is done.
  const failures = event.status === 'PENDING' ? undefined : event.failures.body();
  return {
    eventStatus: event.status,
    eventType: event.type,
    numRequested: event.numRequested,
    numCompleted: event.numCompleted,
    ...(failures === undefined ? {} : { failures }),
  };
}
