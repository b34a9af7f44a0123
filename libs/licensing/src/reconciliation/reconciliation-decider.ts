import type { Command, Decider, Instant, Milliseconds } from '@seatbook/kernel';
import { holdOf } from '../hold.js';
import type { Holders } from '../holder.js';
import type { AppleAsset, AppleFailure, AssetId, ContentMetadata } from '../ports.js';
import type { Timings } from '../timings.js';
import { assetOfId, idOfAsset } from '../asset-id.js';
import type { ReconciliationEvent } from './reconciliation-events.js';
import { evolveReconciliation, type Reading, type Reconciliation } from './reconciliation-state.js';

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
  | (Command<'AwaitAsset'> & { readonly asset: AssetId })
  | (Command<'RecordAssignments'> & { readonly asset: AssetId; readonly holders: Holders })
  | (Command<'CompleteWalk'> & {
      readonly asset: AssetId;
      readonly count: number;
      readonly versionId: string;
      readonly walks: number;
      readonly unstable: boolean;
    })
  /** Apple counts licences of it as taken of which the ledger knows nothing. */
  | (Command<'WalkUnknown'> & { readonly asset: AssetId })
  | (Command<'RecordMissing'> & { readonly asset: AssetId; readonly holders: Holders })
  | (Command<'RecordUsers'> & {
      readonly count: number;
      /** Assignments moved since the first walk began. */
      readonly moved: boolean;
    })
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

export const reconciliationDecider = (
  timings: Timings,
): Decider<ReconciliationCommand, Reconciliation, ReconciliationEvent> => ({
  initial: () => ({ phase: 'new' }),
  evolve: evolveReconciliation,

  decide(command, state, at) {
    if (state.phase === 'new') {
      return command.type === 'StartFirstRead'
        ? [{ type: 'reconciliation.first-read-started', data: { uId: command.uId, at } }]
        : [];
    }
    switch (command.type) {
      // The account was removed and is imported again.
      case 'StartFirstRead':
        return [{ type: 'reconciliation.first-read-started', data: { uId: command.uId, at } }];
      case 'RequestTotals':
        return requestTotals(command, state, at);
      case 'RecordAssets':
        return recordAssets(command, state);
      case 'AwaitAsset':
        return awaitAsset(command.asset, state);
      case 'CompleteTotals':
        return completeTotals(command, state, at, timings);
      case 'RecordAssignments':
        return recordAssignments(command, state);
      case 'CompleteWalk':
        return completeWalk(command, state, at, timings);
      case 'WalkUnknown':
        return walkUnknown(command.asset, state, at);
      case 'RecordMissing':
        return recordMissing(command, state);
      case 'RecordUsers':
        return recordUsers(command, state, at, timings);
      case 'RecordReadFailure':
        return readFailed(command, state, at, timings);
      case 'RecordMetadata':
        return recordMetadata(command, state, at, timings);
      case 'RecordMetadataFailure':
        return metadataFailed(command, state, at, timings);
    }
  },
});

type CommandOf<T extends ReconciliationCommand['type']> = Extract<ReconciliationCommand, { type: T }>;

function requestTotals(
  { reason, delayMs, anew }: CommandOf<'RequestTotals'>,
  state: Reading,
  at: Instant,
): ReconciliationEvent[] {
  const { uId } = state;
  const wanted = at + delayMs;
  const again = state.phase !== 'idle' || state.at <= at;
  const sooner = again ? state.againAt === null : wanted < state.at;
  if (!sooner && !(anew && state.known.get(idOfAsset(anew)))) return [];
  const due = again ? (state.againAt ?? wanted) : Math.min(state.at, wanted);
  return [
    { type: 'reconciliation.totals-requested', data: { uId, reason, anew: anew ?? null, again, at: due } },
  ];
}

function recordAssets(
  { assets: read, readAt }: CommandOf<'RecordAssets'>,
  { uId, known, first }: Reading,
): ReconciliationEvent[] {
  const assets = read.filter((asset) => known.get(idOfAsset(asset)) !== JSON.stringify(asset));
  if (assets.length === 0) return [];
  return [{ type: 'reconciliation.assets-read', data: { uId, assets, first, readAt } }];
}

