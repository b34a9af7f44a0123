import type { Command, Decider, Instant, Milliseconds } from '@seatbook/kernel';
import { holdOf } from '../hold.js';
import type { CallAction } from '../call-action.js';
import { NOBODY, holderCount, holderKeys, holdersOf, type HolderKey, type Holders } from '../holder.js';
import { TERMS_NOT_ACCEPTED, type AppleFailure, type AssetId } from '../ports.js';
import type { Timings } from '../timings.js';
import { idOfAsset } from '../asset-id.js';
import type { CallEvent, CallFailure, ReportedFailure } from './call-events.js';
import {
  doubtfulOf,
  evolveCall,
  isUnheard,
  pairsOfCall,
  without,
  type Attempt,
  type Call,
  type Request,
} from './call-state.js';

/** After this many attempts in doubt Apple is read, and what it does not have is planned anew in another call. */
export const MAX_DOUBTFUL_ATTEMPTS = 40;

/** Looks at what is in doubt take up no more than one part in so many of the time. */
const READING_SHARE = 10;

const LICENCE_NOT_FOUND = 9610;
const INTERNAL_ERROR = 9603;
const MAINTENANCE = 9644;
/** Error numbers of single pairs that pass: the ledger tries such a pair a few times. */
const PASSING = new Set([INTERNAL_ERROR, LICENCE_NOT_FOUND, MAINTENANCE, TERMS_NOT_ACCEPTED]);
const NOT_ENOUGH_LICENCES = 9709;
/** v1's "already assigned"; v2 has no number for it, a doubtful attempt may meet it all the same. */
const ALREADY_ASSIGNED = 9616;
/** v1's "not assigned", in answer to a disassociation. */
const NOT_ASSIGNED = 9619;

export type CallCommand =
  | (Command<'PlanCall'> &
      Holders & {
        readonly uId: string;
        readonly action: CallAction;
        readonly assets: readonly AssetId[];
        /** It tries whether Apple accepts anything for the account again. */
        readonly probe?: boolean;
      })
  | (Command<'RecordClaim'> & { readonly asset: AssetId; readonly missed: Holders })
  | (Command<'StartAttempt'> & { readonly fingerprint: string; readonly subscribed: boolean })
  /** What was sent and not answered is looked for at Apple, before it is sent again. */
  | Command<'LookFirst'>
  /** Apple accepts nothing for the account: the call is closed, and its pairs are planned when that is over. */
  | (Command<'CloseUnsent'> & { readonly errorNumber: number | null; readonly reason: string })
  /** Nobody will hear of it: whatever Apple has done, its pairs fail. */
  | (Command<'AbandonCall'> & { readonly reason: string })
  | (Command<'RecordAccepted'> & { readonly attempt: number; readonly appleEventId: string })
  | (Command<'RecordFailure'> & {
      readonly attempt: number;
      readonly fingerprint: string;
      readonly failure: AppleFailure;
      /** In [0, 1): spreads the retries of many calls. */
      readonly jitter: number;
    })
  | (Command<'RetryAttempt'> & { readonly appleEventId: string; readonly reason: string })
  | (Command<'RecordOutcome'> & {
      readonly appleEventId: string;
      readonly failures: readonly ReportedFailure[];
    })
  | (Command<'RecordVerificationFailure'> & { readonly failure: AppleFailure; readonly fingerprint: string })
  | (Command<'RecordVerified'> & {
      /** When the reading began. */
      readonly readAt: Instant;
      /** Pairs that Apple holds. */
      readonly present: readonly (AssetId & Holders)[];
    });

