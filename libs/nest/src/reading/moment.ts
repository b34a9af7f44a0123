import { Refusal } from '@seatbook/kernel';
import type { AsOf, Seatbook } from '@seatbook/application';
import { timeOf, type AsOfAnswer } from './as-of.js';

/** `?at=`: a position, or a time in ISO 8601. Neither lies in the future. */
export async function momentOf(seatbook: Seatbook, at: string): Promise<AsOf> {
  if (/^\d{1,15}$/.test(at)) {
    const head = await seatbook.options.stores.events.head();
    if (Number(at) <= head) return { position: Number(at) };
    throw new Refusal('INVALID_AT', 'this position is beyond the end of the log', { head });
  }
  const time = instantOf(at);
  if (time === null) {
    throw new Refusal(
      'INVALID_AT',
      'at is a position (digits) or a time in ISO 8601, e.g. 2026-11-24T08:00:00Z',
    );
  }
  if (time > seatbook.options.clock.now()) throw new Refusal('INVALID_AT', 'this moment lies in the future');
  return { time };
}

/** A moment in ISO 8601; without a zone it is UTC. Null for anything else. */
export function instantOf(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) return null;
  const zoned = /T/.test(text) && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? null : time;
}

/** What an answer about the past reflects: the moment that was asked for. */
export async function asOfMoment(seatbook: Seatbook, at: AsOf): Promise<AsOfAnswer> {
  if ('position' in at) return { position: at.position, time: await timeOf(seatbook, at.position) };
  return { position: await lastPositionAt(seatbook, at.time), time: new Date(at.time).toISOString() };
}

/** The last event recorded at or before a moment, found by halving: recordedAt grows with the position. */
async function lastPositionAt(seatbook: Seatbook, time: number): Promise<number> {
  const { events } = seatbook.options.stores;
  let low = 0;
  let high = await events.head();
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [event] = await events.readAll(middle - 1, 1);
    if (event && event.metadata.recordedAt <= time) low = Math.max(middle, event.position);
    else high = middle - 1;
  }
  return low;
}
