import { inPhase, type Instant } from '@seatbook/kernel';
import { assetOfId, idOfAsset } from '../asset-id.js';
import type { AssetId } from '../ports.js';
import {
  DEFAULT_POLICIES,
  type DriftPolicies,
  type ReconciliationEvent,
  type WalkReason,
} from './reconciliation-events.js';

/** A walk that is due at `at`. `why` null: the assets are read for the first time, and what Apple holds is adopted. */
export interface QueuedWalk {
  readonly at: Instant;
  readonly why: WalkReason | null;
  /** What made the asset differ happened after that, where it is known. */
  readonly from: Instant | null;
}

/** Somebody waits for a comparison with Apple. */
export interface Sync {
  readonly full: boolean;
  readonly requestedAt: Instant;
  /** Assets that are still to be walked for it; null until the totals were read for it. */
  readonly waitsFor: ReadonlySet<string> | null;
}

/** Drift that was found and not alerted, and when there was an alert last. */
export interface Unalerted {
  readonly added: number;
  readonly taken: number;
  readonly assetCount: number;
  readonly alertedAt: Instant | null;
}

/** So many events of Apple's of either kind are remembered, the last ones, for telling who did what. */
const MAX_FOREIGN_EVENTS = 100;

/** The reading of a location: totals of all assets, then assignments of the new ones, then (the first time) persons. */
export interface Reading {
  /** `assets`: the first list of assets. `idle`: until the next read of totals, or during it. */
  readonly phase: 'assets' | 'assignments' | 'users' | 'idle';
  readonly uId: string;
  /** The first read, until it is complete. */
  readonly first: boolean;
  /** When the reading goes on, or begins again. */
  readonly at: Instant;
  /** When totals are to be read once more after the read under way; null for not. */
  readonly againAt: Instant | null;
  /** Reads that failed in a row. */
  readonly failures: number;
  /** Assets whose assignments are still to be walked. */
  readonly toWalk: readonly AssetId[];
  /** What the first read has walked, and the version of the assignments when it began to: whether they moved since. */
  readonly walked: readonly AssetId[];
  readonly walkedFrom: string | null;
  /** The version of the location's assignments from which on the next delta is read; null: none is known. */
  readonly deltaFrom: string | null;
  /** When the last read of the list of assets began that came to its end. */
  readonly totalsAt: Instant | null;
  /** When all assets are walked next. */
  readonly walkAllAt: Instant | null;
  readonly policies: DriftPolicies;
  readonly unalerted: Unalerted;
  /** Walks beside the reading. Like those below changed in place. */
  readonly walks: Map<string, QueuedWalk>;
  /** Assets of which it is not certain yet what Apple held at first: what a walk finds of them is adopted. */
  readonly adopting: Set<string>;
  /** When each asset was last found to be as its ledger has it, by a walk or because nobody had any. */
  readonly walkedAt: Map<string, Instant>;
  /** Events that Apple announced and that are no call's of ours, with their assets. */
  readonly foreignEvents: Map<string, readonly string[]>;
  /** Events that Apple announced before a call of ours was known for them. Most of them are ours after all. */
  readonly announced: Set<string>;
  readonly syncs: Map<string, Sync>;
  /** Last record of each asset, as text, for telling what has changed. */
  readonly known: Map<string, string>;
  /** Assets that orders wait for until the first list is read. */
  readonly awaited: Set<string>;
  /** Assets that the read under way found changed. */
  readonly changed: Set<string>;
  /** adamIds whose metadata is to be looked up, with the moment from which on. */
  readonly toDescribe: Map<string, Instant>;
}

export type Reconciliation = { readonly phase: 'new' } | Reading;

/** @throws Error before the first read was started */
export const inReading = (state: Reconciliation): Reading =>
  inPhase(state, 'assets', 'assignments', 'users', 'idle');

