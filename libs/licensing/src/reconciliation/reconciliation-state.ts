import { inPhase, type Instant } from '@seatbook/kernel';
import { assetOfId, idOfAsset } from '../asset-id.js';
import type { AssetId } from '../ports.js';
import type { ReconciliationEvent } from './reconciliation-events.js';

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
  /** Assets of which nobody had a licence when they were first listed: never walked. Changed in place. */
  readonly unwalked: Set<string>;
  /** Assets to be walked once more, with the moment from which on. Like those below changed in place. */
  readonly rewalks: Map<string, Instant>;
  /** Last record of each asset, as text, for telling what has changed. Like the two below changed in place. */
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
      state.changed.clear();
      state.awaited.clear();
      return afterWalks({ ...state, failures: 0 }, event.data.readAt, event.data.nextAt);
    case 'reconciliation.walk-completed':
      return walkCompleted(state, event.data);
    case 'reconciliation.walk-queued': {
      const id = idOfAsset(event.data);
      state.unwalked.delete(id);
      state.rewalks.set(id, event.data.at);
      return state;
    }
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
  unwalked: new Set(),
  rewalks: new Map(),
  known: new Map(),
  awaited: new Set(),
  changed: new Set(),
  toDescribe: new Map(),
});

function assetsRead(
  state: Reading,
  { assets, readAt }: Extract<ReconciliationEvent, { type: 'reconciliation.assets-read' }>['data'],
): Reading {
  const toWalk = [...state.toWalk];
  for (const asset of assets) {
    const id = idOfAsset(asset);
    if (!state.known.has(id)) {
      if (asset.assigned > 0) toWalk.push(assetOfId(id));
      else state.unwalked.add(id);
      state.toDescribe.set(asset.adamId, readAt);
    }
    state.known.set(id, JSON.stringify(asset));
    state.changed.add(id);
  }
  return { ...state, toWalk };
}

type DataOf<T extends ReconciliationEvent['type']> = Extract<ReconciliationEvent, { type: T }>['data'];

function walkCompleted(state: Reading, data: DataOf<'reconciliation.walk-completed'>): Reading {
  const { adamId, pricingParam, versionId, againAt, at, nextAt } = data;
  const id = idOfAsset(data);
  if (againAt === null) state.rewalks.delete(id);
  else state.rewalks.set(id, againAt);
  const toWalk = state.toWalk.filter((asset) => idOfAsset(asset) !== id);
  // One that is walked once more is no part of the reading under way.
  if (toWalk.length === state.toWalk.length) return { ...state, failures: 0 };
  const walked = state.first ? [...state.walked, { adamId, pricingParam }] : [];
  const walkedFrom = state.walkedFrom ?? versionId;
  return afterWalks({ ...state, failures: 0, toWalk, walked, walkedFrom }, at, nextAt);
}

function firstReadCompleted(
  state: Reading,
  { rewalkAt, nextAt }: DataOf<'reconciliation.first-read-completed'>,
): Reading {
  if (rewalkAt !== null) for (const asset of state.walked) state.rewalks.set(idOfAsset(asset), rewalkAt);
  return resting({ ...state, first: false, walked: [] }, nextAt);
}

function readFailed(state: Reading, { step, retryAt }: DataOf<'reconciliation.read-failed'>): Reading {
  const failures = state.failures + 1;
  if (step !== 'rewalk') return { ...state, failures, at: retryAt };
  postpone(state.rewalks, retryAt);
  return { ...state, failures };
}

/** What was due before is due then; at least what was due first, whose moment a clock that was ahead may have noted. */
function postpone(moments: Map<string, Instant>, to: Instant): void {
  const until = Math.max(to, Math.min(...moments.values()));
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
  const { known, changed, toWalk, walked, unwalked, rewalks, toDescribe } = state;
  return (
    1_000 +
    700 * known.size +
    150 * (changed.size + toWalk.length + walked.length + unwalked.size + rewalks.size + toDescribe.size)
  );
}
