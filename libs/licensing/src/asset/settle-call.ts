import type { PairFailure } from '../apple-call/call-events.js';
import { holderKeys, holdersOf, type HolderKey } from '../holder.js';
import type { Action, AssetEvent, Wish } from './asset-events.js';
import { pairOf, type Asset } from './asset-state.js';
import { promisesBroken, promisesEnded, promisesKept } from './reassignment.js';
import { toInstall, toRemove } from './rollout.js';
import {
  ended,
  followUpsEnded,
  followedBy,
  newLots,
  ofFollowUps,
  ofOrders,
  returnsEnded,
} from './pairs-in-parallel.js';

/** A pair that Apple keeps giving back for reasons of its own fails after this many tries. */
export const MAX_PAIR_TRIES = 6;

/** A call whose pairs are settled, and the ledger that they are in. */
interface Settlement {
  readonly callId: string;
  readonly action: Action;
  readonly asset: Asset;
  readonly openLot: () => number;
}

/**
 * Only pairs that the call has claimed are moved, so that a second settlement moves nothing. Where it took several
 * attempts, an earlier one may take effect even now.
 */
export function settleCall(
  callId: string,
  action: Action,
  failures: readonly PairFailure[],
  attempts: number,
  asset: Asset,
): AssetEvent[] {
  const settlement = { callId, action, asset, openLot: newLots(asset) };
  const claimed = asset.claims.get(callId) ?? [];
  const left = new Set(claimed);
  const failed = failures.flatMap((failure) => {
    const hit = failure.holders ? holderKeys(failure.holders).filter((key) => left.has(key)) : [...left];
    for (const key of hit) left.delete(key);
    return failuresOf(failure, hit, settlement);
  });
  const late: AssetEvent[] =
    attempts > 1 && claimed.length > 0
      ? [{ type: 'asset.late-effect-possible', data: { ...holdersOf(claimed), callId, action } }]
      : [];
  return [...succeeded([...left], settlement), ...failed, ...late];
}

/** Pairs leave a call that was not sent: they are open work again. */
export function releaseClaims(
  callId: string,
  action: Action,
  keys: readonly HolderKey[],
  notBefore: number,
  asset: Asset,
): AssetEvent[] {
  const claimed = new Set(asset.claims.get(callId) ?? []);
  const settlement = { callId, action, asset, openLot: newLots(asset) };
  return released(
    keys.filter((key) => claimed.has(key)),
    { limit: 0, notBefore },
    settlement,
  );
}

function failuresOf(
  failure: PairFailure,
  keys: readonly HolderKey[],
  settlement: Settlement,
): readonly AssetEvent[] {
  switch (failure.verdict) {
    case 'failed':
      return failed(keys, failure, settlement);
    case 'short':
      return foundShort(keys, settlement);
    case 'again': {
      const exhausted = (key: HolderKey): boolean =>
        failure.limit === 0 && pairOf(key, settlement.asset).tries + 1 >= MAX_PAIR_TRIES;
      const again = keys.filter((key) => !exhausted(key));
      return [
        ...released(again, failure, settlement),
        ...failed(keys.filter(exhausted), failure, settlement),
      ];
    }
  }
}

function succeeded(
  keys: readonly HolderKey[],
  { callId, action, asset, openLot }: Settlement,
): readonly AssetEvent[] {
  if (keys.length === 0) return [];
  const events: AssetEvent[] = [];
  if (action === 'associate') {
    const wantedBack = followedBy('return', keys, asset);
    events.push({
      type: 'asset.licenses-assigned',
      data: { callId, ...ofOrders(keys, asset), ...toInstall(keys, asset) },
    });
    // Apple may have had one of these pairs before the call, and have counted it as somebody else's.
    if (asset.takenElsewhere > 0 && asset.waiting.size > 0 && !asset.short)
      events.push({ type: 'asset.totals-doubted', data: { takenElsewhere: asset.takenElsewhere } });
    if (wantedBack.length > 0) {
      const started = { ...ofFollowUps(wantedBack, asset), lot: openLot() };
      events.push({ type: 'asset.returns-started', data: started });
    }
    return events;
  }
  const wantedAgain = followedBy('assign', keys, asset);
  events.push({
    type: 'asset.licenses-returned',
    data: { callId, ...ofOrders(keys, asset), ...toRemove(keys, asset) },
  });
  for (const wish of WISHES) {
    const listed = wantedAgain.filter((key) => followsWith(wish, key, asset));
    if (listed.length > 0)
      events.push({
        type: 'asset.waiting-listed',
        data: { ...ofFollowUps(listed, asset), ...wish, ...toInstall(listed, asset) },
      });
  }
  events.push(...promisesKept(keys, openLot, asset));
  if (asset.short) events.push({ type: 'asset.shortage-cleared', data: { available: null } });
  return events;
}

/** All that an order may say for the case that licences are few. */
const WISHES: readonly Wish[] = ([true, false] as const).flatMap((fromReserve) =>
  (['wait', 'refuse'] as const).map((ifShort) => ({ ifShort, fromReserve })),
);

function followsWith(wish: Wish, key: HolderKey, asset: Asset): boolean {
  const { followUp } = pairOf(key, asset);
  return (
    followUp?.action === 'assign' &&
    followUp.ifShort === wish.ifShort &&
    followUp.fromReserve === wish.fromReserve
  );
}

function failed(
  keys: readonly HolderKey[],
  { errorNumber, reason }: PairFailure,
  { callId, action, asset }: Settlement,
): readonly AssetEvent[] {
  if (keys.length === 0) return [];
  const data = { callId, action, ...ofOrders(keys, asset), errorNumber, reason };
  return [
    ...followUpsEnded('following', followedBy('assign', keys, asset), '', asset),
    { type: 'asset.licenses-failed', data },
    ...returnsEnded(keys, asset),
    ...(action === 'associate' ? promisesEnded(keys, asset) : promisesBroken(keys, asset)),
  ];
}

/** They head the waiting list, but for those that were wanted back. */
function foundShort(keys: readonly HolderKey[], { callId, asset }: Settlement): readonly AssetEvent[] {
  if (keys.length === 0) return [];
  return [
    { type: 'asset.found-short', data: { callId, ...ofOrders(keys, asset) } },
    ...ended('waiting', followedBy('return', keys, asset), '', asset),
    ...returnsEnded(keys, asset),
    ...promisesEnded(keys, asset),
  ];
}

/** They are open work again, but for those that were wanted back. */
function released(
  keys: readonly HolderKey[],
  { limit, notBefore }: Pick<PairFailure, 'limit' | 'notBefore'>,
  { callId, action, asset, openLot }: Settlement,
): AssetEvent[] {
  if (keys.length === 0) return [];
  const lot = openLot();
  return [
    {
      type: 'asset.claims-released',
      data: { callId, action, ...holdersOf(keys), lot, limit, notBefore },
    },
    ...ended('reserved', followedBy('return', keys, asset), '', asset, () => [lot]),
    ...returnsEnded(keys, asset),
    ...promisesEnded(followedBy('return', keys, asset), asset),
  ];
}