/** The first list says whether the location has the asset; once it was read, that is known. */
function awaitAsset(
  { adamId, pricingParam }: AssetId,
  { uId, phase, known, awaited }: Reading,
): ReconciliationEvent[] {
  const asset = { adamId, pricingParam };
  const id = idOfAsset(asset);
  if (known.has(id) || awaited.has(id)) return [];
  return phase === 'assets'
    ? [{ type: 'reconciliation.asset-awaited', data: { uId, ...asset } }]
    : [{ type: 'reconciliation.assets-unlisted', data: { uId, assets: [asset] } }];
}

function completeTotals(
  { assets, versionId, readAt }: CommandOf<'CompleteTotals'>,
  { uId, changed, known, awaited }: Reading,
  at: Instant,
  { totalsEveryMs }: Timings,
): ReconciliationEvent[] {
  const nextAt = at + totalsEveryMs;
  const data = { uId, assets, changed: changed.size, versionId, readAt, nextAt };
  const unlisted = [...awaited].filter((id) => !known.has(id)).map(assetOfId);
  const completed: ReconciliationEvent = { type: 'reconciliation.totals-completed', data };
  if (unlisted.length === 0) return [completed];
  return [completed, { type: 'reconciliation.assets-unlisted', data: { uId, assets: unlisted } }];
}

function recordAssignments(
  { asset: { adamId, pricingParam }, holders }: CommandOf<'RecordAssignments'>,
  { uId }: Reading,
): ReconciliationEvent[] {
  return [{ type: 'reconciliation.assignments-read', data: { uId, adamId, pricingParam, ...holders } }];
}

function completeWalk(
  { asset: { adamId, pricingParam }, count, versionId, walks, unstable }: CommandOf<'CompleteWalk'>,
  { uId }: Reading,
  at: Instant,
  { totalsEveryMs, rewalkAfterMs }: Timings,
): ReconciliationEvent[] {
  const nextAt = at + totalsEveryMs;
  const againAt = unstable ? at + rewalkAfterMs : null;
  const data = { uId, adamId, pricingParam, count, versionId, walks, unstable, againAt, at, nextAt };
  return [{ type: 'reconciliation.walk-completed', data }];
}

/** What was walked once is a matter of reconciliation. */
function walkUnknown(
  { adamId, pricingParam }: AssetId,
  { uId, unwalked }: Reading,
  at: Instant,
): ReconciliationEvent[] {
  const asset = { adamId, pricingParam };
  if (!unwalked.has(idOfAsset(asset))) return [];
  return [{ type: 'reconciliation.walk-queued', data: { uId, ...asset, at } }];
}

function recordMissing(
  { asset: { adamId, pricingParam }, holders }: CommandOf<'RecordMissing'>,
  { uId }: Reading,
): ReconciliationEvent[] {
  return [{ type: 'reconciliation.adoptions-missing', data: { uId, adamId, pricingParam, ...holders } }];
}

function recordUsers(
  { count, moved }: CommandOf<'RecordUsers'>,
  { uId, phase }: Reading,
  at: Instant,
  { totalsEveryMs, rewalkAfterMs }: Timings,
): ReconciliationEvent[] {
  if (phase !== 'users') return [];
  return [
    { type: 'reconciliation.users-read', data: { uId, count, at } },
    {
      type: 'reconciliation.first-read-completed',
      data: { uId, at, nextAt: at + totalsEveryMs, rewalkAt: moved ? at + rewalkAfterMs : null },
    },
  ];
}

function recordMetadata(
  { found: read, missing }: CommandOf<'RecordMetadata'>,
  state: Reading,
  at: Instant,
  { metadataEveryMs }: Timings,
): ReconciliationEvent[] {
  const found = read.map((metadata) => ({
    ...metadata,
    pricingParams: pricingParamsOf(metadata.adamId, state),
  }));
  const data = { uId: state.uId, found, missing, at, nextAt: at + metadataEveryMs };
  return [{ type: 'reconciliation.metadata-read', data }];
}

function metadataFailed(
  { failure, fingerprint }: CommandOf<'RecordMetadataFailure'>,
  { uId }: Reading,
  at: Instant,
  { metadataRetryMs }: Timings,
): ReconciliationEvent[] {
  const held = holdEvent(failure, fingerprint, uId, at);
  if (held) return [held];
  const reason = 'reason' in failure ? failure.reason : failure.kind;
  return [{ type: 'reconciliation.metadata-failed', data: { uId, reason, retryAt: at + metadataRetryMs } }];
}

const pricingParamsOf = (adamId: string, { known }: Reading): string[] =>
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
  { step, failure, fingerprint }: CommandOf<'RecordReadFailure'>,
  { uId, failures }: Reading,
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
