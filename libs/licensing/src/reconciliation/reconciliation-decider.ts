import type { Command, Decider, Instant, Milliseconds } from '@seatbook/kernel';
import { holdOf } from '../hold.js';
import type { Holders } from '../holder.js';
import type { AppleAsset, AppleFailure, AssetId, ContentMetadata } from '../ports.js';
import type { Timings } from '../timings.js';
import { assetOfId, idOfAsset } from '../asset-id.js';
import type { ReconciliationEvent } from './reconciliation-events.js';

/** Assets looked up at once. */
export const ASSETS_PER_LOOKUP = 50;

export type ReconciliationCommand =
  | (Command<'StartFirstRead'> & { readonly uId: string })
  | (Command<'RequestTotals'> & {
      readonly reason: string;
      readonly delayMs: Milliseconds;
      /** An asset whose totals are wanted even if they have not changed. */
      readonly anew?: AssetId;
    })
  | (Command<'RecordAssets'> & { readonly assets: readonly AppleAsset[]; readonly readAt: Instant })
  | (Command<'CompleteTotals'> & {
      readonly assets: number;
      readonly versionId: string;
      readonly readAt: Instant;
    })
  | (Command<'RecordAssignments'> & { readonly asset: AssetId; readonly holders: Holders })
  | (Command<'CompleteWalk'> & {
      readonly asset: AssetId;
      readonly count: number;
      readonly versionId: string;
      readonly walks: number;
      readonly unstable: boolean;
    })
  | (Command<'RecordUsers'> & { readonly count: number })
  | (Command<'RecordReadFailure'> & {
      readonly step: string;
      readonly failure: AppleFailure;
      readonly fingerprint: string;
    })
  | (Command<'RecordMetadata'> & {
      readonly found: readonly ContentMetadata[];
      readonly missing: readonly string[];
    })
  | (Command<'RecordMetadataFailure'> & { readonly failure: AppleFailure; readonly fingerprint: string });

export interface Reconciliation {
  uId: string;
  phase: 'new' | 'assets' | 'assignments' | 'users' | 'idle';
  /** The first read, until it is complete. */
  first: boolean;
  /** When the reading goes on, or begins anew. */
  at: Instant;
  /** When totals are to be read once more after the read under way; null for not. */
  againAt: Instant | null;
  /** Last record of each asset, as text, for telling what has changed. */
  readonly known: Map<string, string>;
  readonly changed: Set<string>;
  /** Assets whose assignments are still to be walked. */
  toWalk: AssetId[];
  failures: number;
  /** adamIds whose metadata is to be looked up, with the moment from which on. */
  readonly toDescribe: Map<string, Instant>;
}

