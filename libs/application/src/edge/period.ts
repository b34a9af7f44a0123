import { Refusal, START } from '@seatbook/kernel';
import { positionOf, type Moment } from './as-of.js';
import type { Reflected } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** What lies behind one moment of the log, up to and with another one. */
export interface Period {
  readonly from: Reflected;
  readonly to: Reflected;
}

export interface WantedPeriod {
  /** The beginning of the log where nothing is said. */
  readonly from?: Moment | undefined;
  /** Now where nothing is said. */
  readonly to?: Moment | undefined;
}

/**
 * Where a period is in the log. A time is that of recording: clocks jump, so a period is made of positions, and its
 * events need not all be recorded between its two times.
 * @throws Refusal INVALID_AT for a moment that lies in the future, INVALID_PERIOD for one that ends before it begins
 */
export async function getPeriod(seatbook: SeatbookEdge, { from, to }: WantedPeriod): Promise<Period> {
  const end = to === undefined ? await seatbook.reader.head() : await positionOf(seatbook, to);
  const beginning = from === undefined ? { position: START, time: 0 } : await positionOf(seatbook, from);
  if (beginning.position <= end.position) return { from: beginning, to: end };
  throw new Refusal('INVALID_PERIOD', 'the period ends before it begins', {
    from: beginning.position,
    to: end.position,
  });
}

export const periodQueries = { GetPeriod: getPeriod };