export function evolveReconciliation(before: Reconciliation, event: ReconciliationEvent): Reconciliation {
  if (event.type === 'reconciliation.first-read-started') return begun(event.data.uId, event.data.at);
  const state = inReading(before);
  switch (event.type) {
    case 'reconciliation.totals-requested': {
      const { anew, again, at } = event.data;
      if (anew) state.known.set(idOfAsset(anew), '');
      return again ? { ...state, againAt: at } : { ...state, at };
    }
    case 'reconciliation.assets-read':
      return assetsRead(state, event.data);
    case 'reconciliation.asset-awaited':
      state.awaited.add(idOfAsset(event.data));
      return state;
    case 'reconciliation.totals-completed':
      return totalsCompleted(state, event.data);
    case 'reconciliation.walk-completed':
      return walkCompleted(state, event.data);
    case 'reconciliation.walks-queued':
      return walksQueued(state, event.data);
    case 'reconciliation.policy-set': {
      const { added, taken } = event.data;
      return { ...state, policies: { added, taken } };
    }
    case 'reconciliation.drift-alerted':
      return { ...state, unalerted: { added: 0, taken: 0, assetCount: 0, alertedAt: event.data.at } };
    case 'reconciliation.event-announced':
      state.announced.add(event.data.appleEventId);
      forgetFirst(state.announced);
      return state;
    case 'reconciliation.foreign-event-noted':
      return foreignEventNoted(state, event.data);
    case 'reconciliation.sync-requested': {
      const { syncId, full, at: requestedAt } = event.data;
      state.syncs.set(syncId, { full, requestedAt, waitsFor: null });
      return state;
    }
    case 'reconciliation.sync-started': {
      const { syncId, assets } = event.data;
      const sync = state.syncs.get(syncId);
      if (sync) state.syncs.set(syncId, { ...sync, waitsFor: new Set(assets.map(idOfAsset)) });
      return state;
    }
    case 'reconciliation.sync-completed':
      state.syncs.delete(event.data.syncId);
      return state;
    case 'reconciliation.first-read-completed':
      return firstReadCompleted(state, event.data);
    case 'reconciliation.read-failed':
      return readFailed(state, event.data);
    case 'reconciliation.held':
      return { ...state, at: event.data.at };
    case 'reconciliation.metadata-read': {
      const { found, missing, nextAt } = event.data;
      for (const { adamId } of found) state.toDescribe.set(adamId, nextAt);
      for (const adamId of missing) state.toDescribe.set(adamId, nextAt);
      return state;
    }
    case 'reconciliation.metadata-failed':
      postpone(state.toDescribe, event.data.retryAt);
      return state;
    case 'reconciliation.assets-unlisted':
    case 'reconciliation.assignments-read':
    case 'reconciliation.adoptions-missing':
    case 'reconciliation.drift-seen':
    case 'reconciliation.users-read':
      return state;
  }
}

const begun = (uId: string, at: Instant): Reading => ({
  phase: 'assets',
  uId,
  first: true,
  at,
  againAt: null,
  failures: 0,
  toWalk: [],
  walked: [],
  walkedFrom: null,
  deltaFrom: null,
  totalsAt: null,
  walkAllAt: null,
  policies: DEFAULT_POLICIES,
  unalerted: { added: 0, taken: 0, assetCount: 0, alertedAt: null },
  walks: new Map(),
  adopting: new Set(),
  walkedAt: new Map(),
  foreignEvents: new Map(),
  announced: new Set(),
  syncs: new Map(),
  known: new Map(),
  awaited: new Set(),
  changed: new Set(),
  toDescribe: new Map(),
});

function assetsRead(
  state: Reading,
  { assets, startedAt, readAt }: DataOf<'reconciliation.assets-read'>,
): Reading {
  const toWalk = [...state.toWalk];
  for (const asset of assets) {
    const id = idOfAsset(asset);
    if (!state.known.has(id)) {
      if (asset.assigned > 0) {
        toWalk.push(assetOfId(id));
        state.adopting.add(id);
      } else state.walkedAt.set(id, startedAt);
      state.toDescribe.set(asset.adamId, readAt);
    }
    state.known.set(id, JSON.stringify(asset));
    state.changed.add(id);
  }
  return { ...state, toWalk };
}

type DataOf<T extends ReconciliationEvent['type']> = Extract<ReconciliationEvent, { type: T }>['data'];

function walkCompleted(state: Reading, data: DataOf<'reconciliation.walk-completed'>): Reading {
  const { adamId, pricingParam, versionId, againAt, added, taken, at, nextAt } = data;
  const id = idOfAsset(data);
  const queued = state.walks.get(id);
  if (againAt === null) walkEnded(state, id, data);
  else state.walks.set(id, { why: null, from: null, ...queued, at: againAt });
  const toWalk = state.toWalk.filter((asset) => idOfAsset(asset) !== id);
  // One that is walked once more is no part of the reading under way. A clock that was ahead may have noted the next one.
  if (toWalk.length === state.toWalk.length) {
    const unalerted = withFound(state.unalerted, added, taken);
    return { ...state, failures: 0, unalerted, at: Math.min(state.at, nextAt) };
  }
  const walked = state.first ? [...state.walked, { adamId, pricingParam }] : [];
  const walkedFrom = state.walkedFrom ?? versionId;
  return afterWalks({ ...state, failures: 0, toWalk, walked, walkedFrom }, at, nextAt);
}

function walkEnded(
  { walks, walkedAt, syncs, adopting, first }: Reading,
  id: string,
  { startedAt, leftOut }: DataOf<'reconciliation.walk-completed'>,
): void {
  walks.delete(id);
  // What was not judged may differ since before this walk.
  if (leftOut === 0 || !walkedAt.has(id)) walkedAt.set(id, startedAt);
  for (const [syncId, sync] of syncs) {
    if (!sync.waitsFor?.has(id)) continue;
    syncs.set(syncId, { ...sync, waitsFor: new Set([...sync.waitsFor].filter((other) => other !== id)) });
  }
  // What moved during the first read shows at its end.
  if (!first) adopting.delete(id);
}

