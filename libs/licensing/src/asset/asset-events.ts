import { firstVersions, type Instant } from '@seatbook/kernel';
import type { HolderKey, Holders, OrderRefs } from '../holder.js';

type Event<T extends string, D> = { readonly type: `asset.${T}`; readonly data: D };

/** Totals as Apple reports them. An unlimited asset has no number of licences: `total` and `available` are 0 then. */
export interface Totals {
  readonly unlimited: boolean;
  readonly total: number;
  readonly assigned: number;
  readonly available: number;
  readonly retired: number;
}

/** What Apple says of the asset itself. */
export interface AssetTraits {
  readonly productType: string;
  readonly deviceAssignable: boolean;
  readonly revocable: boolean;
  readonly supportedPlatforms: readonly string[];
}

/** Why a holder got no licence and will not get one by this order. */
export type RefusalReason =
  | 'GIVEN_UP'
  | 'NOT_DEVICE_ASSIGNABLE'
  | 'PLATFORM'
  | 'SHORT'
  | 'NOT_READ_YET'
  | 'NOT_REVOCABLE'
  | 'UNKNOWN_ASSET'
  /** A licence was to go from one holder to another: there is none to go, or the giver keeps it. */
  | 'NOTHING_TO_GIVE'
  /** A licence was to go from one holder to another, who holds one or waits for one. */
  | 'RECEIVER_HAS_ONE'
  /** Nothing is installed for whom no licence is held or on its way. */
  | 'NO_LICENSE'
  /** Books are read on whatever device; nothing is installed. */
  | 'NOT_INSTALLABLE';

export type Action = 'associate' | 'disassociate';

/** `added`: Apple holds a pair that the ledger did not have. `taken`: Apple no longer holds one that it had. */
export type DriftKind = 'added' | 'taken';

/** What is done about drift of a kind: nothing, it is undone by an order, or a person is asked. */
export type DriftPolicy = 'accept' | 'restore' | 'ask';

export type DriftDecision = 'accepted' | 'restoring' | 'asked';

/** When it happened: not before `from`, not after `to`. */
export interface DriftWindow {
  readonly from: Instant;
  readonly to: Instant;
}

/** Who or what has likely changed a pair. `unknown`: another tool, or a person in Apple's console. */
export type DriftSource = 'another-tool' | 'console' | 'own-late-effect' | 'unknown';

/**
 * Why that source is likely. `foreign-event`: Apple announced it by an event of no call of ours. `unanswered-call`: a
 * call of ours about the pair went unanswered, and its effect came late. `failed-before`: Apple had said that it
 * failed. `not-announced`: Apple sends notifications to us, and none was about it. `not-subscribed`: it sends none.
 */
export type DriftEvidence =
  'foreign-event' | 'unanswered-call' | 'failed-before' | 'not-announced' | 'not-subscribed';

/** Something about pairs that we did not do. */
export interface Drift extends DriftWindow {
  readonly kind: DriftKind;
  /** What the ledger had. */
  readonly before: 'absent' | 'failed' | 'assigned';
  readonly source: DriftSource;
  readonly evidence: DriftEvidence;
  /** Apple's event or our call that the evidence is of, else null. */
  readonly reference: string | null;
  readonly decision: DriftDecision;
  /** Why a person is asked although the policy says restore. */
  readonly overruled: 'OSCILLATES' | 'NOT_REVOCABLE' | null;
}

/** How many licences there are, as Apple counts. */
export type Counts = Pick<Totals, 'unlimited' | 'total' | 'retired'>;

/** Where licences came from or went. `apple`: Apple counts otherwise, e.g. without limit. */
export type CountSource = 'purchase' | 'refund' | 'transfer' | 'apple';

/** What becomes of a pair of an order for which there is no licence, whenever that turns out. */
export type IfShort = 'wait' | 'refuse';

/**
 * Why there is no licence for a pair. `reserved`: there are free ones, but they are kept back for orders that name the
 * reserve. `promised`: it gets that of another holder, when this has come back.
 */
export type WaitingReason = 'short' | 'reserved' | 'not-read-yet' | 'promised';

/** What an order says of its pairs for the case that licences are few. */
export interface Wish {
  readonly ifShort: IfShort;
  /** Licences of the reserve are for it, too. */
  readonly fromReserve: boolean;
}

