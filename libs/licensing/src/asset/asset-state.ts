import { chunksOf, type EventOf, type Instant, type SnapshotCodec } from '@seatbook/kernel';
import {
  NOBODY,
  holderCount,
  holderKeys,
  orderAt,
  type HolderKey,
  type Holders,
  type OrderRefs,
} from '../holder.js';
import { canonicalHolder } from '../serial-number.js';
import type { Action, AssetEvent, AssetTraits, DriftKind, IfShort, Totals, Wish } from './asset-events.js';
import { recent } from './restores.js';

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
  /** What its order says for the case that there is no licence for it. */
  ifShort: IfShort;
  /** Its order names the reserve. */
  fromReserve: boolean;
  /** What follows when the work under way has ended. */
  followUp: FollowUp | null;
  /** The rollout that waits for its licence; absent for none. */
  rollout?: string;
  /** Its app was rolled out by this licence, or is to be installed by it: absent for never. */
  rolledOut?: true;
  /** The order by which the app is removed when the licence has gone back; absent: it stays. */
  removeBy?: string;
  /** It waits outside of the line, for the licence of this holder to come back; absent for none. */
  giver?: HolderKey;
  /** Other orders that asked for it while it was held, the last ones; absent for none. */
  also?: readonly string[];
}

/** A pair remembers this many other orders that want it. */
const MAX_ALSO = 3;

export interface LateEffect {
  readonly callId: string;
  readonly action: Action;
}

/** A ledger remembers the possible late effects on so many pairs; those noted first are forgotten first. */
const MAX_LATE_EFFECTS = 10_000;

export type FollowUp =
  | ({ readonly action: 'assign'; readonly orderId: string } & Wish)
  | { readonly action: 'return'; readonly orderId: string };

/** The ledger of one asset: the only place that decides whether a licence is free. */
export interface Asset {
  traits: AssetTraits | null;
  totals: Totals | null;
  /** What the store says of it, as JSON text: for telling what has changed. */
  descriptionJson: string;
  baseline: boolean;
  /** Its account is given up or removed: nothing is given away. */
  closed: boolean;
  /** Apple refused for lack of licences though we saw one free. */
  short: boolean;
  /** By holder; a device that Apple already held is named in Apple's spelling. */
  readonly pairs: Map<HolderKey, Pair>;
  /** Pairs whose holder is not spelled in the canonical form, by that form. */
  readonly spellings: Map<HolderKey, readonly HolderKey[]>;
  /** Licences that Apple counted as taken by holders of whom the ledger knew nothing, without those it knows by now. */
  takenElsewhere: number;
  /** Waiting pairs, first come first served; those that may have licences of the reserve go past the others to it. */
  waiting: Set<HolderKey>;
  /** Who gets the licence of a holder as soon as it has come back. */
  readonly receivers: Map<HolderKey, HolderKey>;
  /** Licences kept back for orders that name the reserve, as far as there are any. */
  reserve: number;
  readonly claims: Map<string, HolderKey[]>;
  /** Pairs whose drift waits for a person to decide. */
  readonly asked: Map<HolderKey, DriftKind>;
  /** When pairs were restored of ourselves, within the last day. */
  readonly restores: Map<HolderKey, readonly Instant[]>;
  /** Pairs of calls that went unanswered at least once, and the call: its effect may come late. The last ones only. */
  readonly lateEffects: Map<HolderKey, LateEffect>;
  /** Pairs that are reserved, assigned or returning. */
  used: number;
  /** Those of them that are reserved. */
  reserved: number;
  /** Waiting pairs whose orders want them refused where there is no licence: until that is certain. */
  refusable: number;
  /** Waiting pairs whose orders name the reserve. */
  waitingForReserve: number;
  lots: number;
}

