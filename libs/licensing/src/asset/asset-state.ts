import type { SnapshotCodec } from '@seatbook/kernel';
import { chunksOf, holderKeys, orderAt, type HolderKey, type Holders, type OrderRefs } from '../holder.js';
import type { AssetEvent, AssetTraits, Totals } from './asset-events.js';

/** One asset and one holder. A pair that a call has claimed has a `callId`, whatever its state. */
export interface Pair {
  state: 'waiting' | 'reserved' | 'assigned' | 'returning' | 'failed';
  /** The order that brought it here; '' for an adopted pair. */
  orderId: string;
  callId: string | null;
  /** Lot of open work that it lies in while it is reserved or returning and not claimed. */
  lot: number;
  /** How often it was given back to be planned anew. */
  tries: number;
  /** What follows when the work under way has ended. */
  followUp: { readonly action: 'assign' | 'return'; readonly orderId: string } | null;
}

/** The ledger of one asset: the only place that decides whether a licence is free. */
export interface Asset {
  traits: AssetTraits | null;
  totals: Totals | null;
  /** What the store says of it, as JSON text: for telling what has changed. */
  descriptionJson: string;
  baseline: boolean;
  /** Apple refused for lack of licences though we saw one free. */
  short: boolean;
  readonly pairs: Map<HolderKey, Pair>;
  /** Waiting pairs, first come first served. */
  waiting: Set<HolderKey>;
  readonly claims: Map<string, HolderKey[]>;
  /** Pairs that are reserved, assigned or returning. */
  used: number;
  lots: number;
}

export const emptyAsset = (): Asset => ({
  traits: null,
  totals: null,
  descriptionJson: '',
  baseline: false,
  short: false,
  pairs: new Map(),
  waiting: new Set(),
  claims: new Map(),
  used: 0,
  lots: 0,
});

/** Licences that can be given away now; infinite for an unlimited asset. */
export function freeLicences({ baseline, short, totals, used }: Asset): number {
  if (!baseline || !totals) return 0;
  if (totals.unlimited) return Infinity;
  return short ? 0 : Math.max(0, totals.total - used);
}

const isUsed = (state: Pair['state'] | undefined): boolean =>
  state === 'reserved' || state === 'assigned' || state === 'returning';

/** Puts a pair into a state and keeps `used` and the waiting list right. */
function put(asset: Asset, key: HolderKey, change: Partial<Pair> & Pick<Pair, 'state'>): void {
  const before = asset.pairs.get(key);
  if (isUsed(before?.state)) asset.used -= 1;
  if (before?.state === 'waiting') asset.waiting.delete(key);
  if (before) Object.assign(before, change);
  else asset.pairs.set(key, { orderId: '', callId: null, lot: 0, tries: 0, followUp: null, ...change });
  if (isUsed(change.state)) asset.used += 1;
  if (change.state === 'waiting') asset.waiting.add(key);
}

function remove(asset: Asset, key: HolderKey): void {
  const before = asset.pairs.get(key);
  if (isUsed(before?.state)) asset.used -= 1;
  asset.waiting.delete(key);
  asset.pairs.delete(key);
}

function unclaim(asset: Asset, callId: string, keys: readonly HolderKey[]): void {
  const gone = new Set(keys);
  const left = (asset.claims.get(callId) ?? []).filter((key) => !gone.has(key));
  if (left.length > 0) asset.claims.set(callId, left);
  else asset.claims.delete(callId);
}

/** Lots of one append need not stand in the order of their numbers; a number is never given twice. */
function openLot(asset: Asset, lot: number): void {
  asset.lots = Math.max(asset.lots, lot);
}

/** Pairs go to the head of the waiting list, in their order. */
function putFirst(asset: Asset, holders: Holders, refs: OrderRefs): void {
  const keys = holderKeys(holders);
  keys.forEach((key, index) =>
    put(asset, key, { state: 'waiting', orderId: orderAt(refs, index), callId: null, followUp: null }),
  );
  const heads = new Set(keys);
  asset.waiting = new Set([...keys, ...[...asset.waiting].filter((key) => !heads.has(key))]);
}