export type AssetEvent =
  /** Its account is given up or removed: no licence of it is given away any more. */
  | Event<'closed', Record<never, never>>
  /** Its account is ours again. */
  | Event<'opened', Record<never, never>>
  /** From now on so many licences are kept back for orders that name the reserve, as far as there are any. */
  | Event<'reserve-set', { readonly licences: number }>
  | Event<'discovered', AssetTraits>
  | Event<'traits-changed', AssetTraits>
  /** `takenElsewhere`: licences that Apple counts as taken by holders of whom the ledger knows nothing. */
  | Event<'totals-read', Totals & { readonly takenElsewhere: number; readonly readAt: Instant }>
  /**
   * Holders go without, though a licence would be left if the ones taken elsewhere were fewer than when the totals were
   * read: a holder that Apple counted there may be known by now.
   */
  | Event<'totals-doubted', { readonly takenElsewhere: number }>
  /** The number of licences is another one than when it was last read. */
  | Event<
      'count-changed',
      DriftWindow & { readonly before: Counts; readonly after: Counts; readonly source: CountSource }
    >
  | Event<
      'described',
      {
        readonly name: string;
        readonly bundleId: string | null;
        readonly iconUrl: string | null;
        readonly artistName: string | null;
        readonly deviceFamilies: readonly string[];
        readonly kind: string | null;
        /** Apple's external version id of what the store has. */
        readonly version: number | null;
      }
    >
  /**
   * Pairs that Apple held when we first read it. `failedBefore` of them had failed here: their failure is disproved, and
   * nothing else in history says so.
   */
  | Event<'assignments-adopted', Holders & { readonly failedBefore: number }>
  /** Adopted pairs that Apple does not hold: the first read was wrong, or another tool took them back meanwhile. */
  | Event<'adoption-corrected', Holders>
  /**
   * Others gave or took licences, and the ledger follows Apple. Pairs that are being restored get an order of their own,
   * those that are asked about wait for a person. `orderId`: what taken ones were held for.
   */
  | Event<'drift-found', Holders & OrderRefs & Drift>
  /** A call went unanswered at least once: Apple may carry it out once more, late, whatever is ordered since. */
  | Event<'late-effect-possible', Holders & { readonly callId: string; readonly action: Action }>
  /** A person has decided about drift that waited for it. */
  | Event<
      'drift-decided',
      Holders & { readonly kind: DriftKind; readonly decision: Exclude<DriftDecision, 'asked'> }
    >
  /** From here on the ledger knows all that Apple held; `unstable`: the walk never stood still. */
  | Event<'baseline-completed', { readonly count: number; readonly unstable: boolean }>
  /** The answer to one request of an order. `reserved` pairs form a lot of open work. */
  | Event<
      'licenses-reserved',
      /** Its wish is also that of those that Apple calls short later, and of those that follow a return. */
      Wish & {
        readonly orderId: string;
        readonly part: number;
        readonly reserved: Holders;
        readonly lot: number;
        readonly waiting: Holders;
        readonly waitingReason: WaitingReason | null;
        /** Whose licence the one who waits gets, as soon as it has come back; absent where anybody's will do. */
        readonly giver?: HolderKey;
        /** On their way back by another order: they wait as soon as they are returned. */
        readonly following: Holders;
        /** Held already; `heldBy` is parallel: the order that holds the pair, '' for an adopted one. */
        readonly alreadyHeld: Holders;
        readonly heldBy: readonly string[];
        readonly refused: Holders;
        readonly refusal: RefusalReason | null;
        /** Licences free for this order when this was decided; null for an unlimited asset. */
        readonly free: number | null;
        /** Of reserved and waiting ones: how many are another try, after a failure that this answer ends. */
        readonly failedBefore: number;
        /** Reserved, waiting and following ones are marked: the app is installed where its licence comes. */
        readonly install?: true;
      }
    >
  /** Waiting pairs got licences. */
  | Event<'licenses-served', Holders & OrderRefs & { readonly lot: number }>
  /** The total fell below what is used: unclaimed reservations wait again, newest first. */
  | Event<'reservations-withdrawn', Holders & OrderRefs & { readonly fromLots: readonly number[] }>
  /** Pairs of a call that are its own from now on; `missed` ones it must do without. */
  | Event<
      'licenses-claimed',
      Holders & {
        readonly callId: string;
        readonly action: Action;
        readonly fromLots: readonly number[];
        readonly missed: Holders;
      }
    >
  /** Claimed pairs that are open work again. */
  | Event<
      'claims-released',
      Holders & {
        readonly callId: string;
        readonly action: Action;
        readonly lot: number;
        /** No call larger than this may carry them; 0: any. */
        readonly limit: number;
        readonly notBefore: Instant;
      }
    >
  /**
   * By a call; null: they waited for a licence and were found at Apple when it was read. `toInstall`: those of them that
   * a rollout waits for, with its order.
   */
  | Event<
      'licenses-assigned',
      Holders & OrderRefs & { readonly callId: string | null; readonly toInstall?: Holders & OrderRefs }
    >
  /** The answer to one request of a rollout: who has a licence, whose is on its way, and who gets nothing. */
  | Event<
      'installations-answered',
      {
        readonly orderId: string;
        readonly part: number;
        readonly start: Holders;
        readonly coming: Holders;
        readonly refused: Holders;
        readonly refusal: RefusalReason | null;
      }
    >
  /** They waited for a licence, but Apple lists their devices already, under other spellings of the serial numbers. */
  | Event<'found-held', Holders & OrderRefs>
  | Event<
      'licenses-failed',
      Holders &
        OrderRefs & {
          readonly callId: string;
          /** A failed return leaves the pair assigned. */
          readonly action: Action;
          readonly errorNumber: number;
          readonly reason: string;
        }
    >
  /** Apple says short although we saw one free: these head the waiting list and nobody is served until that is cleared. */
  | Event<'found-short', Holders & OrderRefs & { readonly callId: string }>
  | Event<'shortage-cleared', { readonly available: number | null }>
  /** The answer to one request of a return. `returning` pairs form a lot of open work. */
  | Event<
      'licenses-returning',
      {
        readonly orderId: string;
        readonly part: number;
        readonly returning: Holders;
        readonly lot: number;
        /** Part of the answer: how many ended at once, since no call had claimed them. `reservations-ended` names them. */
        readonly ended: number;
        /** Claimed by a call: the return follows its settlement. */
        readonly pending: Holders;
        /** On its way back already, by the order in `heldBy`. */
        readonly alreadyHeld: Holders;
        readonly heldBy: readonly string[];
        readonly notHeld: Holders;
        readonly refused: Holders;
        readonly refusal: RefusalReason | null;
        /** Devices of the returning ones that the app was rolled out to: what is not installed there yet is cancelled. */
        readonly rolledOut?: readonly string[];
        /** The app is removed from devices when their licence has gone back; at once where none is held any more. */
        readonly removeApp?: true;
      }
    >
  /** Remembered returns of pairs that are assigned by now. */
  | Event<'returns-started', Holders & OrderRefs & { readonly lot: number }>
  /** `toRemove`: those of them from whose devices the app is removed, with the order that wants that. */
  | Event<
      'licenses-returned',
      Holders & OrderRefs & { readonly callId: string; readonly toRemove?: Holders & OrderRefs }
    >
  /** Returned pairs that were ordered again meanwhile, and such whose promised licence does not come: they wait now. `toInstall`: those that a rollout waits for, with its order. */
  | Event<
      'waiting-listed',
      Holders &
        OrderRefs &
        Wish & {
          readonly toInstall?: Holders & OrderRefs;
          /** They waited before, for a licence that was promised to them; absent: they come to wait. */
          readonly promised?: true;
        }
    >
  /** These pairs wait before all others, or after them; where none is named, all waiting pairs of the order do. */
  | Event<'waiting-moved', Holders & OrderRefs & { readonly to: 'front' | 'back' }>
  /** Pairs that waited will get no licence by this order. */
  | Event<'waiting-refused', Holders & OrderRefs & { readonly refusal: RefusalReason }>
  /** Remembered returns of pairs that never came to be assigned: nothing is left to return. */
  | Event<'returns-ended', Holders & OrderRefs>
  /** Reserved or waiting pairs that ended without Apple: cancelled, or returned by `by`. */
  | Event<
      'reservations-ended',
      Holders &
        OrderRefs & {
          /**
           * What ended: a reservation, a place in the waiting list, a return that no call has (the pair stays assigned),
           * or what was to follow a return (`following`) or a call (`pending`) under way.
           */
          readonly was: 'reserved' | 'waiting' | 'returning' | 'following' | 'pending';
          readonly by: string;
          readonly fromLots: readonly number[];
        }
    >;

