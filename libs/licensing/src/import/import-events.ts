import { firstVersions, type Instant, type KeptRefusal } from '@seatbook/kernel';
import type { AccountSettings, LocationFacts } from '../account/account-events.js';
import type { MdmInfo } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `import.${T}`;
  readonly data: D;
};

/** What the file said of its token; the token itself is sealed, and the fingerprint names it. */
export interface TokenFile {
  readonly fingerprint: string;
  readonly expiresAt: Instant;
  readonly orgName: string;
}

/** A new account, with the settings that its orders start from, or another token for one that exists. */
export type RequestedImport = TokenFile &
  (
    | {
        readonly kind: 'import';
        readonly settings: AccountSettings;
        /** Take the location over from the MDM that manages it now. */
        readonly takeOver: boolean;
      }
    | {
        readonly kind: 'renew';
        /** The account. */
        readonly uId: string;
        /** The version of the account that the principal has seen; left out: whatever it is. */
        readonly ifVersion?: number | undefined;
      }
  );

/** Whose token it is, as Apple says. */
export type LocationRead = {
  /** The location of the token; where one is renewed, it is the account's. */
  readonly uId: string;
  readonly fingerprint: string;
  readonly expiresAt: Instant;
} & (
  | {
      readonly kind: 'import';
      readonly settings: AccountSettings;
      readonly facts: LocationFacts;
      /** The MDM that had the location before, where there was one. */
      readonly takenOverFrom: MdmInfo | null;
      /** Where Apple is to send notifications; null: it cannot reach us. */
      readonly notificationUrl: string | null;
    }
  | {
      readonly kind: 'renew';
      /** The MDM that Apple names, where it is not us. */
      readonly foreign: MdmInfo | null;
      readonly ifVersion?: number | undefined;
    }
);

export type ImportEvent =
  | Event<'requested', RequestedImport & { readonly at: Instant }>
  | Event<'location-read', LocationRead>
  | Event<'accepted', { readonly uId: string; readonly at: Instant }>
  | Event<'refused', KeptRefusal & { readonly at: Instant }>
  /** What was sealed for this import alone is deleted. */
  | Event<'token-forgotten', { readonly fingerprint: string }>;

export const importEventTypes = firstVersions<ImportEvent>({
  'import.requested': true,
  'import.location-read': true,
  'import.accepted': true,
  'import.refused': true,
  'import.token-forgotten': true,
});