export const callDecider = (timings: Timings): Decider<CallCommand, Call, CallEvent> => ({
  initial: () => ({ phase: 'new' }),
  evolve: evolveCall,

  decide(command, call, at) {
    switch (command.type) {
      case 'PlanCall': {
        if (call.phase !== 'new') return [];
        const { uId, action, assets, serialNumbers, userIds, probe = false } = command;
        return [{ type: 'call.planned', data: { uId, action, assets, serialNumbers, userIds, probe } }];
      }
      case 'RecordClaim':
        return recordClaim(command, call, at);
      case 'StartAttempt':
        return startAttempt(command, call, at, timings);
      case 'LookFirst':
        return lookFirst(call, at);
      case 'CloseUnsent':
        return closeUnsent(command, call, at);
      case 'AbandonCall':
        return abandonCall(command.reason, call, at);
      case 'RecordAccepted':
        return recordAccepted(command, call);
      case 'RecordFailure':
        return recordFailure(command, call, at, timings);
      case 'RetryAttempt':
        return retryAttempt(command, call, at);
      case 'RecordOutcome':
        return recordOutcome(command, call, at, timings);
      case 'RecordVerificationFailure':
        return recordVerificationFailure(command, call, at, timings);
      case 'RecordVerified':
        return recordVerified(command, call, at, timings);
    }
  },
});

function recordClaim(
  { asset, missed }: CallCommand & { type: 'RecordClaim' },
  call: Call,
  at: Instant,
): CallEvent[] {
  if (call.phase !== 'claiming' || call.missed.has(idOfAsset(asset))) return [];
  const { uId, action, assets } = call;
  const { adamId, pricingParam } = asset;
  const answered: CallEvent = { type: 'call.claim-answered', data: { uId, adamId, pricingParam, missed } };
  if (call.missed.size + 1 < assets.length) return [answered];
  const leaving = holdersOf([...new Set([...[...call.missed.values()].flat(), ...holderKeys(missed)])]);
  const staying = without(call.holders, leaving);
  if (holderCount(staying) === 0)
    return [answered, { type: 'call.dropped', data: { uId, action, assets, leaving } }];
  const pairs = pairsOfCall({ assets, holders: staying });
  return [answered, { type: 'call.ready', data: { uId, action, assets, leaving, pairs, at } }];
}

type Sent = Request & Attempt;

function startAttempt(
  command: CallCommand & { type: 'StartAttempt' },
  call: Call,
  at: Instant,
  { doubtfulAfterMs }: Timings,
): CallEvent[] {
  const { phase } = call;
  if (phase !== 'ready' && phase !== 'started' && phase !== 'waiting' && phase !== 'held') return [];
  const { fingerprint, subscribed } = command;
  if (phase === 'started' && doubtfulOf(call) >= MAX_DOUBTFUL_ATTEMPTS)
    return [looked(call, 'no answer came', at, false)];
  const attempt = (phase === 'ready' ? 0 : call.attempt) + 1;
  const { uId } = call;
  return [
    {
      type: 'call.started',
      data: { uId, attempt, fingerprint, subscribed, at, doubtfulAt: at + doubtfulAfterMs },
    },
  ];
}

function lookFirst(call: Call, at: Instant): CallEvent[] {
  if ((call.phase !== 'started' && call.phase !== 'waiting' && call.phase !== 'held') || !isUnheard(call))
    return [];
  return [looked(call, 'no answer came', at, true)];
}

/** Whatever Apple has of it was done by one of the attempts; the rest is planned anew, or sent again as it is. */
function looked(call: Sent, reason: string, at: Instant, resend: boolean): CallEvent {
  const { uId, assets } = call;
  // The ledger counts tries of pairs only where no limit is named: that nobody answered is no fault of theirs.
  const limit = pairsOfCall(call);
  const again = { errorNumber: INTERNAL_ERROR, reason, verdict: 'again', limit, notBefore: at } as const;
  const failures = assets.map((asset) => ({ ...pick(asset), ...again, holders: null }));
  return { type: 'call.verification-needed', data: { uId, failures, resend, at } };
}

function closeUnsent(command: CallCommand & { type: 'CloseUnsent' }, call: Call, at: Instant): CallEvent[] {
  const { phase } = call;
  if (phase !== 'ready' && phase !== 'started' && phase !== 'waiting' && phase !== 'held') return [];
  const { errorNumber: told, reason } = command;
  const errorNumber = told ?? INTERNAL_ERROR;
  const limit = pairsOfCall(call);
  const again = { errorNumber, reason, verdict: 'again', limit, notBefore: at, holders: null } as const;
  const failures = call.assets.map((asset) => ({ ...pick(asset), ...again }));
  // Where an attempt is in doubt, Apple may have done it.
  if (doubtfulOf(call) > 0)
    return [{ type: 'call.verification-needed', data: { uId: call.uId, failures, resend: false, at } }];
  return [settled(call, phase === 'ready' ? 0 : call.attempt, failures)];
}

