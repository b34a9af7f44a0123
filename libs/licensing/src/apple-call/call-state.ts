import { inPhase, type Instant } from '@seatbook/kernel';
import type { Action } from '../asset/asset-events.js';
import { idOfAsset } from '../asset-id.js';
import { holderCount, holderKeys, holdersOf, type HolderKey, type Holders } from '../holder.js';
import type { AssetId } from '../ports.js';
import type { CallEvent, ReportedFailure } from './call-events.js';

/** What a call says to Apple: each of the assets for each of the holders that are still in it. */
export interface Request {
  readonly uId: string;
  readonly action: Action;
  readonly assets: readonly AssetId[];
  readonly holders: Holders;
}

/** One sending of the request. */
export interface Attempt {
  /** 1 for the first. */
  readonly attempt: number;
  /** Of the token that it was sent with. */
  readonly fingerprint: string;
  /** Apple knew where to send notifications. */
  readonly subscribed: boolean;
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
  readonly failures: readonly ReportedFailure[];
  readonly at: Instant;
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
      const { uId, action, assets, serialNumbers, userIds } = event.data;
      const holders = { serialNumbers, userIds };
      return { phase: 'claiming', uId, action, assets, holders, missed: new Map() };
    }
    case 'call.claim-answered': {
      const claiming = inPhase(call, 'claiming');
      const missed = new Map(claiming.missed).set(idOfAsset(event.data), holderKeys(event.data.missed));
      return { ...claiming, missed };
    }
    case 'call.ready': {
      const { uId, action, assets, holders } = inPhase(call, 'claiming');
      const { leaving, at } = event.data;
      return { phase: 'ready', uId, action, assets, holders: without(holders, leaving), at };
    }
    case 'call.dropped':
      return { phase: 'dropped' };
    case 'call.started': {
      const request = requestOf(inPhase(call, 'ready', 'started', 'waiting', 'held'));
      const { attempt, fingerprint, subscribed, doubtfulAt } = event.data;
      return { phase: 'started', ...request, attempt, fingerprint, subscribed, at: doubtfulAt };
    }
    case 'call.accepted': {
      const { appleEventId } = event.data;
      return { phase: 'accepted', ...sentOf(inPhase(call, 'started')), appleEventId };
    }
    case 'call.attempt-failed':
      return { phase: 'waiting', ...sentOf(inPhase(call, 'started', 'accepted')), at: event.data.retryAt };
    case 'call.held':
      return { phase: 'held', ...sentOf(inPhase(call, 'started', 'verifying')), at: event.data.at };
    case 'call.verification-needed': {
      const { failures, at } = event.data;
      return { phase: 'verifying', ...sentOf(inPhase(call, 'accepted')), failures, at };
    }
    case 'call.settled':
      return { phase: 'settled' };
  }
}

const requestOf = ({ uId, action, assets, holders }: Request): Request => ({ uId, action, assets, holders });

const sentOf = (call: Request & Attempt): Request & Attempt => {
  const { attempt, fingerprint, subscribed } = call;
  return { ...requestOf(call), attempt, fingerprint, subscribed };
};

/** Memory that a call takes, in bytes, roughly. */
export function weighCall(call: Call): number {
  if (!('assets' in call)) return 200;
  let named = holderCount(call.holders);
  if (call.phase === 'claiming') for (const keys of call.missed.values()) named += keys.length;
  if (call.phase === 'verifying')
    for (const failure of call.failures) named += 5 + holderCount(failure.holders);
  return 1_000 + 100 * call.assets.length + 80 * named;
}
