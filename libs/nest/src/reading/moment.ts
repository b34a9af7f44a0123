import { Refusal, asPosition } from '@seatbook/kernel';
import type { Moment } from '@seatbook/application';

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** `?at=`: a position, or a time in ISO 8601. @throws Refusal INVALID_AT */
export function momentOf(at: string | undefined): Moment | undefined {
  if (at === undefined) return undefined;
  if (/^\d{1,15}$/.test(at)) return { position: asPosition(Number(at)) };
  const time = instantOf(at);
  if (time !== null) return { time };
  throw new Refusal('INVALID_AT', `at is a position (digits) or a time in ISO 8601${spelling(at)}`);
}

/** What helps who has spelled a time in a way that is not understood. */
export const spelling = (text: string): string =>
  / \d{2}:\d{2}$/.test(text)
    ? ': a + in an address is written %2B'
    : ', e.g. 2026-11-24T08:00:00Z or 2026-11-24T09:00:00%2B01:00';

/** A moment in ISO 8601; without a zone it is UTC. Null for anything else, days that no calendar has included. */
export function instantOf(text: string): number | null {
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone] = ISO.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const midnight = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== `${year}-${month}-${day}`)
    return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const time = Date.parse(zone === undefined && text.includes('T') ? `${text}Z` : text);
  return Number.isNaN(time) ? null : time;
}

/** A filter by time. @throws Refusal INVALID_TIME */
export function timeOf(name: 'from' | 'to', text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = instantOf(text);
  if (time === null) throw new Refusal('INVALID_TIME', `${name} is a time in ISO 8601${spelling(text)}`);
  return time;
}
