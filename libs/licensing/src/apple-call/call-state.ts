import { inPhase, type Instant } from '@seatbook/kernel';
import type { CallAction } from '../call-action.js';
import { idOfAsset } from '../asset-id.js';
import { holderCount, holderKeys, holdersOf, type HolderKey, type Holders } from '../holder.js';
import type { AssetId } from '../ports.js';
import type { CallEvent, CallFailure } from './call-events.js';

/** What a call says to Apple: each of the assets for each of the holders that are still in it. */
export interface Request {
  readonly uId: string;
  readonly action: CallAction;
  readonly assets: readonly AssetId[];
  readonly holders: Holders;
  /** It tries whether Apple accepts anything for the account again. */
  readonly probe: boolean;
}

/** One sending of the request. */
export interface Attempt {
  /** 1 for the first. */
  readonly attempt: number;
  /** Of the token that it was sent with. */
  readonly fingerprint: string;
  /** Apple knew where to send notifications. */
  readonly subscribed: boolean;
  readonly sentAt: Instant;
  /** Attempts that Apple may have carried out although nobody heard so. */
  readonly doubtful: number;
  /** When the last of them was sent; 0 where there is none. */
  readonly doubtfulSentAt: Instant;
  /** Apple was looked at since the last of them, and had done nothing. */
  readonly foundUndone: boolean;
}

/** Ledgers are asked to claim the pairs; `missed`: by asset, for those that have answered. */
interface Claiming extends Request {
  readonly phase: 'claiming';
  readonly missed: ReadonlyMap<string, readonly HolderKey[]>;
}

/** To be sent for the first time. */
interface Ready extends Request {
  readonly phase: 'ready';
  readonly at: Instant;
}

/** An attempt is under way. At `at` it counts as doubtful and the next one is made. */
interface Started extends Request, Attempt {
  readonly phase: 'started';
  readonly at: Instant;
}

/** The next attempt is made at `at`; `held`: behind the account, which is not usable. */
interface Again extends Request, Attempt {
  readonly phase: 'waiting' | 'held';
  readonly at: Instant;
}

/** Apple works on it, under an event of its own. */
interface Accepted extends Request, Attempt {
  readonly phase: 'accepted';
  readonly appleEventId: string;
}

/** What Apple said of failures is checked by reading. */
interface Verifying extends Request, Attempt {
  readonly phase: 'verifying';
  readonly failures: readonly CallFailure[];
  /** Where nothing was done, it is sent once more as it is. */
  readonly resend: boolean;
  readonly at: Instant;
  /** Looks in a row that told nothing. */
  readonly vainLooks: number;
  /** Until then Apple may do what the last look did not find; null before a look was too early to tell. */
  readonly openUntil: Instant | null;
}

/** The life of one HTTP write to Apple. */
export type Call =
  | { readonly phase: 'new' }
  | Claiming
  | Ready
  | Started
  | Again
  | Accepted
  | Verifying
  | { readonly phase: 'settled' }
  | { readonly phase: 'dropped' };

export const pairsOfCall = ({ assets, holders }: Pick<Request, 'assets' | 'holders'>): number =>
  assets.length * holderCount(holders);

export function without(holders: Holders, leaving: Holders): Holders {
  if (holderCount(leaving) === 0) return holders;
  const gone = new Set(holderKeys(leaving));
  return holdersOf(holderKeys(holders).filter((key) => !gone.has(key)));
}

