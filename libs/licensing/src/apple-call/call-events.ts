import { firstVersions, type Instant } from '@seatbook/kernel';
import type { Hold } from '../hold.js';
import type { CallAction } from '../call-action.js';
import type { Holders } from '../holder.js';
import type { AssetId } from '../ports.js';

type Event<T extends string, D> = { readonly type: `call.${T}`; readonly data: D & { readonly uId: string } };

/** What one error did to pairs of a call. `holders` null: to all that are left. */
export interface PairFailure {
  readonly errorNumber: number;
  readonly reason: string;
  /** `short`: no licence at Apple. `again`: planned anew, in calls of at most `limit` pairs (0: any), not before. */
  readonly verdict: 'failed' | 'short' | 'again';
  readonly limit: number;
  readonly notBefore: Instant;
  readonly holders: Holders | null;
}

/** A failure of pairs of one asset of a call. */
export interface CallFailure extends PairFailure, AssetId {}

/** What Apple said of one error of a call: an empty dimension means all of the request. */
export interface ReportedFailure {
  readonly errorNumber: number;
  readonly reason: string;
  readonly assets: readonly AssetId[];
  readonly holders: Holders;
}

export type CallEvent =
  /** A rectangle: each of the assets for each of the holders. */
  | Event<
      'planned',
      Holders & {
        readonly action: CallAction;
        readonly assets: readonly AssetId[];
        /** It tries whether Apple accepts anything for the account again. */
        readonly probe: boolean;
      }
    >
  | Event<'claim-answered', AssetId & { readonly missed: Holders }>
  /** All ledgers have answered; who missed a pair leaves the call whole. */
  | Event<
      'ready',
      {
        readonly action: CallAction;
        readonly assets: readonly AssetId[];
        readonly leaving: Holders;
        readonly pairs: number;
        readonly at: Instant;
      }
    >
  /** Nobody is left in it: it is never sent. */
  | Event<
      'dropped',
      { readonly action: CallAction; readonly assets: readonly AssetId[]; readonly leaving: Holders }
    >
  /** Written before the request leaves the process. */
  | Event<
      'started',
      {
        readonly attempt: number;
        readonly fingerprint: string;
        /** Apple knows where to send notifications. */
        readonly subscribed: boolean;
        readonly at: Instant;
        /** From then on the attempt counts as doubtful. */
        readonly doubtfulAt: Instant;
      }
    >
  | Event<
      'accepted',
      {
        readonly attempt: number;
        readonly appleEventId: string;
        readonly action: CallAction;
        readonly pairs: number;
        readonly subscribed: boolean;
      }
    >
  /** The attempt did not succeed; the next one is made at `retryAt`. */
  | Event<
      'attempt-failed',
      {
        readonly attempt: number;
        readonly errorNumber: number | null;
        readonly reason: string;
        readonly doubtful: boolean;
        /** Apple was asked, and did not accept it. */
        readonly refused: boolean;
        readonly retryAt: Instant;
      }
    >
  /** The token was refused, or another MDM has the location: nothing failed, the call waits for the account. */
  | Event<
      'held',
      Hold & {
        readonly attempt: number;
        readonly fingerprint: string;
        readonly at: Instant;
      }
    >
  /** Apple refused the request as a whole. `named`: it said of what, else nobody knows what is wrong. */
  | Event<
      'refused',
      {
        readonly attempt: number;
        readonly errorNumber: number;
        readonly reason: string;
        readonly named: boolean;
      }
    >
  /**
   * What Apple says cannot be taken at its word, or it has not said anything: a targeted read tells what failed of this,
   * and what was done. `resend`: where nothing was done, the call is sent once more as it is.
   */
  | Event<
      'verification-needed',
      { readonly failures: readonly CallFailure[]; readonly resend: boolean; readonly at: Instant }
    >
  /**
   * Apple does not show all that was sent without an answer, and may still be about to do it: pairs stay claimed, and it
   * is looked at again. `until`: what is not to be seen from then on was not done.
   */
  | Event<'outcome-open', { readonly unseen: number; readonly until: Instant; readonly lookAt: Instant }>
  /** Apple has done nothing of what was sent and not answered: the next attempt is made. */
  | Event<'found-undone', { readonly at: Instant }>
  /** Apple could not be read; the next look is at `retryAt`. */
  | Event<'verification-failed', { readonly reason: string; readonly retryAt: Instant }>
  /** Comes once. Pairs of the call that no failure names have succeeded. */
  | Event<
      'settled',
      {
        readonly action: CallAction;
        readonly assets: readonly AssetId[];
        readonly attempts: number;
        readonly failures: readonly CallFailure[];
      }
    >;

/** Events of what Apple has done: they come when Apple is heard of, which may be long before they are recorded. */
export const endedAtApple: ReadonlySet<CallEvent['type']> = new Set<CallEvent['type']>(['call.settled']);

export const callEventTypes = firstVersions<CallEvent>({
  'call.planned': true,
  'call.claim-answered': true,
  'call.ready': true,
  'call.dropped': true,
  'call.started': true,
  'call.accepted': true,
  'call.attempt-failed': true,
  'call.held': true,
  'call.refused': true,
  'call.verification-needed': true,
  'call.outcome-open': true,
  'call.found-undone': true,
  'call.verification-failed': true,
  'call.settled': true,
});