export const emptyAsset = (): Asset => ({
  traits: null,
  totals: null,
  descriptionJson: '',
  baseline: false,
  closed: false,
  short: false,
  takenElsewhere: 0,
  pairs: new Map(),
  spellings: new Map(),
  waiting: new Set(),
  receivers: new Map(),
  reserve: 0,
  claims: new Map(),
  asked: new Map(),
  restores: new Map(),
  lateEffects: new Map(),
  used: 0,
  reserved: 0,
  refusable: 0,
  waitingForReserve: 0,
  lots: 0,
});

export const weighAsset = ({ pairs, waiting, claims, asked, restores, lateEffects }: Asset): number => {
  const noted = waiting.size + asked.size + restores.size + lateEffects.size;
  return 1_000 + 400 * pairs.size + 100 * noted + 500 * claims.size;
};

/** Licences that can be given away now, those of the reserve included; infinite for an unlimited asset. */
export function freeLicences(asset: Asset): number {
  if (!asset.baseline || !asset.totals || asset.closed) return 0;
  if (asset.totals.unlimited) return Infinity;
  return asset.short ? 0 : Math.max(0, unusedLicences(asset) - asset.takenElsewhere);
}

/** Licences of these free ones that an order may have: all of them only if it names the reserve. */
export const freeFor = (fromReserve: boolean, free: number, { reserve }: Pick<Asset, 'reserve'>): number =>
  fromReserve ? free : Math.max(0, free - reserve);

/** Whether somebody who waits will be given one of these free licences as soon as the waiting list is served. */
export const isAwaited = (free: number, asset: Asset): boolean =>
  (free > 0 && asset.waitingForReserve > 0) || (freeFor(false, free, asset) > 0 && asset.waiting.size > 0);

/** Licences that no pair of the ledger uses, whoever may have them at Apple; infinite for an unlimited asset. */
export function unusedLicences({ totals, used }: Asset): number {
  if (!totals) return 0;
  return totals.unlimited ? Infinity : Math.max(0, totals.total - used);
}

/**
 * Licences that Apple, by these totals, counts as taken by holders of whom the ledger knows nothing. Pairs in a call
 * may be at Apple already, so they are not counted as somebody else's.
 */
export function takenElsewhere({ unlimited, total, assigned, available }: Totals, asset: Asset): number {
  let unsent = asset.reserved;
  for (const keys of asset.claims.values())
    for (const key of keys) if (asset.pairs.get(key)?.state === 'reserved') unsent -= 1;
  const taken = unlimited ? assigned : total - available;
  return Math.max(0, taken - (asset.used - unsent));
}

const isUsed = (state: Pair['state']): boolean =>
  state === 'reserved' || state === 'assigned' || state === 'returning';

/** Keeps the counts and the waiting list right for a pair that comes into a state (1), or leaves it (-1). */
function count(asset: Asset, key: HolderKey, pair: Pair, change: 1 | -1): void {
  const { state, ifShort, fromReserve } = pair;
  if (isUsed(state)) asset.used += change;
  if (state === 'reserved') asset.reserved += change;
  if (state !== 'waiting' || pair.giver !== undefined) return;
  if (ifShort === 'refuse') asset.refusable += change;
  if (fromReserve) asset.waitingForReserve += change;
  if (change === 1) asset.waiting.add(key);
  else asset.waiting.delete(key);
}

/** Of pairs that no order of ours brought to where they are. */
const NO_WISH: Wish = { ifShort: 'wait', fromReserve: false };

/** Puts a pair into a state. */
function put(asset: Asset, key: HolderKey, change: Partial<Pair> & Pick<Pair, 'state'>): void {
  let pair = asset.pairs.get(key);
  if (pair) {
    count(asset, key, pair, -1);
    forgetGiver(asset, pair);
    Object.assign(pair, change);
    // Its licence has come, or never will.
    if (change.state === 'assigned' || change.state === 'failed') {
      delete pair.rollout;
      delete pair.removeBy;
    }
    if (change.state === 'returning' || change.state === 'failed') delete pair.also;
  } else {
    pair = { orderId: '', callId: null, lot: 0, tries: 0, ...NO_WISH, followUp: null, ...change };
    asset.pairs.set(key, pair);
    noteSpelling(asset, key);
  }
  count(asset, key, pair, 1);
}

