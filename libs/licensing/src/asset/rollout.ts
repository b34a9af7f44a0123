import { isBook } from '../asset-description.js';
import { holdersOf, withOrders, type HolderKey, type Holders, type OrderRefs } from '../holder.js';
import type { AssetEvent, RefusalReason } from './asset-events.js';
import { namedIn, pairOf, type Asset } from './asset-state.js';

/** What a rollout is to its pairs: installing begins where a licence is held, and waits where one is on its way. */
export function rolloutOf(
  holders: Holders,
  asset: Asset,
): Record<'start' | 'coming' | 'refused', readonly HolderKey[]> & { readonly refusal: RefusalReason | null } {
  const start: HolderKey[] = [];
  const coming: HolderKey[] = [];
  const refused: HolderKey[] = [];
  const book = isBook(asset);
  for (const key of namedIn(holders, asset)) {
    const pair = asset.pairs.get(key);
    const goes = pair?.followUp?.action === 'return';
    if (book || !pair || pair.state === 'failed' || goes) refused.push(key);
    else if (pair.state === 'assigned') start.push(key);
    else if (pair.state === 'returning' && pair.followUp === null) refused.push(key);
    else coming.push(key);
  }
  const reason = book ? 'NOT_INSTALLABLE' : 'NO_LICENSE';
  return { start, coming, refused, refusal: refused.length === 0 ? null : reason };
}

/** The answer to a rollout. */
export function installationsOf(
  { orderId, part, holders }: { readonly orderId: string; readonly part: number; readonly holders: Holders },
  asset: Asset,
): AssetEvent[] {
  const { start, coming, refused, refusal } = rolloutOf(holders, asset);
  const sections = { start: holdersOf(start), coming: holdersOf(coming), refused: holdersOf(refused) };
  return [{ type: 'asset.installations-answered', data: { orderId, part, ...sections, refusal } }];
}

/** Of pairs that go back: the devices that their app was rolled out to. */
export function rolledOut(
  keys: readonly HolderKey[],
  { pairs }: Asset,
): { readonly rolledOut?: readonly string[] } {
  const { serialNumbers } = holdersOf(keys.filter((key) => pairs.get(key)?.rolledOut === true));
  return serialNumbers.length === 0 ? {} : { rolledOut: serialNumbers };
}

/** Of pairs whose licence has gone back: those whose app is to be removed. */
export function toRemove(
  keys: readonly HolderKey[],
  asset: Asset,
): { readonly toRemove?: Holders & OrderRefs } {
  const removed = keys.flatMap((key) => {
    const { removeBy } = pairOf(key, asset);
    return removeBy === undefined ? [] : [[key, removeBy] as const];
  });
  return removed.length === 0 ? {} : { toRemove: withOrders(removed) };
}

/** Of pairs whose licence has come: those that a rollout waits for. */
export function toInstall(
  keys: readonly HolderKey[],
  asset: Asset,
): { readonly toInstall?: Holders & OrderRefs } {
  const waited = keys.flatMap((key) => {
    const { rollout, followUp } = pairOf(key, asset);
    return rollout === undefined || followUp?.action === 'return' ? [] : [[key, rollout] as const];
  });
  return waited.length === 0 ? {} : { toInstall: withOrders(waited) };
}
