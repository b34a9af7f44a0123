import type { Movements } from './movements.js';

/** Licences owned. An unlimited asset has none that could be counted: its number is 0. */
export interface OwnedInPeriod {
  readonly opening: number;
  /** Owned when the asset was first read, in this period. */
  readonly found: number;
  readonly bought: number;
  readonly refunded: number;
  readonly movedAway: number;
  readonly recounted: number;
  /** `opening + found + bought - refunded - movedAway + recounted` */
  readonly closing: number;
}

/** Licences used: pairs that are reserved, assigned or returning. */
export interface UsedInPeriod {
  readonly opening: number;
  readonly adopted: number;
  readonly assigned: number;
  readonly returned: number;
  readonly driftAdded: number;
  readonly driftTaken: number;
  /** Reserved at the end and not assigned yet, less those at the beginning. */
  readonly reserved: number;
  /** `opening + adopted + assigned - returned + driftAdded - driftTaken + reserved` */
  readonly closing: number;
}

/** The closing number is what was read last: that the sum comes to the same is a property of the ledger. */
export function ownedIn(earlier: Movements, moved: Movements): OwnedInPeriod {
  const opening = earlier.read?.last.total ?? 0;
  const found = earlier.read === null ? (moved.read?.first.total ?? 0) : 0;
  return { opening, found, ...moved.counts, closing: moved.read?.last.total ?? opening };
}

/** The closing number is counted pair by pair, by the states that they come into. */
export function usedIn(earlier: Movements, moved: Movements): UsedInPeriod {
  const opening = usedBy(earlier);
  return { opening, ...moved.changes, reserved: moved.pairs.reserved, closing: opening + usedBy(moved) };
}

const usedBy = ({ pairs: { reserved, assigned, returning } }: Movements): number =>
  reserved + assigned + returning;