const withFound = (before: Unalerted, added: number, taken: number): Unalerted =>
  added + taken === 0
    ? before
    : {
        ...before,
        added: before.added + added,
        taken: before.taken + taken,
        assetCount: before.assetCount + 1,
      };

function totalsCompleted(
  state: Reading,
  { startedAt, readAt, nextAt, deltaFrom, walkAllAt }: DataOf<'reconciliation.totals-completed'>,
): Reading {
  state.changed.clear();
  state.awaited.clear();
  const read = { ...state, failures: 0, deltaFrom, walkAllAt, totalsAt: startedAt };
  return afterWalks(read, readAt, nextAt);
}

function walksQueued(
  state: Reading,
  { assets, why, from, at }: DataOf<'reconciliation.walks-queued'>,
): Reading {
  for (const asset of assets) {
    const id = idOfAsset(asset);
    const queued = state.walks.get(id);
    // An earlier reason goes further back, or is the same.
    if (queued) state.walks.set(id, { ...queued, at: Math.min(queued.at, at) });
    else state.walks.set(id, { at, why, from });
  }
  return state;
}

function foreignEventNoted(
  state: Reading,
  { appleEventId, assets }: DataOf<'reconciliation.foreign-event-noted'>,
): Reading {
  const { foreignEvents, announced } = state;
  announced.delete(appleEventId);
  foreignEvents.set(appleEventId, assets.map(idOfAsset));
  forgetFirst(foreignEvents);
  return state;
}

function forgetFirst(appleEventIds: Map<string, unknown> | Set<string>): void {
  for (const noted of appleEventIds.keys()) {
    if (appleEventIds.size <= MAX_FOREIGN_EVENTS) break;
    appleEventIds.delete(noted);
  }
}

function firstReadCompleted(
  state: Reading,
  { moved, deltaFrom, rewalkAt, nextAt, walkAllAt }: DataOf<'reconciliation.first-read-completed'>,
): Reading {
  for (const asset of moved) state.walks.set(idOfAsset(asset), { at: rewalkAt, why: null, from: null });
  for (const id of state.adopting) if (!state.walks.has(id)) state.adopting.delete(id);
  return resting({ ...state, first: false, walked: [], deltaFrom, walkAllAt }, nextAt);
}

function readFailed(state: Reading, { step, retryAt }: DataOf<'reconciliation.read-failed'>): Reading {
  const failures = state.failures + 1;
  if (step !== 'walk') return { ...state, failures, at: retryAt };
  const until = dueThen(
    [...state.walks.values()].map(({ at }) => at),
    retryAt,
  );
  for (const [id, walk] of state.walks) if (walk.at <= until) state.walks.set(id, { ...walk, at: retryAt });
  return { ...state, failures };
}

/** What was due before is due then; at least what was due first, whose moment a clock that was ahead may have noted. */
const dueThen = (moments: readonly Instant[], to: Instant): Instant => Math.max(to, Math.min(...moments));

function postpone(moments: Map<string, Instant>, to: Instant): void {
  const until = dueThen([...moments.values()], to);
  for (const [id, at] of moments) if (at <= until) moments.set(id, to);
}

/** Walks first, then persons, and then it rests until the next read of totals. */
function afterWalks(state: Reading, at: Instant, nextAt: Instant): Reading {
  if (state.toWalk.length > 0) return { ...state, phase: 'assignments', at };
  return state.first ? { ...state, phase: 'users', at } : resting(state, nextAt);
}

const resting = (state: Reading, nextAt: Instant): Reading => ({
  ...state,
  phase: 'idle',
  at: Math.min(nextAt, state.againAt ?? nextAt),
  againAt: null,
});

/** Memory that a reconciliation takes, in bytes, roughly. */
export function weighReconciliation(state: Reconciliation): number {
  if (state.phase === 'new') return 200;
  const {
    known,
    changed,
    toWalk,
    walked,
    walks,
    adopting,
    walkedAt,
    toDescribe,
    foreignEvents,
    announced,
    syncs,
  } = state;
  const named = [changed, walks, adopting, walkedAt, toDescribe].reduce((sum, { size }) => sum + size, 0);
  const waitedFor = [...syncs.values()].reduce((sum, { waitsFor }) => sum + 1 + (waitsFor?.size ?? 0), 0);
  return (
    1_000 +
    700 * known.size +
    150 * (named + toWalk.length + walked.length) +
    500 * foreignEvents.size +
    100 * announced.size +
    100 * waitedFor
  );
}
