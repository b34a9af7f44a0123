import { idOf, type CommandMessage, type DomainEvent, type Envelope, type Reaction } from '@seatbook/kernel';
import type { AssetCommand } from '../asset/asset-decider.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { MAX_HOLDERS, countByOrder, holderCount } from '../holder.js';
import { assetOf, assetStream, orderStream } from '../streams.js';
import { outcomeCounts, type OrderCommand } from './order-decider.js';
import type { OrderEvent, OutcomeCounts } from './order-events.js';

type EventOf<E extends DomainEvent, T extends E['type']> = Envelope<Extract<E, { type: T }>>;

/** Each question of an order goes to the ledger of its asset. */
const askLedger: Reaction<Extract<OrderEvent, { type: 'order.reservation-asked' }>> = {
  name: 'order.ask-ledger',
  handles: ['order.reservation-asked'],
  react({ stream, data }) {
    const { uId, kind, part, serialNumbers, userIds, ifShort, platform } = data;
    const common = { orderId: idOf(stream), part, holders: { serialNumbers, userIds } };
    const command: AssetCommand =
      kind === 'assign'
        ? { type: 'ReserveLicenses', ...common, ifShort, platform }
        : { type: 'ReturnLicenses', ...common };
    return [{ stream: assetStream(uId, data), command }];
  },
};

/** Pairs that nobody asked for wait no longer. */
const endWaiting: Reaction<Extract<OrderEvent, { type: 'order.cancellation-asked' }>> = {
  name: 'order.end-waiting',
  handles: ['order.cancellation-asked'],
  react({ stream, data: { uId, assets } }) {
    return assets.map((asset): CommandMessage => {
      const command: AssetCommand = { type: 'EndWaiting', orderId: idOf(stream) };
      return { stream: assetStream(uId, asset), command };
    });
  },
};

/** A ledger ends so many at once; a full event says that there may be more. */
const endMoreWaiting: Reaction<Extract<AssetEvent, { type: 'asset.reservations-ended' }>> = {
  name: 'order.end-more-waiting',
  handles: ['asset.reservations-ended'],
  react({ stream, data }) {
    const cancelled = data.was !== 'reserved' && 'orderId' in data && data.orderId === data.by;
    if (!cancelled || holderCount(data) < MAX_HOLDERS) return [];
    const command: AssetCommand = { type: 'EndWaiting', orderId: data.by };
    return [{ stream, command }];
  },
};

/** Pairs that went back to the waiting list are no longer wanted by a cancelled order. */
const cancelAgain: Reaction<
  Extract<AssetEvent, { type: 'asset.found-short' | 'asset.reservations-withdrawn' }>
> = {
  name: 'order.cancel-again',
  handles: ['asset.found-short', 'asset.reservations-withdrawn'],
  react({ data }) {
    return [...countByOrder(data, data).keys()].map((orderId) => {
      const command: OrderCommand = { type: 'CancelAgain' };
      return { stream: orderStream(orderId), command };
    });
  },
};

/** The ledger's answer goes back to the order. */
const takeAnswer: Reaction<
  Extract<AssetEvent, { type: 'asset.licenses-reserved' | 'asset.licenses-returning' }>
> = {
  name: 'order.take-answer',
  handles: ['asset.licenses-reserved', 'asset.licenses-returning'],
  react(event) {
    const { adamId, pricingParam } = assetOf(idOf(event.stream));
    const answer =
      event.type === 'asset.licenses-reserved'
        ? reservation(event as EventOf<AssetEvent, 'asset.licenses-reserved'>)
        : returning(event as EventOf<AssetEvent, 'asset.licenses-returning'>);
    const { orderId, part, refusal } = event.data;
    const command: OrderCommand = {
      type: 'RecordAnswer',
      asset: { adamId, pricingParam },
      part,
      refusal,
      ...answer,
    };
    return [{ stream: orderStream(orderId), command }];
  },
};

function reservation({ data }: EventOf<AssetEvent, 'asset.licenses-reserved'>) {
  return {
    final: outcomeCounts({ alreadyHeld: holderCount(data.alreadyHeld), refused: holderCount(data.refused) }),
    waiting: holderCount(data.waiting) + holderCount(data.following),
    open: holderCount(data.reserved),
  };
}

function returning({ data }: EventOf<AssetEvent, 'asset.licenses-returning'>) {
  return {
    final: outcomeCounts({
      returned: data.ended,
      alreadyHeld: holderCount(data.alreadyHeld),
      notHeld: holderCount(data.notHeld),
      refused: holderCount(data.refused),
    }),
    waiting: 0,
    open: holderCount(data.returning) + holderCount(data.pending),
  };
}

type OutcomeEvent = Extract<
  AssetEvent,
  {
    type:
      | 'asset.licenses-assigned'
      | 'asset.licenses-failed'
      | 'asset.licenses-returned'
      | 'asset.returns-ended'
      | 'asset.reservations-ended';
  }
>;

const OUTCOME_OF: Readonly<Record<OutcomeEvent['type'], keyof OutcomeCounts>> = {
  'asset.licenses-assigned': 'assigned',
  'asset.licenses-failed': 'failed',
  'asset.licenses-returned': 'returned',
  'asset.returns-ended': 'returned',
  'asset.reservations-ended': 'cancelled',
};

/** Final outcomes of pairs are counted by the orders that wanted them. */
const takeOutcomes: Reaction<OutcomeEvent> = {
  name: 'order.take-outcomes',
  handles: Object.keys(OUTCOME_OF) as OutcomeEvent['type'][],
  react({ type, data }) {
    const counts = countByOrder(data, data);
    return [...counts].map(([orderId, count]) => {
      const command: OrderCommand = {
        type: 'RecordOutcomes',
        final: outcomeCounts({ [OUTCOME_OF[type]]: count }),
      };
      return { stream: orderStream(orderId), command };
    });
  },
};

export const orderReactions: readonly Reaction[] = [
  askLedger,
  endWaiting,
  endMoreWaiting,
  cancelAgain,
  takeAnswer,
  takeOutcomes,
];
