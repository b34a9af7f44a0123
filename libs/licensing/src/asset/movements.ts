import type { EventOf } from '@seatbook/kernel';
import { holderCount, type Holders } from '../holder.js';
import type { AssetEvent, Counts } from './asset-events.js';

/** What pairs of a ledger are counted as. */
export type Counted = 'waiting' | 'reserved' | 'assigned' | 'returning' | 'failed';

/** So many pairs go from one count to another; null: they come, or go. */
export type Move = readonly [count: number, from: Counted | null, to: Counted | null];

/** Licences that came and went, as Apple counts them. */
export interface CountChanges {
  /** Bought, or moved here from another location: Apple's numbers do not tell which. */
  bought: number;
  /** Refunded, or used up. */
  refunded: number;
  /** Moved to another location. */
  movedAway: number;
  /** More of them, or fewer, because Apple counts in another way, e.g. without limit. */
  recounted: number;
}

/** Why pairs came to hold a licence at Apple, and why they ceased to. */
export interface PairChanges {
  /** Held already when the asset was first read, less those that turned out not to be. */
  adopted: number;
  assigned: number;
  returned: number;
  /** Given and taken by others. */
  driftAdded: number;
  driftTaken: number;
}

export type Owned = Pick<Counts, 'unlimited' | 'total'>;

/** What some consecutive events of a ledger moved. */
export interface Movements {
  /** The numbers of licences that were read first and last; null where none was read. */
  read: { readonly first: Owned; readonly last: Owned } | null;
  readonly counts: CountChanges;
  readonly changes: PairChanges;
  /** How many pairs more are counted as each, after them than before. */
  readonly pairs: Record<Counted, number>;
}

/** Nothing has moved. */
export const noMovements = (): Movements => ({
  read: null,
  counts: { bought: 0, refunded: 0, movedAway: 0, recounted: 0 },
  changes: { adopted: 0, assigned: 0, returned: 0, driftAdded: 0, driftTaken: 0 },
  pairs: { waiting: 0, reserved: 0, assigned: 0, returning: 0, failed: 0 },
});

type By<R> = { readonly [T in AssetEvent['type']]?: (data: EventOf<AssetEvent, T>['data']) => R };

/** Pairs that an event brings from one state to another; null: they come, or go. A failed pair may be among those that come. */
export interface PairMove {
  readonly holders: Holders;
  readonly from: Counted | null;
  readonly to: Counted | null;
}

/** All pairs that an event names. */
const moved =
  (from: Counted | null, to: Counted | null) =>
  (holders: Holders): readonly PairMove[] => [{ holders, from, to }];

const MOVES: By<readonly PairMove[]> = {
  'asset.assignments-adopted': moved(null, 'assigned'),
  'asset.adoption-corrected': moved('assigned', null),
  'asset.drift-found': (data) =>
    data.kind === 'taken'
      ? moved('assigned', null)(data)
      : moved(data.before === 'failed' ? 'failed' : null, 'assigned')(data),
  'asset.licenses-reserved': ({ reserved, waiting }) => [
    { holders: reserved, from: null, to: 'reserved' },
    { holders: waiting, from: null, to: 'waiting' },
  ],
  'asset.licenses-served': moved('waiting', 'reserved'),
  'asset.reservations-withdrawn': moved('reserved', 'waiting'),
  'asset.found-short': moved('reserved', 'waiting'),
  'asset.licenses-assigned': (data) => moved(data.callId === null ? 'waiting' : 'reserved', 'assigned')(data),
  'asset.found-held': moved('waiting', null),
  'asset.licenses-failed': (data) =>
    data.action === 'associate' ? moved('reserved', 'failed')(data) : moved('returning', 'assigned')(data),
  'asset.licenses-returning': ({ returning }) => moved('assigned', 'returning')(returning),
  'asset.returns-started': moved('assigned', 'returning'),
  'asset.licenses-returned': moved('returning', null),
  'asset.waiting-listed': (data) => (data.promised ? [] : moved(null, 'waiting')(data)),
  'asset.waiting-refused': moved('waiting', null),
  'asset.reservations-ended': (data) => {
    if (data.was === 'reserved' || data.was === 'waiting') return moved(data.was, null)(data);
    return data.was === 'returning' ? moved('returning', 'assigned')(data) : [];
  },
};