function forgetGiver({ receivers }: Asset, pair: Pair): void {
  if (pair.giver === undefined) return;
  receivers.delete(pair.giver);
  delete pair.giver;
}

/** Pairs of other holders than ours turn out to be known. */
function nowKnown(asset: Asset, pairs: number): void {
  asset.takenElsewhere = Math.max(0, asset.takenElsewhere - pairs);
}

function remove(asset: Asset, key: HolderKey): void {
  const before = asset.pairs.get(key);
  if (before) {
    count(asset, key, before, -1);
    forgetGiver(asset, before);
  }
  asset.pairs.delete(key);
  const canonical = canonicalHolder(key);
  if (canonical === key) return;
  const left = asset.spellings.get(canonical)?.filter((spelling) => spelling !== key) ?? [];
  if (left.length > 0) asset.spellings.set(canonical, left);
  else asset.spellings.delete(canonical);
}

function noteSpelling({ spellings }: Pick<Asset, 'spellings'>, key: HolderKey): void {
  const canonical = canonicalHolder(key);
  if (canonical !== key) spellings.set(canonical, [...(spellings.get(canonical) ?? []), key]);
}

/** The holder as the ledger spells it, where it has a pair of it; else as it is. */
export function asSpelled(key: HolderKey, { pairs, spellings }: Asset): HolderKey {
  if (pairs.has(key)) return key;
  const canonical = canonicalHolder(key);
  return pairs.has(canonical) ? canonical : (spellings.get(canonical)?.[0] ?? key);
}

