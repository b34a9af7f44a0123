import {
  Refusal,
  chunksOf,
  type Command,
  type Decider,
  type Instant,
  type Milliseconds,
} from '@seatbook/kernel';
import { holdOf } from '../hold.js';
import type { Holders } from '../holder.js';
import type { AppleAsset, AppleFailure, AssetId, ContentMetadata } from '../ports.js';
import type { Timings } from '../timings.js';
import { assetOfId, idOfAsset } from '../asset-id.js';
import type { DriftPolicies, ReconciliationEvent, WalkReason } from './reconciliation-events.js';
import {
  evolveReconciliation,
  type Reading,
  type Reconciliation,
  type Unalerted,
} from './reconciliation-state.js';

/** Assets looked up at once. */
export const ASSETS_PER_LOOKUP = 50;

/** In which way Apple and a ledger were seen to differ. */
export type Difference = 'counts' | 'delta';

export interface Differing {
  readonly asset: AssetId;
  readonly by: Difference;
  /** Since when nothing of ours has been on its way that could change the asset at Apple; null: something is. */
  readonly quietSince: Instant | null;
}

export interface Comparison {
  readonly differing: readonly Differing[];
  /** From which version on the next delta is read; null: Apple knows no more of the one before. */
  readonly deltaFrom: string | null;
}

