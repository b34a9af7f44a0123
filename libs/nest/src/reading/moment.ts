import { Refusal, asPosition } from '@seatbook/kernel';
import type { Moment } from '@seatbook/application';

/** `?at=`: a position, or a time in ISO 8601. */
export function momentOf(at: string | undefined): Moment | undefined {
  if (at === undefined) return undefined;
  if (/^\d{1,15}$/.test(at)) return { position: asPosition(Number(at)) };
  const time = instantOf(at);
  if (time !== null) return { time };
  throw new Refusal(
    'INVALID_AT',
    'at is a position (digits) or a time in ISO 8601, e.g. 2026-11-24T08:00:00Z',
  );
}

/** A moment in ISO 8601; without a zone it is UTC. Null for anything else. */
export function instantOf(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) return null;
  const zoned = /T/.test(text) && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? null : time;
}