/** Its ledgers are still being asked: it is abandoned when they have answered. */
function abandonCall(reason: string, call: Call, at: Instant): CallEvent[] {
  if (call.phase === 'new' || call.phase === 'claiming' || !('holders' in call)) return [];
  const attempts = call.phase === 'ready' ? 0 : call.attempt;
  const lost = { errorNumber: 0, reason, verdict: 'failed', limit: 0, notBefore: at, holders: null } as const;
  return [
    settled(
      call,
      attempts,
      call.assets.map((asset) => ({ ...pick(asset), ...lost })),
    ),
  ];
}

function recordAccepted(
  { attempt, appleEventId }: CallCommand & { type: 'RecordAccepted' },
  call: Call,
): CallEvent[] {
  if (call.phase !== 'started' || call.attempt !== attempt) return [];
  const { uId, action, subscribed } = call;
  return [
    {
      type: 'call.accepted',
      data: { uId, attempt, appleEventId, action, pairs: pairsOfCall(call), subscribed },
    },
  ];
}

function recordFailure(
  command: CallCommand & { type: 'RecordFailure' },
  call: Call,
  at: Instant,
  timings: Timings,
): CallEvent[] {
  const { firstRetryMs, maxRetryMs } = timings;
  const { attempt, failure, fingerprint, jitter } = command;
  if (call.phase !== 'started' || call.attempt !== attempt) return [];
  const { uId } = call;
  switch (failure.kind) {
    case 'token':
    case 'conflict':
      return [{ type: 'call.held', data: { uId, attempt, fingerprint, ...holdOf(failure), at } }];
    case 'transient': {
      const { errorNumber, reason, doubtful, retryAfterMs, unasked = false } = failure;
      const backoff = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(attempt - 1, 10));
      const delay = Math.max(retryAfterMs ?? 0, backoff / 2 + (jitter * backoff) / 2);
      const retryAt = at + Math.round(delay);
      const failed = { uId, attempt, errorNumber, reason, doubtful, refused: !unasked, retryAt };
      return failedAttempt(failed, call, at);
    }
    case 'refused':
      return refusedRequest(failure, call, at, timings);
  }
}

function refusedRequest(
  failure: AppleFailure & { kind: 'refused' },
  call: Sent,
  at: Instant,
  timings: Timings,
): CallEvent[] {
  const { failures, named } = refusedWhole(call, failure, at, timings);
  const { errorNumber, reason } = failure;
  const data = { uId: call.uId, attempt: call.attempt, errorNumber, reason, named };
  return [{ type: 'call.refused', data }, ...settledOrVerified(call, failures, false, at)];
}

function failedAttempt(
  data: Extract<CallEvent, { type: 'call.attempt-failed' }>['data'],
  call: Sent,
  at: Instant,
): CallEvent[] {
  const failed: CallEvent = { type: 'call.attempt-failed', data };
  if (!data.doubtful || call.doubtful + 1 < MAX_DOUBTFUL_ATTEMPTS) return [failed];
  return [failed, looked(call, data.reason, at, false)];
}

/**
 * What Apple refuses or fails after an attempt in doubt may have been done by that attempt, so Apple is read before the
 * verdict falls; so it is where `unsure` says that Apple's words leave it open.
 */
function settledOrVerified(
  call: Sent,
  failures: readonly CallFailure[],
  unsure: boolean,
  at: Instant,
): CallEvent[] {
  // No list of Apple's tells whether a person was updated, which may be done twice.
  const needed = failures.length > 0 && call.action !== 'update' && (unsure || call.doubtful > 0);
  if (!needed) return [settled(call, call.attempt, failures)];
  return [{ type: 'call.verification-needed', data: { uId: call.uId, failures, resend: false, at } }];
}

/**
 * A request refused as a whole does nothing. What Apple names fails and the rest is planned anew; where it names
 * nothing, all is planned anew in calls of half the size, down to a single pair. A lack of licences says what is wrong
 * even where it names nothing: the totals tell for how many there are licences.
 */