/** Events of what Apple has done, or was seen to have. What the ledger decides by itself follows when they are recorded. */
export const happenedAtApple: ReadonlySet<AssetEvent['type']> = new Set<AssetEvent['type']>([
  'asset.totals-read',
  'asset.count-changed',
  'asset.assignments-adopted',
  'asset.adoption-corrected',
  'asset.drift-found',
  'asset.licenses-assigned',
  'asset.licenses-failed',
  'asset.licenses-returned',
  'asset.found-short',
]);

export const assetEventTypes = firstVersions<AssetEvent>({
  'asset.closed': true,
  'asset.opened': true,
  'asset.reserve-set': true,
  'asset.discovered': true,
  'asset.traits-changed': true,
  'asset.totals-read': true,
  'asset.count-changed': true,
  'asset.totals-doubted': true,
  'asset.described': true,
  'asset.assignments-adopted': true,
  'asset.adoption-corrected': true,
  'asset.drift-found': true,
  'asset.late-effect-possible': true,
  'asset.drift-decided': true,
  'asset.baseline-completed': true,
  'asset.licenses-reserved': true,
  'asset.licenses-served': true,
  'asset.reservations-withdrawn': true,
  'asset.licenses-claimed': true,
  'asset.claims-released': true,
  'asset.licenses-assigned': true,
  'asset.installations-answered': true,
  'asset.found-held': true,
  'asset.licenses-failed': true,
  'asset.found-short': true,
  'asset.shortage-cleared': true,
  'asset.licenses-returning': true,
  'asset.returns-started': true,
  'asset.licenses-returned': true,
  'asset.waiting-listed': true,
  'asset.waiting-moved': true,
  'asset.waiting-refused': true,
  'asset.returns-ended': true,
  'asset.reservations-ended': true,
});