export const reconciliationDecider = (
  timings: Timings,
): Decider<ReconciliationCommand, Reconciliation, ReconciliationEvent> => ({
  initial: () => ({
    uId: '',
    phase: 'new',
    first: true,
    at: 0,
    againAt: null,
    known: new Map(),
    changed: new Set(),
    toWalk: [],
    failures: 0,
    toDescribe: new Map(),
  }),

  decide(command, state, at) {
    if (command.type === 'StartFirstRead') {
      return state.phase === 'new'
        ? [{ type: 'reconciliation.first-read-started', data: { uId: command.uId, at } }]
        : [];
    }
    const { uId } = state;
    switch (command.type) {
      case 'RequestTotals': {
        const { reason, delayMs, anew = null } = command;
        if (state.phase === 'new') return [];
        const wanted = at + delayMs;
        const again = state.phase !== 'idle' || state.at <= at;
        const sooner = again ? state.againAt === null : wanted < state.at;
        if (!sooner && !(anew && state.known.get(idOfAsset(anew)))) return [];
        const due = again ? (state.againAt ?? wanted) : Math.min(state.at, wanted);
        return [{ type: 'reconciliation.totals-requested', data: { uId, reason, anew, again, at: due } }];
      }
      case 'RecordAssets': {
        const assets = command.assets.filter(
          (asset) => state.known.get(idOfAsset(asset)) !== JSON.stringify(asset),
        );
        if (assets.length === 0) return [];
        return [
          {
            type: 'reconciliation.assets-read',
            data: { uId, assets, first: state.first, readAt: command.readAt },
          },
        ];
      }
      case 'CompleteTotals': {
        const { assets, versionId, readAt } = command;
        const changed = state.changed.size;
        const nextAt = at + timings.totalsEveryMs;
        return [
          {
            type: 'reconciliation.totals-completed',
            data: { uId, assets, changed, versionId, readAt, nextAt },
          },
        ];
      }
      case 'RecordAssignments': {
        const { adamId, pricingParam } = command.asset;
        return [
          {
            type: 'reconciliation.assignments-read',
            data: { uId, adamId, pricingParam, ...command.holders },
          },
        ];
      }
      case 'CompleteWalk': {
        const { asset, count, versionId, walks, unstable } = command;
        const { adamId, pricingParam } = asset;
        return [
          {
            type: 'reconciliation.walk-completed',
            data: { uId, adamId, pricingParam, count, versionId, walks, unstable, at },
          },
        ];
      }
      case 'RecordUsers':
        if (state.phase !== 'users') return [];
        return [
          { type: 'reconciliation.users-read', data: { uId, count: command.count, at } },
          { type: 'reconciliation.first-read-completed', data: { uId, at } },
        ];
      case 'RecordReadFailure':
        return readFailed(command, state, at, timings);
      case 'RecordMetadata': {
        const found = command.found.map((metadata) => ({
          ...metadata,
          pricingParams: pricingParamsOf(metadata.adamId, state),
        }));
        const { missing } = command;
        const nextAt = at + timings.metadataEveryMs;
        return [{ type: 'reconciliation.metadata-read', data: { uId, found, missing, at, nextAt } }];
      }
      case 'RecordMetadataFailure': {
        const { failure, fingerprint } = command;
        const held = holdEvent(failure, fingerprint, uId, at);
        if (held) return [held];
        const reason = 'reason' in failure ? failure.reason : failure.kind;
        const retryAt = at + timings.metadataRetryMs;
        return [{ type: 'reconciliation.metadata-failed', data: { uId, reason, retryAt } }];
      }
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'reconciliation.first-read-started':
        return Object.assign(state, { uId: event.data.uId, phase: 'assets', at: event.data.at });
      case 'reconciliation.totals-requested':
        if (event.data.again) state.againAt = event.data.at;
        else state.at = event.data.at;
        if (event.data.anew) state.known.set(idOfAsset(event.data.anew), '');
        return state;
      case 'reconciliation.assets-read':
        for (const asset of event.data.assets) {
          const id = idOfAsset(asset);
          if (!state.known.has(id)) {
            // What nobody holds has nothing to walk.
            if (asset.assigned > 0) state.toWalk.push(assetOfId(id));
            state.toDescribe.set(asset.adamId, event.data.readAt);
          }
          state.known.set(id, JSON.stringify(asset));
          state.changed.add(id);
        }
        return state;
      case 'reconciliation.totals-completed':
        state.failures = 0;
        state.changed.clear();
        return Object.assign(state, afterWalks(state, event.data.readAt, event.data.nextAt));
      case 'reconciliation.assignments-read':
        return state;
      case 'reconciliation.walk-completed': {
        const done = idOfAsset(event.data);
        state.failures = 0;
        state.toWalk = state.toWalk.filter((asset) => idOfAsset(asset) !== done);
        return Object.assign(state, afterWalks(state, event.data.at, event.data.at + timings.totalsEveryMs));
      }
      case 'reconciliation.users-read':
        return state;
      case 'reconciliation.first-read-completed':
        return Object.assign(state, { first: false }, resting(state, event.data.at + timings.totalsEveryMs));
      case 'reconciliation.read-failed':
        state.failures += 1;
        state.at = event.data.retryAt;
        return state;
      case 'reconciliation.held':
        state.at = event.data.at;
        return state;
      case 'reconciliation.metadata-read': {
        const { found, missing, nextAt } = event.data;
        for (const { adamId } of found) state.toDescribe.set(adamId, nextAt);
        for (const adamId of missing) state.toDescribe.set(adamId, nextAt);
        return state;
      }
      case 'reconciliation.metadata-failed':
        for (const [adamId, at] of state.toDescribe) {
          if (at < event.data.retryAt) state.toDescribe.set(adamId, event.data.retryAt);
        }
        return state;
    }
  },
});

/** Walks first, then persons, and then it rests until the next read of totals. */
function afterWalks(state: Reconciliation, at: Instant, nextAt: Instant): Partial<Reconciliation> {
  if (state.toWalk.length > 0) return { phase: 'assignments', at };
  return state.first ? { phase: 'users', at } : resting(state, nextAt);
}

const resting = ({ againAt }: Reconciliation, nextAt: Instant): Partial<Reconciliation> => ({
  phase: 'idle',
  at: Math.min(nextAt, againAt ?? nextAt),
  againAt: null,
});

const pricingParamsOf = (adamId: string, { known }: Reconciliation): string[] =>
  [...known.keys()].map(assetOfId).flatMap((asset) => (asset.adamId === adamId ? asset.pricingParam : []));

function holdEvent(
  failure: AppleFailure,
  fingerprint: string,
  uId: string,
  at: Instant,
): ReconciliationEvent | null {
  const hold = holdOf(failure);
  return hold && { type: 'reconciliation.held', data: { uId, fingerprint, ...hold, at } };
}

function readFailed(
  { step, failure, fingerprint }: ReconciliationCommand & { type: 'RecordReadFailure' },
  { uId, failures }: Reconciliation,
  at: Instant,
  { firstRetryMs, maxRetryMs }: Timings,
): ReconciliationEvent[] {
  const held = holdEvent(failure, fingerprint, uId, at);
  if (held) return [held];
  const reason = 'reason' in failure ? failure.reason : failure.kind;
  const asked = failure.kind === 'transient' ? (failure.retryAfterMs ?? 0) : 0;
  const backoff = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failures, 10));
  return [
    {
      type: 'reconciliation.read-failed',
      data: { uId, step, reason, retryAt: at + Math.max(asked, backoff) },
    },
  ];
}