/** Holders of a command, each as the ledger spells it. None is named twice. */
export function namedIn(holders: Holders, asset: Asset): readonly HolderKey[] {
  const keys = holderKeys(holders);
  if (asset.spellings.size === 0) return keys;
  const named = new Set<HolderKey>();
  for (const key of keys) {
    const spelled = asSpelled(key, asset);
    named.add(named.has(spelled) ? key : spelled);
  }
  return [...named];
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

/** Waiting pairs that a move names, in the order of the waiting list: those of its order where it names none. */
export function movedInLine(holders: Holders & OrderRefs, { pairs, waiting }: Asset): readonly HolderKey[] {
  const named = new Set(holderKeys(holders));
  return [...waiting].filter((key) =>
    named.size > 0 ? named.has(key) : pairs.get(key)?.orderId === orderAt(holders, 0),
  );
}

/** @throws Error for a pair that is not in the ledger: an event named one that it cannot name */
export function pairOf(key: HolderKey, asset: Asset): Pair {
  const pair = asset.pairs.get(key);
  if (!pair) throw new Error(`the ledger has no pair of ${key}`);
  return pair;
}

/** Places in the waiting list, from 1 on, of those of these holders that wait for this order. */
export function placesInLine(
  { pairs, waiting }: Asset,
  orderId: string,
  holders: ReadonlySet<HolderKey>,
): ReadonlyMap<HolderKey, number> {
  const places = new Map<HolderKey, number>();
  let place = 0;
  for (const holder of waiting) {
    place += 1;
    if (holders.has(holder) && pairs.get(holder)?.orderId === orderId) places.set(holder, place);
    if (places.size === holders.size) break;
  }
  return places;
}

function drifted(asset: Asset, data: EventOf<AssetEvent, 'asset.drift-found'>['data']): void {
  const { kind, decision, source, to } = data;
  for (const key of holderKeys(data)) {
    if (kind === 'taken') remove(asset, key);
    else put(asset, key, { state: 'assigned', orderId: '', ...NO_WISH, followUp: null });
    asset.asked.delete(key);
    if (decision === 'asked') asset.asked.set(key, kind);
    if (source === 'own-late-effect') asset.lateEffects.delete(key);
  }
  if (kind === 'added') nowKnown(asset, holderCount(data));
  if (decision !== 'restoring') return;
  for (const [key, moments] of asset.restores) {
    const left = recent(moments, to);
    if (left.length === 0) asset.restores.delete(key);
    else asset.restores.set(key, left);
  }
  for (const key of holderKeys(data)) asset.restores.set(key, [...(asset.restores.get(key) ?? []), to]);
}

const NOBODY_ORDERED: Holders & OrderRefs = { ...NOBODY, orderId: '' };

type Fold<T extends AssetEvent['type']> = (asset: Asset, data: EventOf<AssetEvent, T>['data']) => void;

/** What each event does to the ledger, which is changed in place. */
const FOLDS: { readonly [T in AssetEvent['type']]: Fold<T> } = {
  'asset.closed': (asset) => void (asset.closed = true),
  'asset.opened': (asset) => void (asset.closed = false),
  'asset.reserve-set': (asset, { licences }) => void (asset.reserve = licences),
  'asset.discovered': (asset, traits) => void (asset.traits = traits),
  'asset.traits-changed': (asset, traits) => void (asset.traits = traits),
  'asset.totals-read'(asset, { unlimited, total, assigned, available, retired, takenElsewhere: elsewhere }) {
    asset.totals = { unlimited, total, assigned, available, retired };
    asset.takenElsewhere = elsewhere;
  },
  'asset.count-changed': () => undefined,
  'asset.totals-doubted': () => undefined,
  'asset.described': (asset, data) => void (asset.descriptionJson = JSON.stringify(data)),
  'asset.assignments-adopted'(asset, data) {
    for (const key of holderKeys(data)) put(asset, key, { state: 'assigned', orderId: '', ...NO_WISH });
    nowKnown(asset, holderCount(data));
  },
  'asset.adoption-corrected'(asset, data) {
    for (const key of holderKeys(data)) remove(asset, key);
  },
  'asset.drift-found': (asset, data) => drifted(asset, data),
  'asset.late-effect-possible'(asset, data) {
    const { callId, action } = data;
    for (const key of holderKeys(data)) {
      asset.lateEffects.delete(key);
      asset.lateEffects.set(key, { callId, action });
    }
    for (const key of asset.lateEffects.keys()) {
      if (asset.lateEffects.size <= MAX_LATE_EFFECTS) break;
      asset.lateEffects.delete(key);
    }
  },
  'asset.drift-decided'(asset, data) {
    for (const key of holderKeys(data)) asset.asked.delete(key);
  },
  'asset.baseline-completed': (asset) => void (asset.baseline = true),
  'asset.licenses-reserved'(asset, data) {
    const { orderId, reserved, waiting, following, alreadyHeld, lot, ifShort, fromReserve } = data;
    const fresh = { orderId, callId: null, tries: 0, ifShort, fromReserve, followUp: null };
    for (const key of holderKeys(reserved)) put(asset, key, { state: 'reserved', lot, ...fresh });
    const { giver } = data;
    for (const key of holderKeys(waiting)) {
      // Who was promised a licence stands in no line.
      put(asset, key, { state: 'waiting', ...fresh, ...(giver !== undefined && { giver }) });
      if (giver !== undefined) asset.receivers.set(giver, key);
    }
    const followUp = { action: 'assign', orderId, ifShort, fromReserve } as const;
    for (const key of holderKeys(following)) pairOf(key, asset).followUp = followUp;
    // One list for all of them: they may be many.
    const first = [orderId];
    for (const key of holderKeys(alreadyHeld)) {
      const pair = pairOf(key, asset);
      pair.also = pair.also ? [...pair.also, orderId].slice(-MAX_ALSO) : first;
    }
    if (data.install)
      for (const holders of [reserved, waiting, following])
        for (const key of holderKeys(holders)) pairOf(key, asset).rollout = orderId;
    openLot(asset, lot);
  },
  'asset.licenses-served'(asset, data) {
    for (const key of holderKeys(data)) put(asset, key, { state: 'reserved', lot: data.lot });
    openLot(asset, data.lot);
  },
  'asset.reservations-withdrawn': (asset, data) => putFirst(asset, data, data),
  'asset.licenses-claimed'(asset, data) {
    const keys = holderKeys(data);
    for (const key of keys) pairOf(key, asset).callId = data.callId;
    if (keys.length > 0) asset.claims.set(data.callId, keys);
  },
  'asset.claims-released'(asset, data) {
    const keys = holderKeys(data);
    for (const key of keys) {
      const pair = pairOf(key, asset);
      pair.callId = null;
      pair.lot = data.lot;
      pair.tries += 1;
    }
    unclaim(asset, data.callId, keys);
    openLot(asset, data.lot);
  },
  'asset.licenses-assigned'(asset, data) {
    const keys = holderKeys(data);
    for (const key of keys) put(asset, key, { state: 'assigned', callId: null, tries: 0 });
    for (const key of holderKeys(data.toInstall ?? NOBODY)) pairOf(key, asset).rolledOut = true;
    if (data.callId !== null) unclaim(asset, data.callId, keys);
    else nowKnown(asset, keys.length);
  },
  'asset.found-held'(asset, data) {
    for (const key of holderKeys(data)) remove(asset, key);
  },
  'asset.licenses-failed'(asset, data) {
    const keys = holderKeys(data);
    const state = data.action === 'associate' ? 'failed' : 'assigned';
    for (const key of keys) put(asset, key, { state, callId: null, tries: 0, followUp: null });
    unclaim(asset, data.callId, keys);
  },
  'asset.installations-answered'(asset, { orderId, start, coming }) {
    for (const key of holderKeys(start)) pairOf(key, asset).rolledOut = true;
    for (const key of holderKeys(coming)) pairOf(key, asset).rollout = orderId;
  },
  'asset.found-short'(asset, data) {
    unclaim(asset, data.callId, holderKeys(data));
    putFirst(asset, data, data);
    asset.short = true;
  },
  'asset.shortage-cleared': (asset) => void (asset.short = false),
  'asset.licenses-returning'(asset, { orderId, returning, pending, alreadyHeld, lot, removeApp }) {
    for (const key of holderKeys(returning)) {
      put(asset, key, { state: 'returning', orderId, lot, tries: 0, followUp: null });
    }
    for (const key of holderKeys(pending)) pairOf(key, asset).followUp = { action: 'return', orderId };
    if (removeApp)
      for (const key of [...holderKeys(returning), ...holderKeys(alreadyHeld)]) {
        const pair = pairOf(key, asset);
        if (pair.state === 'returning') pair.removeBy = orderId;
      }
    openLot(asset, lot);
  },
  'asset.returns-started'(asset, data) {
    const { lot } = data;
    holderKeys(data).forEach((key, index) => {
      const orderId = orderAt(data, index);
      put(asset, key, { state: 'returning', orderId, lot, tries: 0, followUp: null });
    });
    openLot(asset, lot);
  },
  'asset.licenses-returned'(asset, data) {
    const keys = holderKeys(data);
    unclaim(asset, data.callId, keys);
    for (const key of keys) remove(asset, key);
  },
  'asset.waiting-listed'(asset, data) {
    holderKeys(data).forEach((key, index) => {
      const orderId = orderAt(data, index);
      const { ifShort, fromReserve } = data;
      const wish = { ifShort, fromReserve };
      put(asset, key, { state: 'waiting', orderId, callId: null, tries: 0, ...wish, followUp: null });
    });
    const { toInstall = NOBODY_ORDERED } = data;
    holderKeys(toInstall).forEach((key, index) => {
      pairOf(key, asset).rollout = orderAt(toInstall, index);
    });
  },
  'asset.waiting-moved'(asset, data) {
    const moved = new Set(movedInLine(data, asset));
    const others = [...asset.waiting].filter((key) => !moved.has(key));
    asset.waiting = new Set(data.to === 'front' ? [...moved, ...others] : [...others, ...moved]);
  },
  'asset.waiting-refused'(asset, data) {
    for (const key of holderKeys(data)) remove(asset, key);
  },
  'asset.returns-ended'(asset, data) {
    for (const key of holderKeys(data)) {
      const pair = asset.pairs.get(key);
      if (pair) pair.followUp = null;
    }
  },
  'asset.reservations-ended'(asset, data) {
    for (const key of holderKeys(data)) {
      if (data.was === 'following' || data.was === 'pending') pairOf(key, asset).followUp = null;
      else if (data.was === 'returning') put(asset, key, { state: 'assigned' });
      else remove(asset, key);
    }
  },
};

export function evolveAsset(asset: Asset, event: AssetEvent): Asset {
  // Each fold is given only data of its own type, which the compiler cannot see in a lookup by type.
  const fold = FOLDS[event.type] as (asset: Asset, data: AssetEvent['data']) => void;
  fold(asset, event.data);
  return asset;
}

/** A pair is 560 characters long at the most; a claim names up to 1,000 holders. */
const CHUNK_PAIRS = 1_600;
const CHUNK_WAITING = 15_000;
const CHUNK_CLAIMS = 15;

type Head = Omit<
  Asset,
  'pairs' | 'spellings' | 'waiting' | 'receivers' | 'claims' | 'asked' | 'restores' | 'lateEffects'
>;

interface Chunk {
  readonly head?: Head;
  readonly pairs?: readonly [HolderKey, Pair][];
  readonly waiting?: readonly HolderKey[];
  readonly claims?: readonly [string, HolderKey[]][];
  readonly asked?: readonly [HolderKey, DriftKind][];
  readonly restores?: readonly [HolderKey, readonly Instant[]][];
  readonly lateEffects?: readonly [HolderKey, LateEffect][];
}

/** Pairs, waiting list and claims in chunks, each in its order. */
export const assetSnapshot: SnapshotCodec<Asset> = {
  version: 12,
  entries: ({ pairs }) => pairs.size,
  save(asset) {
    const { pairs, waiting, claims, traits, totals, descriptionJson, baseline, closed, short } = asset;
    const { takenElsewhere: elsewhere, reserve, used, reserved, refusable, waitingForReserve, lots } = asset;
    const counts = { takenElsewhere: elsewhere, reserve, used, reserved, refusable, waitingForReserve, lots };
    const head: Head = { traits, totals, descriptionJson, baseline, closed, short, ...counts };
    const chunks: readonly Chunk[] = [
      { head },
      ...chunksOf([...pairs], CHUNK_PAIRS).map((some) => ({ pairs: some })),
      ...chunksOf([...waiting], CHUNK_WAITING).map((some) => ({ waiting: some })),
      ...chunksOf([...claims], CHUNK_CLAIMS).map((some) => ({ claims: some })),
      ...chunksOf([...asset.asked], CHUNK_WAITING).map((some) => ({ asked: some })),
      ...chunksOf([...asset.restores], CHUNK_PAIRS).map((some) => ({ restores: some })),
      ...chunksOf([...asset.lateEffects], CHUNK_PAIRS).map((some) => ({ lateEffects: some })),
    ];
    return chunks;
  },
  load(saved) {
    const chunks = saved as readonly Chunk[];
    const pairs = new Map(chunks.flatMap((chunk) => chunk.pairs ?? []));
    const spellings: Asset['spellings'] = new Map();
    for (const key of pairs.keys()) noteSpelling({ spellings }, key);
    return {
      ...(chunks[0]?.head as Head),
      pairs,
      spellings,
      waiting: new Set(chunks.flatMap(({ waiting = [] }) => waiting)),
      receivers: new Map(
        [...pairs].flatMap(([key, { giver }]) => (giver === undefined ? [] : [[giver, key]])),
      ),
      claims: new Map(chunks.flatMap(({ claims = [] }) => claims)),
      asked: new Map(chunks.flatMap(({ asked = [] }) => asked)),
      restores: new Map(chunks.flatMap(({ restores = [] }) => restores)),
      lateEffects: new Map(chunks.flatMap(({ lateEffects = [] }) => lateEffects)),
    };
  },
};
