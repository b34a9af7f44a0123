import { Refusal, chunksOf } from '@seatbook/kernel';
import { MAX_HOLDERS, NOBODY, type HolderKey, type Holders } from '../holder.js';
import type { AssetEvent, RefusalReason, WaitingReason } from './asset-events.js';
import { freeFor, freeLicences, namedIn, pairOf, type Asset } from './asset-state.js';
import { lackOf } from './reservation.js';
import { ended, followUpsEnded, followedBy, lotsOf, newLots, ofOrders } from './pairs-in-parallel.js';

/** Pairs served, withdrawn or ended at once: ten events, so that an append stays small. A reaction on them goes on. */
export const MAX_TOGETHER = 10 * MAX_HOLDERS;

/** Gives what is free to those who wait, or takes back what was reserved beyond the total. */
export function serveWaiting(asset: Asset): AssetEvent[] {
  const { totals, used } = asset;
  if (totals && !totals.unlimited && used > totals.total) {
    const withdrawn = withdraw(used - totals.total, asset);
    if (withdrawn.length > 0) return withdrawn;
  }
  const served = firstServed(asset);
  const openLot = newLots(asset);
  return [
    ...chunksOf(served, MAX_HOLDERS).map((chunk): AssetEvent => ({
      type: 'asset.licenses-served',
      data: { ...ofOrders(chunk, asset), lot: openLot() },
    })),
    // While Apple contradicts the ledger, the totals tell who gets none; after so many, those behind them come next.
    ...(asset.short || !asset.baseline || served.length === MAX_TOGETHER
      ? []
      : refuseShort(asset, new Set(served))),
  ];
}

/** Those for whom there are licences, in the order of the waiting list: of the reserve only those that name it. */
function firstServed(asset: Asset): readonly HolderKey[] {
  let free = freeLicences(asset);
  let forReserve = asset.waitingForReserve;
  const first: HolderKey[] = [];
  for (const key of asset.waiting) {
    const forAll = freeFor(false, free, asset) > 0;
    if (first.length === MAX_TOGETHER || free === 0 || (!forAll && forReserve === 0)) break;
    const { fromReserve } = pairOf(key, asset);
    if (fromReserve) forReserve -= 1;
    else if (!forAll) continue;
    first.push(key);
    free -= 1;
  }
  return first;
}

/** A shortage that turns out late is treated as one that is seen at once: who is not to wait is refused. */
export function refuseShort(asset: Asset, served: ReadonlySet<HolderKey> = new Set()): AssetEvent[] {
  if (asset.refusable === 0) return [];
  const keys = [...asset.waiting].filter(
    (key) => pairOf(key, asset).ifShort === 'refuse' && !served.has(key),
  );
  return refused('SHORT', keys.slice(0, MAX_TOGETHER), asset);
}

/** They wait for what never comes. */
export const refused = (refusal: RefusalReason, keys: readonly HolderKey[], asset: Asset): AssetEvent[] =>
  chunksOf(keys, MAX_HOLDERS).map((chunk) => ({
    type: 'asset.waiting-refused',
    data: { ...ofOrders(chunk, asset), refusal },
  }));

export function endWaiting(orderId: string, asset: Asset): AssetEvent[] {
  const own = [...asset.waiting, ...asset.receivers.values()]
    .filter((key) => asset.pairs.get(key)?.orderId === orderId)
    .slice(0, MAX_TOGETHER);
  const following = [...asset.pairs]
    .filter(([, { followUp }]) => followUp?.action === 'assign' && followUp.orderId === orderId)
    .map(([key]) => key)
    .slice(0, MAX_TOGETHER - own.length);
  return [
    ...ended('waiting', own, orderId, asset),
    ...followUpsEnded('following', following, orderId, asset),
  ];
}

/** Who waits, of all that a change of the waiting list may name. @throws Refusal where nobody does */
function waitingOf(keys: readonly HolderKey[]): readonly HolderKey[] {
  if (keys.length > 0) return keys;
  throw new Refusal(
    'REJECTED_NOT_WAITING',
    'nothing that the request names waits for a licence of this asset',
  );
}

/** Of the waiting pairs, only those of this order and of these holders; null: of any. One of them is named. */
export interface Move {
  readonly orderId: string | null;
  readonly holders: Holders | null;
  readonly to: 'front' | 'back';
}

/** One event for all pairs of an order, however many they are. */
export function moveWaiting({ orderId, holders, to }: Move, asset: Asset): AssetEvent[] {
  const named = holders && new Set(namedIn(holders, asset));
  const chosen = (key: HolderKey): boolean =>
    (named?.has(key) ?? orderId !== null) && (orderId === null || pairOf(key, asset).orderId === orderId);
  const line = [...asset.waiting];
  const keys = waitingOf(line.filter(chosen));
  const place = to === 'front' ? 0 : line.length - keys.length;
  if (keys.every((key, index) => line[place + index] === key)) return [];
  const moved = orderId !== null && holders === null ? { ...NOBODY, orderId } : ofOrders(keys, asset);
  return [{ type: 'asset.waiting-moved', data: { ...moved, to } }];
}

/** Waiting pairs, and those that were to wait as soon as they are returned, are wanted no more. */
export function leaveWaiting(holders: Holders, asset: Asset): AssetEvent[] {
  const keys = namedIn(holders, asset);
  const own = keys.filter((key) => asset.waiting.has(key) || asset.pairs.get(key)?.giver !== undefined);
  const following = followedBy('assign', keys, asset);
  waitingOf([...own, ...following]);
  return [...ended('waiting', own, '', asset), ...followUpsEnded('following', following, '', asset)];
}

/** A pair in the waiting list. */
export interface Place {
  /** From 1 on. */
  readonly place: number;
  readonly holder: HolderKey;
  readonly orderId: string;
  readonly fromReserve: boolean;
  /** Why there is no licence for it now. */
  readonly reason: WaitingReason;
}

/**
 * So many places of the waiting list, after that of a holder. Where that holder waits no more, the list begins anew: who
 * was served had nobody before it.
 */
export function placesAfter(after: HolderKey | null, limit: number, asset: Asset): readonly Place[] {
  const places: Place[] = [];
  let passed = after === null || !asset.waiting.has(after);
  let place = 0;
  for (const holder of asset.waiting) {
    place += 1;
    if (passed) {
      const { orderId, fromReserve } = pairOf(holder, asset);
      places.push({ place, holder, orderId, fromReserve, reason: lackOf(fromReserve, asset) });
    }
    if (places.length === limit) break;
    passed ||= holder === after;
  }
  return places;
}

/** Unclaimed reservations, newest first: one per licence over the total. In the waiting list they keep their order. */
export function withdraw(excess: number, asset: Asset): AssetEvent[] {
  if (excess <= 0) return [];
  const unclaimed = [...asset.pairs].filter(
    ([, { state, callId }]) => state === 'reserved' && callId === null,
  );
  const newest = unclaimed.sort(([, a], [, b]) => a.lot - b.lot).slice(-Math.min(excess, MAX_TOGETHER));
  // Each event puts its pairs before all that wait: the oldest come last.
  return chunksOf(newest, MAX_HOLDERS)
    .reverse()
    .map((chunk) => {
      const keys = chunk.map(([key]) => key);
      return {
        type: 'asset.reservations-withdrawn',
        data: { ...ofOrders(keys, asset), fromLots: lotsOf(keys, asset) },
      };
    });
}
