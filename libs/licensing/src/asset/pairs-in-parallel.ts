import { chunksOf } from '@seatbook/kernel';
import { MAX_HOLDERS, withOrders, type HolderKey } from '../holder.js';
import type { AssetEvent } from './asset-events.js';
import { pairOf, type Asset } from './asset-state.js';

/** Pairs with the orders that brought them where they are. */
export const ofOrders = (keys: readonly HolderKey[], asset: Asset) =>
  withOrders(keys.map((key) => [key, pairOf(key, asset).orderId]));

/** Pairs with the orders that what follows is for. */
export const ofFollowUps = (keys: readonly HolderKey[], asset: Asset) =>
  withOrders(keys.map((key) => [key, pairOf(key, asset).followUp?.orderId ?? '']));

/** Pairs that a follow-up of this kind waits for. */
export const followedBy = (
  action: 'assign' | 'return',
  keys: readonly HolderKey[],
  asset: Asset,
): HolderKey[] => keys.filter((key) => asset.pairs.get(key)?.followUp?.action === action);

/** Lots that these pairs are in. */
export const lotsOf = (keys: readonly HolderKey[], asset: Asset): number[] => [
  ...new Set(keys.map((key) => pairOf(key, asset).lot)),
];

/** Numbers for the lots that one decision opens: each is given once. */
export function newLots({ lots }: Asset): () => number {
  let last = lots;
  return () => (last += 1);
}

/** Reservations or places in the waiting list end; `by`: the order that ends them, '' for none. */
export const ended = (
  was: 'reserved' | 'waiting' | 'returning',
  keys: readonly HolderKey[],
  by: string,
  asset: Asset,
  fromLots = (chunk: readonly HolderKey[]) => (was === 'waiting' ? [] : lotsOf(chunk, asset)),
): AssetEvent[] =>
  chunksOf(keys, MAX_HOLDERS).map((chunk) => ({
    type: 'asset.reservations-ended',
    data: { ...ofOrders(chunk, asset), was, by, fromLots: fromLots(chunk) },
  }));

/** What was to follow a return (`following`) or a call (`pending`) under way is wanted no more. */
export const followUpsEnded = (
  was: 'following' | 'pending',
  keys: readonly HolderKey[],
  by: string,
  asset: Asset,
): AssetEvent[] =>
  chunksOf(keys, MAX_HOLDERS).map((chunk) => ({
    type: 'asset.reservations-ended',
    data: { ...ofFollowUps(chunk, asset), was, by, fromLots: [] },
  }));

/** Tells the orders that wanted these pairs back that nothing is left to return. */
export function returnsEnded(keys: readonly HolderKey[], asset: Asset): AssetEvent[] {
  const wantedBack = followedBy('return', keys, asset);
  if (wantedBack.length === 0) return [];
  return [{ type: 'asset.returns-ended', data: ofFollowUps(wantedBack, asset) }];
}
