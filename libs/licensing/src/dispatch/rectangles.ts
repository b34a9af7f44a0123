import { chunksOf } from '@seatbook/kernel';
import { holdersOf, type HolderKey, type Holders } from '../holder.js';
import type { PairLimits } from '../ports.js';

/** Open pairs of one asset. */
export interface Column {
  readonly asset: string;
  readonly keys: Iterable<HolderKey>;
}

/** Each of the assets for each of the holders: what one call to Apple can say. */
export interface Rectangle {
  readonly assets: readonly string[];
  readonly holders: Holders;
}

/**
 * Covers the open pairs with few rectangles, each pair once: holders that want the same assets travel together, and
 * holders of one asset alone fill up calls by asset where that takes fewer calls. Never more calls than asset by asset.
 */
export function rectanglesOf(columns: readonly Column[], limits: PairLimits): Rectangle[] {
  const bySet = coverBySet(columns, limits);
  const byAsset = columns.flatMap(({ asset, keys }) => cut([asset], [...keys], limits));
  return bySet.length <= byAsset.length ? bySet : byAsset;
}

/** Groups holders by the exact set of assets that they want. */
function coverBySet(columns: readonly Column[], limits: PairLimits): Rectangle[] {
  // A set of assets is a number handed out in order of first sight; adding an asset leads to the next number.
  const sets: { readonly assets: readonly string[]; readonly more: Map<string, number> }[] = [
    { assets: [], more: new Map() },
  ];
  const setOf = new Map<HolderKey, number>();
  for (const { asset, keys } of columns) {
    for (const key of keys) {
      const current = sets[setOf.get(key) ?? 0] as (typeof sets)[number];
      let next = current.more.get(asset);
      if (next === undefined) {
        next = sets.length;
        sets.push({ assets: [...current.assets, asset], more: new Map() });
        current.more.set(asset, next);
      }
      setOf.set(key, next);
    }
  }
  const groups = new Map<number, HolderKey[]>();
  for (const [key, set] of setOf) {
    const group = groups.get(set);
    if (group) group.push(key);
    else groups.set(set, [key]);
  }
  return [...groups].flatMap(([set, keys]) => cut(sets[set]?.assets ?? [], keys, limits));
}

/** One block cut to the limits; both kinds of holder may travel in one call. */
function cut(assets: readonly string[], keys: readonly HolderKey[], limits: PairLimits): Rectangle[] {
  const { serialNumbers, userIds } = holdersOf(keys);
  const devices = chunksOf(serialNumbers, limits.maxSerialNumbers);
  const persons = chunksOf(userIds, limits.maxClientUserIds);
  const calls = Math.max(devices.length, persons.length);
  return chunksOf(assets, limits.maxAssets).flatMap((some) =>
    Array.from({ length: calls }, (_call, index) => ({
      assets: some,
      holders: { serialNumbers: devices[index] ?? [], userIds: persons[index] ?? [] },
    })),
  );
}