const CHANGES: By<Partial<PairChanges>> = {
  'asset.assignments-adopted': (data) => ({ adopted: holderCount(data) }),
  'asset.adoption-corrected': (data) => ({ adopted: -holderCount(data) }),
  'asset.licenses-assigned': (data) => ({ assigned: holderCount(data) }),
  'asset.licenses-returned': (data) => ({ returned: holderCount(data) }),
  'asset.drift-found': (data) =>
    data.kind === 'taken' ? { driftTaken: holderCount(data) } : { driftAdded: holderCount(data) },
};

function countChanges({
  before,
  after,
  source,
}: EventOf<AssetEvent, 'asset.count-changed'>['data']): Partial<CountChanges> {
  const more = after.total - before.total;
  switch (source) {
    case 'purchase':
      return { bought: more };
    case 'transfer':
      return { movedAway: -more };
    case 'refund': {
      // Of those that are fewer only some may be retired: the rest was moved away meanwhile.
      const refunded = Math.min(-more, after.retired - before.retired);
      return { refunded, movedAway: -more - refunded };
    }
    case 'apple':
      return { recounted: more };
  }
}

// A function of a table is given only data of its own type, which the compiler cannot see in a lookup by type.
const by = <R>(table: By<R>, event: AssetEvent): R | undefined =>
  (table[event.type] as ((data: AssetEvent['data']) => R) | undefined)?.(event.data);

/** Which pairs an event brings to where. */
export const pairMovesOf = (event: AssetEvent): readonly PairMove[] => by(MOVES, event) ?? [];

/** How many of the pairs that come by an event had failed before. */
export const failedBeforeOf = ({ data }: AssetEvent): number =>
  'failedBefore' in data ? data.failedBefore : 0;

/** How many pairs an event brings to where. */
export function movesOf(event: AssetEvent): readonly Move[] {
  const moves = pairMovesOf(event).map(({ holders, from, to }): Move => [holderCount(holders), from, to]);
  const failed = failedBeforeOf(event);
  return failed === 0 ? moves : [...moves, [failed, 'failed', null]];
}

/** Why pairs of an event came to hold a licence at Apple, or ceased to. */
export const changesOf = (event: AssetEvent): Partial<PairChanges> => by(CHANGES, event) ?? {};

/** Types of all events that move anything. */
export const movingTypes = [
  'asset.totals-read',
  'asset.count-changed',
  ...Object.keys(MOVES),
] as readonly AssetEvent['type'][];

/** Adds what the next event moves. */
export function addEvent(moved: Movements, event: AssetEvent): void {
  for (const [count, from, to] of movesOf(event)) {
    if (from !== null) moved.pairs[from] -= count;
    if (to !== null) moved.pairs[to] += count;
  }
  addTo(moved.changes, changesOf(event));
  if (event.type === 'asset.totals-read') read(moved, event.data);
  // The totals that it tells of follow: between the two the sums close as well.
  if (event.type === 'asset.count-changed') {
    addTo(moved.counts, countChanges(event.data));
    read(moved, event.data.after);
  }
}

function read(moved: Movements, { unlimited, total }: Owned): void {
  const last = { unlimited, total };
  moved.read = { first: moved.read?.first ?? last, last };
}

/** Adds what the events right behind those of `moved` moved. */
export function addMovements(moved: Movements, more: Movements): void {
  if (more.read) moved.read = { first: moved.read?.first ?? more.read.first, last: more.read.last };
  addTo(moved.counts, more.counts);
  addTo(moved.changes, more.changes);
  addTo(moved.pairs, more.pairs);
}

function addTo<T extends { [K in keyof T]: number }>(sum: T, more: Partial<T>): void {
  for (const name of Object.keys(more) as (keyof T)[])
    sum[name] = ((sum[name] as number) + (more[name] as number)) as T[keyof T];
}
