import type { TimelineEntry } from '@seatbook/application';
import { effectiveAt, isoTime, numberOf } from '@seatbook/kernel';
import type { TimelineRowAnswer } from './timeline-answer.js';

/** One event of a timeline, for people. */
export function timelineRow({ event, order, causePosition, story }: TimelineEntry): TimelineRowAnswer {
  const { id, position, stream, revision, type, metadata } = event;
  const { principal, causationId, commandId, correlationId, recordedAt } = metadata;
  // Without one it is the beginning: a request, a notification, or the product's own rhythm.
  const byEvent = causePosition !== null;
  return {
    at: isoTime(recordedAt) ?? '',
    effectiveAt: isoTime(effectiveAt(metadata)) ?? '',
    what: story,
    type,
    principal,
    reason: metadata.reason ?? order?.reason ?? null,
    orderedBy: order?.principal ?? null,
    cause: {
      eventId: byEvent ? causationId : null,
      position: byEvent ? numberOf(causePosition) : null,
      commandId: byEvent ? null : commandId,
      correlationId,
    },
    event: { id, position: numberOf(position), stream, revision },
  };
}