export function evolveCall(call: Call, event: CallEvent): Call {
  switch (event.type) {
    case 'call.planned': {
      const { uId, action, assets, serialNumbers, userIds, probe } = event.data;
      const holders = { serialNumbers, userIds };
      return { phase: 'claiming', uId, action, assets, holders, probe, missed: new Map() };
    }
    case 'call.claim-answered': {
      const claiming = inPhase(call, 'claiming');
      const missed = new Map(claiming.missed).set(idOfAsset(event.data), holderKeys(event.data.missed));
      return { ...claiming, missed };
    }
    case 'call.ready': {
      const claiming = inPhase(call, 'claiming');
      const { leaving, at } = event.data;
      return { phase: 'ready', ...requestOf(claiming), holders: without(claiming.holders, leaving), at };
    }
    case 'call.dropped':
      return { phase: 'dropped' };
    case 'call.started': {
      const before = inPhase(call, 'ready', 'started', 'waiting', 'held');
      const { attempt, fingerprint, subscribed, doubtfulAt } = event.data;
      const sent = { attempt, fingerprint, subscribed, sentAt: event.data.at, foundUndone: false };
      return { phase: 'started', ...requestOf(before), ...sent, ...doubtIn(before), at: doubtfulAt };
    }
    case 'call.accepted': {
      const { appleEventId } = event.data;
      return { phase: 'accepted', ...sentOf(inPhase(call, 'started')), appleEventId };
    }
    case 'call.attempt-failed': {
      const sent = sentOf(inPhase(call, 'started', 'accepted'));
      const { doubtful, retryAt } = event.data;
      return { phase: 'waiting', ...sent, ...(doubtful ? moreDoubt(sent) : {}), at: retryAt };
    }
    case 'call.held':
      return held(inPhase(call, 'started', 'verifying'), event.data);
    case 'call.verification-needed': {
      const sent = inPhase(call, 'started', 'waiting', 'held', 'accepted');
      const { failures, resend, at } = event.data;
      const unread = { failures, resend, at, vainLooks: 0, openUntil: null };
      return { phase: 'verifying', ...sentOf(sent), ...doubtIn(sent), ...unread };
    }
    case 'call.found-undone': {
      const sent = sentOf(inPhase(call, 'verifying'));
      return { phase: 'waiting', ...sent, foundUndone: true, at: event.data.at };
    }
    case 'call.verification-failed': {
      const verifying = inPhase(call, 'verifying');
      return { ...verifying, at: event.data.retryAt, vainLooks: verifying.vainLooks + 1 };
    }
    case 'call.outcome-open': {
      const verifying = inPhase(call, 'verifying');
      const { until: openUntil, lookAt: at } = event.data;
      return { ...verifying, at, openUntil, vainLooks: verifying.vainLooks + 1 };
    }
    // What follows from it is in the events beside it.
    case 'call.refused':
      return call;
    case 'call.settled':
      return { phase: 'settled' };
  }
}

/** Nobody knows what Apple has done of it, and it was not looked at since. */
export const isUnheard = (call: Call): boolean =>
  doubtfulOf(call) > 0 && !('foundUndone' in call && call.foundUndone);

type Doubt = Pick<Attempt, 'doubtful' | 'doubtfulSentAt'>;

/** Attempts that may have been carried out unheard. One that is under way has not been answered in its time. */
function doubtIn(call: Call): Doubt {
  if (!('attempt' in call)) return { doubtful: 0, doubtfulSentAt: 0 };
  const { doubtful, doubtfulSentAt } = call;
  return call.phase === 'started' ? moreDoubt(call) : { doubtful, doubtfulSentAt };
}

const moreDoubt = ({ doubtful, sentAt }: Attempt): Doubt => ({
  doubtful: doubtful + 1,
  doubtfulSentAt: sentAt,
});

/** How many attempts may have been carried out unheard. */
export const doubtfulOf = (call: Call): number => doubtIn(call).doubtful;

function held(
  call: Started | Verifying,
  { state, at }: Extract<CallEvent, { type: 'call.held' }>['data'],
): Again | Verifying {
  // What is to be looked at is looked at when the account is usable again.
  if (call.phase === 'verifying') return { ...call, at };
  // Apple did it and then named the other MDM.
  const done = state === 'conflicted' ? moreDoubt(call) : {};
  return { phase: 'held', ...sentOf(call), ...done, at };
}

const requestOf = ({ uId, action, assets, holders, probe }: Request): Request => ({
  uId,
  action,
  assets,
  holders,
  probe,
});

const sentOf = (call: Request & Attempt): Request & Attempt => {
  const { attempt, fingerprint, subscribed, sentAt, doubtful, doubtfulSentAt, foundUndone } = call;
  const sent = { attempt, fingerprint, subscribed, sentAt, doubtful, doubtfulSentAt, foundUndone };
  return { ...requestOf(call), ...sent };
};

/** Memory that a call takes, in bytes, roughly. */
export function weighCall(call: Call): number {
  if (!('assets' in call)) return 200;
  let named = holderCount(call.holders);
  if (call.phase === 'claiming') for (const keys of call.missed.values()) named += keys.length;
  if (call.phase === 'verifying')
    for (const { holders } of call.failures) named += 5 + (holders ? holderCount(holders) : 0);
  return 1_000 + 100 * call.assets.length + 80 * named;
}
