import { firstVersions, type Instant } from '@seatbook/kernel';
import type { Hold } from '../hold.js';
import type {
  DriftEvidence,
  DriftKind,
  DriftPolicy,
  DriftSource,
  DriftWindow,
} from '../asset/asset-events.js';
import type { Holders } from '../holder.js';
import type { AppleAsset, AssetId, ContentMetadata } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `reconciliation.${T}`;
  readonly data: D & { readonly uId: string };
};

/**
 * Why an asset is walked: Apple counts other pairs than the ledger, its delta names one that the ledger has not, all are
 * walked once a day, Apple announced an event that is none of ours, or somebody asks for it.
 */
export type WalkReason = 'counts' | 'delta' | 'daily' | 'foreign-event' | 'sync';

/** What is done about pairs that others gave, and about those that others took. */
export interface DriftPolicies {
  readonly added: DriftPolicy;
  readonly taken: DriftPolicy;
}

/** What others added is accepted, what they took is asked about, unless somebody has set it otherwise. */
export const DEFAULT_POLICIES: DriftPolicies = { added: 'accept', taken: 'ask' };

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
      {
        readonly assets: readonly AppleAsset[];
        readonly first: boolean;
        /** When the read of the list began, and when it was over. */
        readonly startedAt: Instant;
        readonly readAt: Instant;
        /** When the last complete read before this one began; null for the first time. */
        readonly since: Instant | null;
      }
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
        /** The version of the location's assignments from which on the next delta is read; null: none is known. */
        readonly deltaFrom: string | null;
        readonly startedAt: Instant;
        readonly readAt: Instant;
        readonly nextAt: Instant;
        /** When all assets are walked next; null before the first read is complete. */
        readonly walkAllAt: Instant | null;
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
        /** Pairs that others gave or took, as far as the walk could tell. */
        readonly added: number;
        readonly taken: number;
        /** Pairs in which Apple differs from the ledger and that were not judged, because work of ours was about them. */
        readonly leftOut: number;
        /** Syncs that waited for this walk. */
        readonly syncIds: readonly string[];
        readonly startedAt: Instant;
        readonly at: Instant;
        /** When totals are read next, if this was the last walk. */
        readonly nextAt: Instant;
      }
    >
  /**
   * Who holds these assets is read. `from`: what made them differ happened after that, where the reason says so, else
   * null.
   */
  | Event<
      'walks-queued',
      {
        readonly assets: readonly AssetId[];
        readonly why: WalkReason;
        readonly from: Instant | null;
        readonly at: Instant;
      }
    >
  /** What others did to pairs, by a walk: the ledger of the asset records it, and what is done about it. */
  | Event<
      'drift-seen',
      AssetId &
        Holders &
        DriftWindow & {
          readonly kind: DriftKind;
          readonly source: DriftSource;
          readonly evidence: DriftEvidence;
          readonly reference: string | null;
          readonly policy: DriftPolicy;
        }
    >
  /** The alert: others change licences. One for all that they do until they have been quiet for a while. */
  | Event<
      'drift-alerted',
      { readonly added: number; readonly taken: number; readonly assetCount: number; readonly at: Instant }
    >
  | Event<'policy-set', DriftPolicies>
  /** Somebody wants the location compared with Apple now. `full`: all assets are walked, not only those that differ. */
  | Event<'sync-requested', { readonly syncId: string; readonly full: boolean; readonly at: Instant }>
  /** The totals were read for it; it is over when these assets are walked. */
  | Event<'sync-started', { readonly syncId: string; readonly assets: readonly AssetId[] }>
  | Event<'sync-completed', { readonly syncId: string; readonly at: Instant }>
  /** Apple announced an event that no call of ours is known for yet: it is ours, or another tool's. */
  | Event<'event-announced', { readonly appleEventId: string; readonly at: Instant }>
  /** Apple announced an event that is no call's of ours. */
  | Event<
      'foreign-event-noted',
      { readonly appleEventId: string; readonly assets: readonly AssetId[]; readonly at: Instant }
    >
  /** Persons that Apple knows at the location are in the directory. */
  | Event<'users-read', { readonly count: number; readonly at: Instant }>
  /** Adopted pairs that Apple does not hold, by a walk that stood still: they were adopted wrongly, or taken since. */
  | Event<'adoptions-missing', AssetId & Holders>
  /** `moved`: assets whose assignments moved since they were walked; they are walked once more at `rewalkAt`. */
  | Event<
      'first-read-completed',
      {
        readonly moved: readonly AssetId[];
        readonly deltaFrom: string | null;
        readonly at: Instant;
        readonly nextAt: Instant;
        readonly rewalkAt: Instant;
        readonly walkAllAt: Instant;
      }
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
        /** The store tells nothing of them. Apple's rule: it does not say why. */
        readonly missing: readonly string[];
        /** The same, each quality of them. */
        readonly untold?: readonly AssetId[];
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
  'reconciliation.walks-queued': true,
  'reconciliation.drift-seen': true,
  'reconciliation.drift-alerted': true,
  'reconciliation.policy-set': true,
  'reconciliation.event-announced': true,
  'reconciliation.foreign-event-noted': true,
  'reconciliation.sync-requested': true,
  'reconciliation.sync-started': true,
  'reconciliation.sync-completed': true,
  'reconciliation.adoptions-missing': true,
  'reconciliation.users-read': true,
  'reconciliation.first-read-completed': true,
  'reconciliation.read-failed': true,
  'reconciliation.held': true,
  'reconciliation.metadata-read': true,
  'reconciliation.metadata-failed': true,
});
