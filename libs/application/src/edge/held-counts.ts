import type { PairDocument, PairState } from '@seatbook/licensing';

/** The pairs of a holder, counted. */
export interface HeldCounts {
  readonly assigned: number;
  /** Reserved, in a call, or returning. */
  readonly inProgress: number;
  readonly waiting: number;
  readonly failed: number;
}

export function countsOf(pairs: readonly Pick<PairDocument, 'state'>[]): HeldCounts {
  const count = (...states: readonly PairState[]): number =>
    pairs.filter(({ state }) => states.includes(state)).length;
  return {
    assigned: count('assigned'),
    inProgress: count('reserved', 'claimed', 'returning'),
    waiting: count('waiting'),
    failed: count('failed'),
  };
}