function refusedWhole(
  call: Request,
  { errorNumber, reason, assets, serialNumbers, clientUserIds }: AppleFailure & { kind: 'refused' },
  at: Instant,
  { replanAfterMs }: Timings,
): { readonly failures: CallFailure[]; readonly named: boolean } {
  const pairs = pairsOfCall(call);
  const own = new Set(call.holders.serialNumbers);
  // Apple names persons by clientUserId, which is our userId for everyone that we registered.
  const persons = new Set(call.holders.userIds);
  const named: Holders = {
    serialNumbers: serialNumbers.filter((serialNumber) => own.has(serialNumber)),
    userIds: clientUserIds.filter((userId) => persons.has(userId)),
  };
  const knownAssets = new Set(call.assets.map(idOfAsset));
  const namedAssets = assets.filter((asset) => knownAssets.has(idOfAsset(asset)));
  const nothingNamed = namedAssets.length === 0 && holderCount(named) === 0;
  const again = { errorNumber, reason, verdict: 'again' as const, limit: 0, notBefore: at, holders: null };
  // The ledger counts how often such a pair is tried.
  const short = isShort(errorNumber, call);
  const poison = PASSING.has(errorNumber)
    ? { verdict: 'again' as const, notBefore: at + replanAfterMs }
    : { verdict: short ? ('short' as const) : ('failed' as const) };
  if (nothingNamed && short)
    return { failures: call.assets.map((asset) => ({ ...pick(asset), ...again, ...poison })), named: true };
  if (nothingNamed) {
    // A probe that is refused says nothing of its pair, and neither do terms that nobody has accepted.
    const blameless = call.probe || errorNumber === TERMS_NOT_ACCEPTED;
    const limit = blameless ? pairs : Math.floor(pairs / 2);
    const found = pairs === 1 && !blameless ? poison : { limit };
    const all = call.assets.map((asset) => ({ ...pick(asset), ...again, ...found }));
    return { failures: all, named: false };
  }
  const failures: CallFailure[] = [];
  for (const asset of call.assets) {
    const hit = namedAssets.length === 0 || namedAssets.some((one) => idOfAsset(one) === idOfAsset(asset));
    if (hit) {
      const holders = holderCount(named) === 0 ? null : named;
      failures.push({ ...pick(asset), ...again, ...poison, holders });
    }
    failures.push({ ...pick(asset), ...again, limit: pairs });
  }
  return { failures, named: true };
}

const isShort = (errorNumber: number, { action }: Request): boolean =>
  errorNumber === NOT_ENOUGH_LICENCES && action === 'associate';

const pick = ({ adamId, pricingParam }: AssetId): AssetId => ({ adamId, pricingParam });

function settled(
  { uId, action, assets }: Request,
  attempts: number,
  failures: readonly CallFailure[],
): CallEvent {
  return { type: 'call.settled', data: { uId, action, assets, attempts, failures } };
}

function retryAttempt(command: CallCommand & { type: 'RetryAttempt' }, call: Call, at: Instant): CallEvent[] {
  if (call.phase !== 'accepted' || call.appleEventId !== command.appleEventId) return [];
  const { uId, attempt } = call;
  const { reason } = command;
  const data = { uId, attempt, errorNumber: null, reason, doubtful: true, refused: false, retryAt: at };
  return failedAttempt(data, call, at);
}

/** The newest attempt's event settles the call; an older one is history. */
function recordOutcome(
  command: CallCommand & { type: 'RecordOutcome' },
  call: Call,
  at: Instant,
  timings: Timings,
): CallEvent[] {
  const { appleEventId, failures } = command;
  if (call.phase !== 'accepted' || call.appleEventId !== appleEventId) return [];
  const verdicts = failures.flatMap((failure) => spread(failure, call, at, timings));
  return settledOrVerified(call, verdicts, failures.some(leavesOpen), at);
}

/** "Already so" contradicts what was asked, and a failure that names nothing does not say what failed. */
const leavesOpen = ({ errorNumber, assets, holders }: ReportedFailure): boolean =>
  errorNumber === ALREADY_ASSIGNED ||
  errorNumber === NOT_ASSIGNED ||
  (assets.length === 0 && holderCount(holders) === 0);

