import { firstVersions, type Instant, type KeptRefusal } from '@seatbook/kernel';
import type { Holders } from '../holder.js';
import type { AssetId, MdmInfo, TokenRefusal } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `account.${T}`;
  readonly data: D & { readonly uId: string };
};

export type Platform = 'iOS' | 'macOS' | 'tvOS' | 'watchOS' | 'visionOS';

/** What becomes of the licences of a location that is given up: they go back to it, or stay with their holders. */
export type Licences = 'return' | 'keep';

/** Settings that new orders of an account start from. */
export interface AccountSettings {
  readonly name: string;
  /** The platform that most devices of this account have; for display and as a default. */
  readonly platform: Platform;
  /** Licences go to devices or to persons unless an order says otherwise. */
  readonly assignmentType: AssignmentType;
}

/** To whom an account gives licences by default. */
export type AssignmentType = 'device' | 'user';

/** The location as Apple describes it. */
export interface LocationFacts {
  readonly orgName: string;
  readonly locationName: string | null;
  readonly countryCode: string | null;
  readonly defaultPlatform: string | null;
  readonly websiteUrl: string | null;
}

export type AccountEvent =
  | Event<
      'imported',
      AccountSettings &
        LocationFacts & {
          readonly importId: string;
          readonly fingerprint: string;
          readonly expiresAt: Instant;
          /** The MDM that had the location before, where there was one. */
          readonly takenOverFrom: MdmInfo | null;
          /** Where Apple is to send notifications; null: it cannot reach us. */
          readonly notificationUrl: string | null;
          readonly at: Instant;
        }
    >
  | Event<
      'token-renewed',
      {
        readonly importId: string;
        readonly fingerprint: string;
        readonly expiresAt: Instant;
        readonly at: Instant;
      }
    >
  /** The token that was to be the new one is the one in use: nothing changes. */
  | Event<'token-kept', { readonly importId: string; readonly fingerprint: string }>
  /** The location exists already, or the token is another location's. */
  | Event<'import-refused', { readonly importId: string; readonly refusal: KeptRefusal }>
  | Event<'renamed', { readonly name: string }>
  /** What is assigned stays as it is. */
  | Event<'assignment-type-set', { readonly assignmentType: AssignmentType }>
  /** The alert: all work of the account is held until the token is renewed. */
  | Event<
      'token-refused',
      { readonly fingerprint: string; readonly state: TokenRefusal; readonly errorNumber: number | null }
    >
  /** The alert: the date of the token is near. `reminders`: days before it that have come, each named once for a token. */
  | Event<
      'token-expiring',
      {
        readonly fingerprint: string;
        readonly expiresAt: Instant;
        readonly reminders: readonly number[];
        readonly at: Instant;
      }
    >
  /** The alert: the date of the token has come. All work of the account is held until the token is renewed. */
  | Event<'token-expired', { readonly fingerprint: string; readonly at: Instant }>
  /** The date of the token has not come after all: a clock was ahead. Work goes on. */
  | Event<'expiry-revised', { readonly fingerprint: string; readonly at: Instant }>
  /**
   * Apple did not accept a call; `inARow`: without accepting one in between. `pauses`: so often in this row everybody
   * paused, the last time until `pauseUntil`.
   */
  | Event<
      'write-refused',
      {
        readonly callId: string;
        readonly errorNumber: number | null;
        readonly reason: string;
        readonly inARow: number;
        readonly at: Instant;
        readonly pauses: number;
        readonly pauseUntil: Instant;
      }
    >
  /** The alert: Apple accepts nothing that is written. Nothing is planned but one small call from time to time. */
  | Event<
      'writes-held',
      {
        readonly errorNumber: number | null;
        readonly reason: string;
        readonly at: Instant;
        readonly probeAt: Instant;
      }
    >
  /** One small call is sent now; where Apple refuses it, the next one is not sent before `probeAt`. */
  | Event<'probe-started', { readonly probeAt: Instant }>
  /** Apple accepted a call after it had refused some. */
  | Event<'writes-accepted', { readonly at: Instant }>
  /** The alert: another MDM manages the location; all work is held until a person takes it over or releases it. */
  | Event<'conflicted', { readonly mdmInfo: MdmInfo | null }>
  | Event<'take-over-ordered', { readonly at: Instant }>
  /** The location is to be given up. First all open work ends, and what is held goes back where that is asked for. */
  | Event<'give-up-ordered', { readonly licences: Licences; readonly at: Instant }>
  /**
   * One round of ending: these ledgers close and end what is open in them; these calls are given up, because nobody will
   * hear of them. `left`: pairs that are waited for.
   */
  | Event<
      'work-ending',
      {
        readonly ledgers: readonly AssetId[];
        readonly callIds: readonly string[];
        /** What is to go back stays: nobody will take it there. */
        readonly abandoned: boolean;
        readonly left: number;
        readonly at: Instant;
        readonly lookAt: Instant;
      }
    >
  /** Licences that go back to the location, by an order of their own. */
  | Event<'return-asked', AssetId & Holders & { readonly orderId: string }>
  /** Nothing is open any more; `kept`: licences that stay with their holders. */
  | Event<'work-ended', { readonly kept: number; readonly at: Instant }>
  | Event<'release-failed', { readonly reason: string; readonly retryAt: Instant }>
  /** Apple has been told that we manage the location no more; `mdmInfo`: another MDM had it by then, and was left alone. */
  | Event<'given-up', { readonly mdmInfo: MdmInfo | null; readonly at: Instant }>
  /** Ledgers that were closed take orders again. */
  | Event<'ledgers-opened', { readonly ledgers: readonly AssetId[] }>
  /** Nothing is done for it any more. Its history stays. */
  | Event<'removed', { readonly at: Instant }>
  | Event<'owned', { readonly mdmId: string; readonly at: Instant }>
  | Event<'owning-failed', { readonly reason: string; readonly retryAt: Instant }>
  | Event<'notifications-wanted', { readonly notificationUrl: string | null; readonly at: Instant }>
  /** Apple has our address. Whether it still has it is seen at `checkAt`. */
  | Event<'subscribed', { readonly notificationUrl: string; readonly checkAt: Instant }>
  | Event<'subscription-failed', { readonly reason: string; readonly retryAt: Instant }>
  /** Apple still has our address. */
  | Event<'address-checked', { readonly checkAt: Instant }>
  /** Apple has another address, or none: it is given ours again. */
  | Event<'address-lost', { readonly notificationUrl: string | null; readonly at: Instant }>
  | Event<'address-check-failed', { readonly reason: string; readonly retryAt: Instant }>;

export const accountEventTypes = firstVersions<AccountEvent>({
  'account.imported': true,
  'account.token-renewed': true,
  'account.token-kept': true,
  'account.import-refused': true,
  'account.renamed': true,
  'account.assignment-type-set': true,
  'account.token-refused': true,
  'account.token-expiring': true,
  'account.token-expired': true,
  'account.expiry-revised': true,
  'account.write-refused': true,
  'account.writes-held': true,
  'account.probe-started': true,
  'account.writes-accepted': true,
  'account.conflicted': true,
  'account.take-over-ordered': true,
  'account.give-up-ordered': true,
  'account.work-ending': true,
  'account.return-asked': true,
  'account.work-ended': true,
  'account.release-failed': true,
  'account.given-up': true,
  'account.ledgers-opened': true,
  'account.removed': true,
  'account.owned': true,
  'account.owning-failed': true,
  'account.notifications-wanted': true,
  'account.subscribed': true,
  'account.subscription-failed': true,
  'account.address-checked': true,
  'account.address-lost': true,
  'account.address-check-failed': true,
});