export type ReconciliationCommand =
  | (Command<'StartFirstRead'> & { readonly uId: string })
  | (Command<'RequestTotals'> & {
      readonly reason: string;
      readonly delayMs: Milliseconds;
      /** An asset whose totals are wanted even if they have not changed. */
      readonly anew?: AssetId;
    })
  | (Command<'RecordAssets'> & {
      readonly assets: readonly AppleAsset[];
      readonly startedAt: Instant;
      readonly readAt: Instant;
    })
  | (Command<'CompleteTotals'> & {
      readonly assets: number;
      readonly versionId: string;
      /** Where the read of the list began. */
      readonly startedAt: Instant;
      readonly readAt: Instant;
      /** Null where nothing is compared yet: the list was read for the first time. */
      readonly comparison: Comparison | null;
    })
  | (Command<'AwaitAsset'> & { readonly asset: AssetId })
  | (Command<'RecordAssignments'> & { readonly asset: AssetId; readonly holders: Holders })
  | (Command<'CompleteWalk'> & {
      readonly asset: AssetId;
      readonly count: number;
      readonly versionId: string;
      readonly walks: number;
      readonly unstable: boolean;
      readonly added: number;
      readonly taken: number;
      readonly leftOut: number;
      readonly startedAt: Instant;
    })
  | (Command<'RecordMissing'> & { readonly asset: AssetId; readonly holders: Holders })
  | (Command<'SeeDrift'> & { readonly asset: AssetId; readonly seen: SeenDrift })
  | (Command<'SetDriftPolicies'> & { readonly policies: Partial<DriftPolicies> })
  /** Apple announced an event that no call of ours is known for yet. */
  | (Command<'NoteAnnouncedEvent'> & { readonly appleEventId: string })
  /** Apple announced an event that no call of ours has asked for. */
  | (Command<'NoteForeignEvent'> & { readonly appleEventId: string; readonly assets: readonly AssetId[] })
  | (Command<'RequestSync'> & { readonly syncId: string; readonly full: boolean })
  | (Command<'RecordUsers'> & {
      readonly count: number;
      /** How Apple stands now to what was walked. */
      readonly comparison: Comparison;
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

/** What a walk saw of pairs that nobody of ours had touched. */
export type SeenDrift = Omit<DataOf<'reconciliation.drift-seen'>, 'uId' | 'policy' | keyof AssetId>;

type DataOf<T extends ReconciliationEvent['type']> = Extract<ReconciliationEvent, { type: T }>['data'];

/** Assets that one event queues walks of. */
const MAX_QUEUED_TOGETHER = 1_000;

/** More syncs of one account do not wait together. */
export const MAX_SYNCS = 100;

/** What others do within this time after an alert is told by the next one. */
export const ALERT_AFTER_MS: Milliseconds = 3_600_000;

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
      case 'RecordMissing':
        return recordMissing(command, state);
      case 'SeeDrift':
        return seeDrift(command, state);
      case 'SetDriftPolicies':
        return setPolicies(command.policies, state);
      case 'NoteAnnouncedEvent':
        return noteAnnouncedEvent(command, state, at);
      case 'NoteForeignEvent':
        return noteForeignEvent(command, state, at);
      case 'RequestSync':
        return requestSync(command, state, at);
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
  { assets: read, startedAt, readAt }: CommandOf<'RecordAssets'>,
  { uId, known, first, totalsAt: since }: Reading,
): ReconciliationEvent[] {
  const assets = read.filter((asset) => known.get(idOfAsset(asset)) !== JSON.stringify(asset));
  if (assets.length === 0) return [];
  return [{ type: 'reconciliation.assets-read', data: { uId, assets, first, startedAt, readAt, since } }];
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
  { assets, versionId, startedAt, readAt, comparison }: CommandOf<'CompleteTotals'>,
  state: Reading,
  at: Instant,
  { totalsEveryMs, walkAllEveryMs }: Timings,
): ReconciliationEvent[] {
  const { uId, changed, known, awaited, walkAllAt } = state;
  const nextAt = at + totalsEveryMs;
  const deltaFrom = comparison?.deltaFrom ?? null;
  // Later than any interval: a clock that was ahead has noted it.
  const all = walkAllAt !== null && (walkAllAt <= at || walkAllAt > at + walkAllEveryMs);
  const data = { uId, assets, changed: changed.size, versionId, deltaFrom, startedAt, readAt, nextAt };
  const unlisted = [...awaited].filter((id) => !known.has(id)).map(assetOfId);
  const differing = comparison?.differing ?? [];
  return [
    {
      type: 'reconciliation.totals-completed',
      data: { ...data, walkAllAt: all ? at + walkAllEveryMs : walkAllAt },
    },
    ...(unlisted.length === 0
      ? []
      : [{ type: 'reconciliation.assets-unlisted', data: { uId, assets: unlisted } } as const]),
    ...(['counts', 'delta'] as const).flatMap((by) => differingQueued(by, differing, state, at)),
    ...(all ? queued(assignedIn(known), 'daily', null, state, at) : []),
    ...syncsStarted(
      differing.map(({ asset }) => asset),
      startedAt,
      state,
      at,
    ),
    ...alertOf(state.unalerted, uId, at),
  ];
}

/**
 * What made an asset differ happened since its numbers were read before, if they proved something then: where work of
 * ours was on its way, others may have hidden in it.
 */
function differingQueued(
  by: Difference,
  differing: readonly Differing[],
  state: Reading,
  at: Instant,
): ReconciliationEvent[] {
  const { totalsAt } = state;
  const proved = new Map<boolean, AssetId[]>([
    [true, []],
    [false, []],
  ]);
  for (const { asset, by: found, quietSince } of differing) {
    const wasQuiet = totalsAt !== null && quietSince !== null && quietSince <= totalsAt;
    if (found === by) proved.get(wasQuiet)?.push(asset);
  }
  return [...proved].flatMap(([wasQuiet, assets]) =>
    queued(assets, by, wasQuiet ? totalsAt : null, state, at),
  );
}

function queued(
  assets: readonly AssetId[],
  why: WalkReason,
  from: Instant | null,
  { uId, toWalk }: Reading,
  at: Instant,
): ReconciliationEvent[] {
  const reading = new Set(toWalk.map(idOfAsset));
  // Its first walk is still to come, or on its way.
  const others = assets.filter((asset) => !reading.has(idOfAsset(asset)));
  return chunksOf(others, MAX_QUEUED_TOGETHER).map((some) => ({
    type: 'reconciliation.walks-queued',
    data: { uId, assets: some.map(({ adamId, pricingParam }) => ({ adamId, pricingParam })), why, from, at },
  }));
}

/** Assets of which anybody has a licence, as Apple last said: there is nothing to walk of others. */
const assignedIn = (known: Reading['known']): readonly AssetId[] =>
  [...known].flatMap(([id, text]) =>
    text !== '' && (JSON.parse(text) as AppleAsset).assigned === 0 ? [] : [assetOfId(id)],
  );

/** Syncs that were requested before the list was read now know what they wait for. */
function syncsStarted(
  differing: readonly AssetId[],
  startedAt: Instant,
  state: Reading,
  at: Instant,
): ReconciliationEvent[] {
  const { uId, syncs, known, toWalk } = state;
  const events: ReconciliationEvent[] = [];
  for (const [syncId, { full, requestedAt, waitsFor }] of syncs) {
    if (waitsFor !== null || requestedAt > startedAt) continue;
    const assets = full ? assignedIn(known) : [...differing, ...toWalk];
    events.push({ type: 'reconciliation.sync-started', data: { uId, syncId, assets } });
    if (full) events.push(...queued(assets, 'sync', null, state, at));
    if (assets.length === 0) events.push(syncCompleted(uId, syncId, at));
  }
  return events;
}

const syncCompleted = (uId: string, syncId: string, at: Instant): ReconciliationEvent => ({
  type: 'reconciliation.sync-completed',
  data: { uId, syncId, at },
});

/** One alert at once, and one for what comes within a while after it. */
function alertOf(
  { added, taken, assetCount, alertedAt }: Unalerted,
  uId: string,
  at: Instant,
): ReconciliationEvent[] {
  if (added + taken === 0) return [];
  if (alertedAt !== null && at >= alertedAt && at < alertedAt + ALERT_AFTER_MS) return [];
  return [{ type: 'reconciliation.drift-alerted', data: { uId, added, taken, assetCount, at } }];
}

function recordAssignments(
  { asset: { adamId, pricingParam }, holders }: CommandOf<'RecordAssignments'>,
  { uId }: Reading,
): ReconciliationEvent[] {
  return [{ type: 'reconciliation.assignments-read', data: { uId, adamId, pricingParam, ...holders } }];
}

function completeWalk(
  command: CommandOf<'CompleteWalk'>,
  { uId, syncs, walks: queue, unalerted }: Reading,
  at: Instant,
  { totalsEveryMs, rewalkAfterMs }: Timings,
): ReconciliationEvent[] {
  const { asset, count, versionId, walks, unstable, added, taken, leftOut, startedAt } = command;
  const { adamId, pricingParam } = asset;
  const id = idOfAsset(asset);
  const waiting = [...syncs].filter(([, { waitsFor }]) => waitsFor?.has(id));
  const syncIds = waiting.map(([syncId]) => syncId);
  const read = { count, versionId, walks, unstable, added, taken, leftOut, syncIds, startedAt };
  const againAt = unstable ? at + rewalkAfterMs : null;
  const nextAt = at + totalsEveryMs;
  const over = unstable ? [] : waiting.filter(([, { waitsFor }]) => waitsFor?.size === 1);
  const others = [...queue].filter(([other, walk]) => other !== id && walk.at <= at);
  const found = added + taken === 0 ? 0 : 1;
  const all = {
    ...unalerted,
    added: unalerted.added + added,
    taken: unalerted.taken + taken,
    assetCount: unalerted.assetCount + found,
  };
  return [
    {
      type: 'reconciliation.walk-completed',
      data: { uId, adamId, pricingParam, ...read, againAt, at, nextAt },
    },
    ...over.map(([syncId]) => syncCompleted(uId, syncId, at)),
    // What one round finds is one alert, so it waits for the walks that are due.
    ...(others.length === 0 ? alertOf(all, uId, at) : []),
  ];
}

function seeDrift(
  { asset: { adamId, pricingParam }, seen }: CommandOf<'SeeDrift'>,
  { uId, policies }: Reading,
): ReconciliationEvent[] {
  const policy = policies[seen.kind];
  return [{ type: 'reconciliation.drift-seen', data: { uId, adamId, pricingParam, ...seen, policy } }];
}

function setPolicies(
  { added, taken }: Partial<DriftPolicies>,
  { uId, policies }: Reading,
): ReconciliationEvent[] {
  const wanted = { added: added ?? policies.added, taken: taken ?? policies.taken };
  if (wanted.added === policies.added && wanted.taken === policies.taken) return [];
  return [{ type: 'reconciliation.policy-set', data: { uId, ...wanted } }];
}

function noteAnnouncedEvent(
  { appleEventId }: CommandOf<'NoteAnnouncedEvent'>,
  { uId, announced, foreignEvents }: Reading,
  at: Instant,
): ReconciliationEvent[] {
  if (announced.has(appleEventId) || foreignEvents.has(appleEventId)) return [];
  return [{ type: 'reconciliation.event-announced', data: { uId, appleEventId, at } }];
}

function noteForeignEvent(
  { appleEventId, assets }: CommandOf<'NoteForeignEvent'>,
  state: Reading,
  at: Instant,
): ReconciliationEvent[] {
  const { uId, foreignEvents, known } = state;
  if (foreignEvents.has(appleEventId)) return [];
  const listed = assets.filter((asset) => known.has(idOfAsset(asset)));
  const data = { uId, appleEventId, assets: listed, at };
  return [
    { type: 'reconciliation.foreign-event-noted', data },
    ...queued(listed, 'foreign-event', null, state, at),
  ];
}

function requestSync(
  { syncId, full }: CommandOf<'RequestSync'>,
  state: Reading,
  at: Instant,
): ReconciliationEvent[] {
  const { uId, syncs } = state;
  if (syncs.size >= MAX_SYNCS)
    throw new Refusal(
      'THROTTLED',
      `${MAX_SYNCS} syncs of this account wait already; wait for one of them`,
      { waiting: syncs.size },
      60,
    );
  return [
    { type: 'reconciliation.sync-requested', data: { uId, syncId, full, at } },
    ...requestTotals({ type: 'RequestTotals', reason: 'a sync was asked for', delayMs: 0 }, state, at),
  ];
}

function recordMissing(
  { asset: { adamId, pricingParam }, holders }: CommandOf<'RecordMissing'>,
  { uId }: Reading,
): ReconciliationEvent[] {
  return [{ type: 'reconciliation.adoptions-missing', data: { uId, adamId, pricingParam, ...holders } }];
}

function recordUsers(
  { count, comparison: { differing, deltaFrom } }: CommandOf<'RecordUsers'>,
  { uId, phase }: Reading,
  at: Instant,
  { totalsEveryMs, rewalkAfterMs, walkAllEveryMs }: Timings,
): ReconciliationEvent[] {
  if (phase !== 'users') return [];
  const moved = differing.map(({ asset }) => asset);
  const next = { nextAt: at + totalsEveryMs, rewalkAt: at + rewalkAfterMs, walkAllAt: at + walkAllEveryMs };
  return [
    { type: 'reconciliation.users-read', data: { uId, count, at } },
    { type: 'reconciliation.first-read-completed', data: { uId, moved, deltaFrom, at, ...next } },
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
  const untold = missing.flatMap((adamId) =>
    pricingParamsOf(adamId, state).map((pricingParam) => ({ adamId, pricingParam })),
  );
  const told = { found, missing, ...(untold.length > 0 && { untold }) };
  const data = { uId: state.uId, ...told, at, nextAt: at + metadataEveryMs };
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