/** A reported failure, asset by asset. */
function spread(
  failure: ReportedFailure,
  call: Request,
  at: Instant,
  { replanAfterMs }: Timings,
): CallFailure[] {
  const { errorNumber, reason, holders } = failure;
  const hit = failure.assets.length === 0 ? call.assets : failure.assets;
  const short = isShort(errorNumber, call);
  const again = PASSING.has(errorNumber);
  return hit.map((asset) => ({
    ...pick(asset),
    errorNumber,
    reason,
    verdict: short ? 'short' : again ? 'again' : 'failed',
    limit: 0,
    notBefore: again ? at + replanAfterMs : at,
    holders: holderCount(holders) === 0 ? null : holders,
  }));
}

/** Apple could not be read: it is tried again, at once when the account is usable again, else after a pause. */
function recordVerificationFailure(
  { failure, fingerprint }: CallCommand & { type: 'RecordVerificationFailure' },
  call: Call,
  at: Instant,
  timings: Timings,
): CallEvent[] {
  if (call.phase !== 'verifying') return [];
  const { uId, attempt, vainLooks } = call;
  if (failure.kind === 'token' || failure.kind === 'conflict')
    return [{ type: 'call.held', data: { uId, attempt, fingerprint, ...holdOf(failure), at } }];
  const backoff = pauseAfter(vainLooks, timings);
  const asked = failure.kind === 'transient' ? (failure.retryAfterMs ?? 0) : 0;
  const data = { uId, reason: failure.reason, retryAt: at + Math.max(asked, backoff) };
  return [{ type: 'call.verification-failed', data }];
}

const pauseAfter = (vain: number, { firstRetryMs, maxRetryMs }: Timings): Milliseconds =>
  Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(vain, 10));

/**
 * What Apple holds (or, for a disassociation, does not hold) has succeeded, whatever Apple said. The rest was not done,
 * if nothing that was sent can still be under way at Apple.
 */
function recordVerified(
  { present, readAt }: CallCommand & { type: 'RecordVerified' },
  call: Call,
  at: Instant,
  timings: Timings,
): CallEvent[] {
  if (call.phase !== 'verifying') return [];
  const failures = undoneIn(call, present);
  const unseen = failures.reduce((sum, { holders }) => sum + holderCount(holders ?? NOBODY), 0);
  if (call.resend && unseen === pairsOfCall(call))
    return [{ type: 'call.found-undone', data: { uId: call.uId, at } }];
  const until = openUntil(call, at, timings);
  if (unseen === 0 || Math.min(readAt, at) >= until) return [settled(call, call.attempt, failures)];
  // A list that takes long to read is read less often.
  const pause = Math.max(pauseAfter(call.vainLooks, timings), READING_SHARE * (at - readAt));
  const lookAt = Math.max(at, Math.min(until, at + pause));
  return [{ type: 'call.outcome-open', data: { uId: call.uId, unseen, until, lookAt } }];
}

/** Until when Apple may do what an attempt in doubt asked for. A clock that went back does not make it longer. */
function openUntil(
  { doubtfulSentAt, openUntil: before }: Verifying,
  at: Instant,
  { effectWithinMs }: Timings,
): Instant {
  return Math.min(before ?? doubtfulSentAt + effectWithinMs, at + effectWithinMs);
}

type Verifying = Extract<Call, { phase: 'verifying' }>;

function undoneIn(call: Verifying, present: readonly (AssetId & Holders)[]): CallFailure[] {
  const atApple = new Map(present.map((pairs) => [idOfAsset(pairs), new Set(holderKeys(pairs))]));
  const wanted = call.action === 'associate' || call.action === 'create';
  const judged = new Map<string, Set<HolderKey>>();
  return call.failures.flatMap((failure): CallFailure[] => {
    const id = idOfAsset(failure);
    const there = atApple.get(id);
    const before = judged.get(id) ?? new Set();
    judged.set(id, before);
    // A failure that names nobody is of all that those before it left.
    const named = holderKeys(failure.holders ?? call.holders).filter((key) => !before.has(key));
    for (const key of named) before.add(key);
    const failed = named.filter((key) => call.action === 'update' || (there?.has(key) ?? false) !== wanted);
    return failed.length === 0 ? [] : [{ ...failure, holders: holdersOf(failed) }];
  });
}