export function evolveAsset(asset: Asset, event: AssetEvent): Asset {
  switch (event.type) {
    case 'asset.discovered':
    case 'asset.traits-changed':
      asset.traits = event.data;
      return asset;
    case 'asset.totals-read': {
      const { unlimited, total, assigned, available, retired } = event.data;
      asset.totals = { unlimited, total, assigned, available, retired };
      return asset;
    }
    case 'asset.described':
      asset.descriptionJson = JSON.stringify(event.data);
      return asset;
    case 'asset.assignments-adopted':
      for (const key of holderKeys(event.data)) put(asset, key, { state: 'assigned', orderId: '' });
      return asset;
    case 'asset.baseline-completed':
      asset.baseline = true;
      return asset;
    case 'asset.licenses-reserved': {
      const { orderId, reserved, waiting, following, lot } = event.data;
      const fresh = { orderId, callId: null, tries: 0, followUp: null };
      for (const key of holderKeys(reserved)) put(asset, key, { state: 'reserved', lot, ...fresh });
      for (const key of holderKeys(waiting)) put(asset, key, { state: 'waiting', ...fresh });
      for (const key of holderKeys(following))
        (asset.pairs.get(key) as Pair).followUp = { action: 'assign', orderId };
      openLot(asset, lot);
      return asset;
    }
    case 'asset.licenses-served':
      for (const key of holderKeys(event.data)) put(asset, key, { state: 'reserved', lot: event.data.lot });
      openLot(asset, event.data.lot);
      return asset;
    case 'asset.reservations-withdrawn':
      putFirst(asset, event.data, event.data);
      return asset;
    case 'asset.licenses-claimed': {
      const { callId } = event.data;
      const keys = holderKeys(event.data);
      for (const key of keys) (asset.pairs.get(key) as Pair).callId = callId;
      if (keys.length > 0) asset.claims.set(callId, keys);
      return asset;
    }
    case 'asset.claims-released': {
      const { callId, lot } = event.data;
      const keys = holderKeys(event.data);
      for (const key of keys) {
        const pair = asset.pairs.get(key) as Pair;
        Object.assign(pair, { callId: null, lot, tries: pair.tries + 1 });
      }
      unclaim(asset, callId, keys);
      openLot(asset, lot);
      return asset;
    }
    case 'asset.licenses-assigned': {
      const { callId } = event.data;
      const keys = holderKeys(event.data);
      for (const key of keys) put(asset, key, { state: 'assigned', callId: null, tries: 0 });
      if (callId !== null) unclaim(asset, callId, keys);
      return asset;
    }
    case 'asset.licenses-failed': {
      const { callId, action } = event.data;
      const keys = holderKeys(event.data);
      const state = action === 'associate' ? 'failed' : 'assigned';
      for (const key of keys) put(asset, key, { state, callId: null, tries: 0, followUp: null });
      unclaim(asset, callId, keys);
      return asset;
    }
    case 'asset.found-short':
      unclaim(asset, event.data.callId, holderKeys(event.data));
      putFirst(asset, event.data, event.data);
      asset.short = true;
      return asset;
    case 'asset.shortage-cleared':
      asset.short = false;
      return asset;
    case 'asset.licenses-returning': {
      const { orderId, returning, pending, lot } = event.data;
      for (const key of holderKeys(returning)) {
        put(asset, key, { state: 'returning', orderId, lot, tries: 0, followUp: null });
      }
      for (const key of holderKeys(pending))
        (asset.pairs.get(key) as Pair).followUp = { action: 'return', orderId };
      openLot(asset, lot);
      return asset;
    }
    case 'asset.returns-started':
      holderKeys(event.data).forEach((key, index) => {
        const { lot } = event.data;
        put(asset, key, {
          state: 'returning',
          orderId: orderAt(event.data, index),
          lot,
          tries: 0,
          followUp: null,
        });
      });
      openLot(asset, event.data.lot);
      return asset;
    case 'asset.licenses-returned': {
      const keys = holderKeys(event.data);
      unclaim(asset, event.data.callId, keys);
      for (const key of keys) remove(asset, key);
      return asset;
    }
    case 'asset.waiting-listed':
      holderKeys(event.data).forEach((key, index) => {
        put(asset, key, {
          state: 'waiting',
          orderId: orderAt(event.data, index),
          callId: null,
          tries: 0,
          followUp: null,
        });
      });
      return asset;
    case 'asset.returns-ended':
      for (const key of holderKeys(event.data)) {
        const pair = asset.pairs.get(key);
        if (pair) pair.followUp = null;
      }
      return asset;
    case 'asset.reservations-ended':
      for (const key of holderKeys(event.data)) {
        if (event.data.was === 'following' || event.data.was === 'pending')
          (asset.pairs.get(key) as Pair).followUp = null;
        else remove(asset, key);
      }
      return asset;
  }
}

/** A pair is 300 characters long at the most; a claim names up to 1,000 holders. */
const CHUNK_PAIRS = 2_500;
const CHUNK_WAITING = 15_000;
const CHUNK_CLAIMS = 15;

type Head = Omit<Asset, 'pairs' | 'waiting' | 'claims'>;

interface Chunk {
  readonly head?: Head;
  readonly pairs?: readonly [HolderKey, Pair][];
  readonly waiting?: readonly HolderKey[];
  readonly claims?: readonly [string, HolderKey[]][];
}

/** Pairs, waiting list and claims in chunks, each in its order. */
export const assetSnapshot: SnapshotCodec<Asset> = {
  version: 2,
  entries: ({ pairs }) => pairs.size,
  save({ pairs, waiting, claims, ...head }): readonly Chunk[] {
    return [
      { head },
      ...chunksOf([...pairs], CHUNK_PAIRS).map((some) => ({ pairs: some })),
      ...chunksOf([...waiting], CHUNK_WAITING).map((some) => ({ waiting: some })),
      ...chunksOf([...claims], CHUNK_CLAIMS).map((some) => ({ claims: some })),
    ];
  },
  load(saved) {
    const chunks = saved as readonly Chunk[];
    return {
      ...(chunks[0]?.head as Head),
      pairs: new Map(chunks.flatMap(({ pairs = [] }) => pairs)),
      waiting: new Set(chunks.flatMap(({ waiting = [] }) => waiting)),
      claims: new Map(chunks.flatMap(({ claims = [] }) => claims)),
    };
  },
};
