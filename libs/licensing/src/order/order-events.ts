import { firstVersions, type Instant } from '@seatbook/kernel';
import type { AssignmentType } from '../account/account-events.js';
import type { RefusalReason, Wish } from '../asset/asset-events.js';
import type { HolderKey, Holders } from '../holder.js';
import type { AssetId } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `order.${T}`;
  readonly data: D & { readonly uId: string };
};

/** What can be ordered, by the names that its commands have everywhere. */
export const ORDER_KINDS = ['AssignLicense', 'ReturnLicense', 'ReassignLicense', 'RolloutApp'] as const;

export type OrderKind = (typeof ORDER_KINDS)[number];

/**
 * Whom an order is for that names nobody. Of a rollout: those who hold a licence, or those on whom another rollout has
 * failed. Of licences that devices or persons are to hold in place of the others: those who get one, and those who give
 * theirs back.
 */
export type OrderScope =
  { readonly assigned: true } | { readonly failedOf: string } | { readonly moveTo: AssignmentType };

/** What a principal asked for: each of these assets for each of the holders listed. */
export interface OrderTerms extends Wish {
  readonly kind: OrderKind;
  readonly uId: string;
  readonly assets: readonly AssetId[];
  /** Platform of the devices, checked against the asset's; null: not checked. */
  readonly platform: string | null;
  /** Number of holders in all; of an order with a scope, that of its pairs. */
  readonly holders: number;
  /** Whom the order was for; absent where it named its holders, or a group. */
  readonly scope?: OrderScope;
  /** How many of the holders each of the assets is for, one after the other; absent where each is for all of them. */
  readonly targets?: readonly number[];
  /** Of two holders the one whose licence the other one gets; absent where nothing is reassigned. */
  readonly giver?: HolderKey;
  /** The group whose members they are, or were when they were listed. */
  readonly groupId?: string;
  /** Of a return: where the app is installed, it is removed when the licence has gone back. Absent: it stays. */
  readonly removeApp?: true;
  /** Ids of those assets whose app is mandatory: it is installed where its licence comes. Absent for none. */
  readonly install?: readonly string[];
}

/** Final outcomes of pairs, counted. */
export interface OutcomeCounts {
  readonly assigned: number;
  readonly returned: number;
  /**
   * Held by another order (assign), on its way back already (return), or held or coming (rollout): installing it begins,
   * and the device tells how it ends.
   */
  readonly alreadyHeld: number;
  readonly notHeld: number;
  readonly refused: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** Its id was made of an Idempotency-Key that was used for another request: no order will ever have it. */
interface KeyTaken {
  readonly type: 'order.key-taken';
  /** Name of the command that the key was used for. */
  readonly data: { readonly by: string };
}

export type OrderEvent =
  | KeyTaken
  /** A long order: its holders follow. If it is not placed by `abandonAt`, it never will be. */
  | Event<'created', OrderTerms & { readonly at: Instant; readonly abandonAt: Instant }>
  | Event<'holders-listed', Holders>
  /** The order acts from here on. Carries the last holders, or all of a short order. */
  | Event<'placed', OrderTerms & Holders & { readonly at: Instant }>
  /** It was never placed. */
  | Event<'abandoned', { readonly listed: number }>
  /** One question to one ledger: an asset and up to 1,000 holders. */
  | Event<
      'reservation-asked',
      AssetId &
        Holders &
        Wish & {
          readonly kind: OrderKind;
          readonly part: number;
          readonly platform: string | null;
          /** The app is installed where its licence comes. */
          readonly install?: true;
          /** Of a return: the app is removed when the licence has gone back. */
          readonly removeApp?: true;
          /** Of two holders the one whose licence the other one gets: that is two answers. */
          readonly giver?: HolderKey;
          readonly at: Instant;
          /** Ledgers that have not answered by then are silent. */
          readonly answerBy: Instant;
        }
    >
  | Event<
      'reservation-answered',
      AssetId & {
        readonly part: number;
        /** Pairs that have their final outcome by this answer. */
        readonly final: OutcomeCounts;
        /** Pairs that wait for a licence. */
        readonly waiting: number;
        /** Pairs on their way: reserved, returning, or following a call under way. */
        readonly open: number;
        readonly refusal: RefusalReason | null;
        readonly at: Instant;
        /** The next answer is expected by then. */
        readonly answerBy: Instant;
      }
    >
  /** All ledgers have answered, or are named as silent. */
  | Event<'reserved', { readonly silent: readonly AssetId[]; readonly groupId?: string }>
  /** Pairs reached their final outcome. */
  | Event<'outcomes-recorded', { readonly final: OutcomeCounts }>
  | Event<'cancellation-asked', { readonly assets: readonly AssetId[] }>
  | Event<'finished', { readonly final: OutcomeCounts }>;

export const orderEventTypes = firstVersions<OrderEvent>({
  'order.key-taken': true,
  'order.created': true,
  'order.holders-listed': true,
  'order.placed': true,
  'order.abandoned': true,
  'order.reservation-asked': true,
  'order.reservation-answered': true,
  'order.reserved': true,
  'order.outcomes-recorded': true,
  'order.cancellation-asked': true,
  'order.finished': true,
});
