import { firstVersions, type Instant } from '@seatbook/kernel';
import type { Wish } from '../asset/asset-events.js';
import type { Holders } from '../holder.js';
import type { OrderKind } from '../order/order-events.js';
import type { AssetId } from '../ports.js';

type Event<T extends string, D = object> = { readonly type: `group.${T}`; readonly data: D };

/** Whom a group has. */
export type GroupKind = 'devices' | 'persons';

/** What an order gives to all of a group, or takes from them. */
export interface GroupTerms extends Wish {
  readonly uId: string;
  readonly assets: readonly AssetId[];
  readonly platform: string | null;
}

export type GroupEvent =
  | Event<'created', { readonly name: string; readonly kind: GroupKind; readonly follows: boolean }>
  | Event<'renamed', { readonly name: string }>
  /** Whether later joiners get what the group's orders gave, and leavers give it back. */
  | Event<'policy-set', { readonly follows: boolean }>
  | Event<'deleted'>
  /** Up to 1,000 who were not members before. */
  | Event<'members-joined', Holders>
  | Event<'members-left', Holders>
  /** An order is about to be placed for those who are members now. Unless it is placed by then, it never will be. */
  | Event<
      'order-admitted',
      GroupTerms & { readonly orderId: string; readonly kind: OrderKind; readonly withdrawAt: Instant }
    >
  /** All ledgers have answered an order of the group; what it assigns, later joiners get. */
  | Event<'order-answered', { readonly orderId: string }>
  /** It was never placed. */
  | Event<'order-withdrawn', { readonly orderId: string }>
  /** Those of one joining get what the group's orders gave before; `joining`: its number. */
  | Event<
      'joiners-served',
      GroupTerms &
        Holders & {
          readonly orderId: string;
          readonly joining: number;
          /** Ids of those assets whose app is mandatory; absent for none. */
          readonly install?: readonly string[];
        }
    >
  /** What leavers hold by orders of the group alone goes back. */
  | Event<'return-asked', AssetId & Holders & { readonly uId: string; readonly orderId: string }>
  /** Nothing else has to go back from them. */
  | Event<'leavers-served', Holders>;

export const groupEventTypes = firstVersions<GroupEvent>({
  'group.created': true,
  'group.renamed': true,
  'group.policy-set': true,
  'group.deleted': true,
  'group.members-joined': true,
  'group.members-left': true,
  'group.order-admitted': true,
  'group.order-answered': true,
  'group.order-withdrawn': true,
  'group.joiners-served': true,
  'group.return-asked': true,
  'group.leavers-served': true,
});
