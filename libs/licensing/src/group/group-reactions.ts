import { idOf, messageTo, reaction, type Reaction } from '@seatbook/kernel';
import type { OrderEvent } from '../order/order-events.js';
import { groupStream } from '../streams.js';

/** All ledgers have answered an order of a group. */
const takeAnswered = reaction<OrderEvent>('group.take-answered', {
  'order.reserved': ({ stream, data: { groupId } }) =>
    groupId === undefined
      ? []
      : [messageTo(groupStream(groupId), { type: 'AnswerOrder', orderId: idOf(stream) })],
});

export const groupReactions: readonly Reaction[] = [takeAnswered];
