import { firstVersions, type Instant } from '@seatbook/kernel';
import type { Hold } from '../hold.js';
import type { Holders } from '../holder.js';
import type { AppleAsset, AssetId, ContentMetadata } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `reconciliation.${T}`;
  readonly data: D & { readonly uId: string };
};

export type ReconciliationEvent =
  /** All that the location has is to be read for the first time. */
  | Event<'first-read-started', { readonly at: Instant }>
  /**
   * `anew`: an asset whose totals are wanted even if they have not changed. `again`: a read is under way, which may
   * have passed what this is about, so there is one more after it.
   */
  | Event<
      'totals-requested',
      {
        readonly reason: string;
        readonly anew: AssetId | null;
        readonly again: boolean;
        readonly at: Instant;
      }
    >
  /** Assets that are new or whose totals have changed; 200 an event. */
  | Event<
      'assets-read',
      { readonly assets: readonly AppleAsset[]; readonly first: boolean; readonly readAt: Instant }
    >
  /** An order waits for an asset of which nothing is known before the first list was read. */
  | Event<'asset-awaited', AssetId>
  /** Orders wait for assets that the list, read to its end, does not have. */
  | Event<'assets-unlisted', { readonly assets: readonly AssetId[] }>
  /** The list of assets was read to its end. */
  | Event<
      'totals-completed',
      {
        readonly assets: number;
        readonly changed: number;
        readonly versionId: string;
        readonly readAt: Instant;
        readonly nextAt: Instant;
      }
    >
  | Event<'assignments-read', AssetId & Holders>
  | Event<
      'walk-completed',
      AssetId & {
        readonly count: number;
        readonly versionId: string;
        readonly walks: number;
        /** It is not proved that the asset's assignments stood still meanwhile. */
        readonly unstable: boolean;
        /** When it is walked once more; null where it stood still. */
        readonly againAt: Instant | null;
        readonly at: Instant;
        /** When totals are read next, if this was the last walk. */
        readonly nextAt: Instant;
      }
    >
  /** Others have licences of an asset of which nobody had any when it was first listed: it is walked. */
  | Event<'walk-queued', AssetId & { readonly at: Instant }>
  /** Persons that Apple knows at the location are in the directory. */
  | Event<'users-read', { readonly count: number; readonly at: Instant }>
  /** Adopted pairs that Apple does not hold, by a walk that stood still: they were adopted wrongly, or taken since. */
  | Event<'adoptions-missing', AssetId & Holders>
  /** `rewalkAt`: assignments moved during the first read, so all that was walked is walked once more; null for not. */
  | Event<
      'first-read-completed',
      { readonly at: Instant; readonly nextAt: Instant; readonly rewalkAt: Instant | null }
    >
  | Event<'read-failed', { readonly step: string; readonly reason: string; readonly retryAt: Instant }>
  | Event<
      'held',
      Hold & {
        readonly fingerprint: string;
        readonly at: Instant;
      }
    >
  /** Names, icons and the like of up to 50 assets. */
  | Event<
      'metadata-read',
      {
        readonly found: readonly (ContentMetadata & { readonly pricingParams: readonly string[] })[];
        readonly missing: readonly string[];
        readonly at: Instant;
        readonly nextAt: Instant;
      }
    >
  | Event<'metadata-failed', { readonly reason: string; readonly retryAt: Instant }>;

export const reconciliationEventTypes = firstVersions<ReconciliationEvent>({
  'reconciliation.first-read-started': true,
  'reconciliation.totals-requested': true,
  'reconciliation.assets-read': true,
  'reconciliation.asset-awaited': true,
  'reconciliation.assets-unlisted': true,
  'reconciliation.totals-completed': true,
  'reconciliation.assignments-read': true,
  'reconciliation.walk-completed': true,
  'reconciliation.walk-queued': true,
  'reconciliation.adoptions-missing': true,
  'reconciliation.users-read': true,
  'reconciliation.first-read-completed': true,
  'reconciliation.read-failed': true,
  'reconciliation.held': true,
  'reconciliation.metadata-read': true,
  'reconciliation.metadata-failed': true,
});
