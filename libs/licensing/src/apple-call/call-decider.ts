import type { Command, Decider, Instant } from '@seatbook/kernel';
import { holdOf } from '../hold.js';
import type { Action } from '../asset/asset-events.js';
import { holderCount, holderKeys, holdersOf, type HolderKey, type Holders } from '../holder.js';
import type { AppleFailure, AssetId } from '../ports.js';
import type { Timings } from '../timings.js';
import { idOfAsset } from '../asset-id.js';
import type { CallEvent, CallFailure, ReportedFailure } from './call-events.js';
import { evolveCall, pairsOfCall, without, type Attempt, type Call, type Request } from './call-state.js';

/** Beyond this number of attempts the call is parked and a person decides. */
export const MAX_ATTEMPTS = 40;

/** Error numbers of single pairs that are no fault of theirs: internal error, maintenance. */
const TRANSIENT = new Set([9603, 9644]);
const NOT_ENOUGH_LICENCES = 9709;
/** v1's "already assigned"; v2 has no number for it, a doubtful attempt may meet it all the same. */
const ALREADY_ASSIGNED = 9616;
/** v1's "not assigned", in answer to a disassociation. */
const NOT_ASSIGNED = 9619;

export type CallCommand =
  | (Command<'PlanCall'> &
      Holders & { readonly uId: string; readonly action: Action; readonly assets: readonly AssetId[] })
  | (Command<'RecordClaim'> & { readonly asset: AssetId; readonly missed: Holders })
  | (Command<'StartAttempt'> & { readonly fingerprint: string; readonly subscribed: boolean })
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
  | (Command<'RecordVerified'> & {
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
        const { uId, action, assets, serialNumbers, userIds } = command;
        return [{ type: 'call.planned', data: { uId, action, assets, serialNumbers, userIds } }];
      }
      case 'RecordClaim':
        return recordClaim(command, call, at);
      case 'StartAttempt':
        return startAttempt(command, call, at, timings);
      case 'RecordAccepted':
        return recordAccepted(command, call);
      case 'RecordFailure':
        return recordFailure(command, call, at, timings);
      case 'RetryAttempt':
        return retryAttempt(command, call, at);
      case 'RecordOutcome':
        return recordOutcome(command, call, at, timings);
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

/** How often a call was sent. */
export const attemptsOf = (call: Call): number => ('attempt' in call ? call.attempt : 0);

function startAttempt(
  command: CallCommand & { type: 'StartAttempt' },
  call: Call,
  at: Instant,
  { doubtfulAfterMs }: Timings,
): CallEvent[] {
  const { phase } = call;
  if (phase !== 'ready' && phase !== 'started' && phase !== 'waiting' && phase !== 'held') return [];
  const { fingerprint, subscribed } = command;
  const attempt = attemptsOf(call) + 1;
  const { uId } = call;
  return [
    {
      type: 'call.started',
      data: { uId, attempt, fingerprint, subscribed, at, doubtfulAt: at + doubtfulAfterMs },
    },
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
  { firstRetryMs, maxRetryMs }: Timings,
): CallEvent[] {
  const { attempt, failure, fingerprint, jitter } = command;
  const reading = call.phase === 'verifying' && (failure.kind === 'token' || failure.kind === 'conflict');
  if ((call.phase !== 'started' && !reading) || call.attempt !== attempt) return [];
  const { uId } = call;
  switch (failure.kind) {
    case 'token':
    case 'conflict':
      return [{ type: 'call.held', data: { uId, attempt, fingerprint, ...holdOf(failure), at } }];
    case 'transient': {
      const { errorNumber, reason, doubtful, retryAfterMs } = failure;
      const backoff = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(attempt - 1, 10));
      const delay = Math.max(retryAfterMs ?? 0, backoff / 2 + (jitter * backoff) / 2);
      const retryAt = at + Math.round(delay);
      return [
        { type: 'call.attempt-failed', data: { uId, attempt, errorNumber, reason, doubtful, retryAt } },
      ];
    }
    case 'refused':
      return [settled(call, refusedWhole(call, failure, at))];
  }
}

/**
 * A request refused as a whole did nothing. What it names fails and the rest is planned anew; where it names nothing,
 * all is planned anew in calls of half the size, down to a single pair.
 */
function refusedWhole(
  call: Request,
  { errorNumber, reason, assets, serialNumbers, clientUserIds }: AppleFailure & { kind: 'refused' },
  at: Instant,
): CallFailure[] {
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
  if (nothingNamed) {
    const verdict = pairs === 1 ? ('failed' as const) : ('again' as const);
    const limit = Math.floor(pairs / 2);
    return call.assets.map((asset) => ({ ...pick(asset), ...again, verdict, limit }));
  }
  const failures: CallFailure[] = [];
  for (const asset of call.assets) {
    const hit = namedAssets.length === 0 || namedAssets.some((one) => idOfAsset(one) === idOfAsset(asset));
    if (hit) {
      const holders = holderCount(named) === 0 ? null : named;
      failures.push({ ...pick(asset), ...again, verdict: 'failed', holders });
    }
    failures.push({ ...pick(asset), ...again, limit: pairs });
  }
  return failures;
}

const pick = ({ adamId, pricingParam }: AssetId): AssetId => ({ adamId, pricingParam });

function settled(call: Request & Attempt, failures: readonly CallFailure[]): CallEvent {
  const { uId, action, assets, attempt } = call;
  return { type: 'call.settled', data: { uId, action, assets, attempts: attempt, failures } };
}

function retryAttempt(command: CallCommand & { type: 'RetryAttempt' }, call: Call, at: Instant): CallEvent[] {
  if (call.phase !== 'accepted' || call.appleEventId !== command.appleEventId) return [];
  const { uId, attempt } = call;
  const { reason } = command;
  const data = { uId, attempt, errorNumber: null, reason, doubtful: true, retryAt: at };
  return [{ type: 'call.attempt-failed', data }];
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
  const unsure = failures.some((failure) => needsReading(failure, call));
  if (unsure) return [{ type: 'call.verification-needed', data: { uId: call.uId, failures, at } }];
  return [
    settled(
      call,
      failures.flatMap((failure) => spread(failure, call, at, timings)),
    ),
  ];
}

/** After a doubtful attempt "short" or "already so" may speak of what that attempt did; so may a failure that names nothing. */
function needsReading({ errorNumber, assets, holders }: ReportedFailure, { attempt }: Attempt): boolean {
  const nothingNamed = assets.length === 0 && holderCount(holders) === 0;
  const contradicts = [NOT_ENOUGH_LICENCES, ALREADY_ASSIGNED, NOT_ASSIGNED].includes(errorNumber);
  return (
    nothingNamed ||
    errorNumber === ALREADY_ASSIGNED ||
    errorNumber === NOT_ASSIGNED ||
    (contradicts && attempt > 1)
  );
}

/** A reported failure, asset by asset. */
function spread(
  failure: ReportedFailure,
  call: Request,
  at: Instant,
  { replanAfterMs }: Timings,
): CallFailure[] {
  const { errorNumber, reason, holders } = failure;
  const hit = failure.assets.length === 0 ? call.assets : failure.assets;
  const short = errorNumber === NOT_ENOUGH_LICENCES && call.action === 'associate';
  const again = TRANSIENT.has(errorNumber);
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

/** What Apple holds (or, for a disassociation, does not hold) has succeeded, whatever the event said. */
function recordVerified(
  { present }: CallCommand & { type: 'RecordVerified' },
  call: Call,
  at: Instant,
  timings: Timings,
): CallEvent[] {
  if (call.phase !== 'verifying') return [];
  const held = new Map(present.map((pairs) => [idOfAsset(pairs), new Set(holderKeys(pairs))]));
  const wanted = call.action === 'associate';
  const failures = call.failures
    .flatMap((failure) => spread(failure, call, at, timings))
    .flatMap((failure): CallFailure[] => {
      const there = held.get(idOfAsset(failure)) ?? new Set<HolderKey>();
      const named = holderKeys(failure.holders ?? call.holders);
      const failed = named.filter((key) => there.has(key) !== wanted);
      return failed.length === 0 ? [] : [{ ...failure, holders: holdersOf(failed) }];
    });
  return [settled(call, failures)];
}
