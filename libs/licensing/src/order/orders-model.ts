import {
  idOf,
  readModel,
  type Change,
  type Envelope,
  type EventOf,
  type Instant,
  type Position,
  type Recorded,
} from '@seatbook/kernel';
import type { AssetEvent, RefusalReason } from '../asset/asset-events.js';
import { assetOf } from '../asset-id.js';
import { countByOrder, type Holders, type OrderRefs } from '../holder.js';
import type { AssetId } from '../ports.js';
import { outcomeCounts } from './order-decider.js';
import type { OrderEvent, OrderTerms, OutcomeCounts, OrderScope } from './order-events.js';
import { pairsOf } from './order-questions.js';

/** An order with its progress. */
export interface OrderDocument {
  orderId: string;
  uId: string;
  kind: OrderTerms['kind'];
  state: 'listing' | 'placed' | 'working' | 'waiting' | 'finished' | 'abandoned';
  assets: readonly AssetId[];
  holders: number;
  pairs: number;
  ifShort: 'wait' | 'refuse';
  /** It may have licences of the reserve. */
  fromReserve: boolean;
  platform: string | null;
  /** The group whose members it names; null: it names its holders. */
  groupId: string | null;
  /** Whom the order was for when it was placed; null: it names them, or a group. */
  scope: OrderScope | null;
  principal: string;
  reason: string | null;
  final: OutcomeCounts;
  /** Pairs that wait for a licence. */
  waiting: number;
  /** Refusals and ledgers that did not answer. */
  refusals: readonly (AssetId & { readonly refusal: RefusalReason; readonly pairs: number })[];
  silent: readonly AssetId[];
  /** When it was asked for: its place in every list. */
  orderedAt: Instant;
  placedAt: Instant | null;
  finishedAt: Instant | null;
  position: Position;
}

type OrderChange = Change<OrderDocument>;

/** An order that is there changes by an event of its own. */
const changed =
  <E extends OrderEvent>(fold: (order: OrderDocument, data: E['data'], at: Instant) => void) =>
  (event: Recorded & E): readonly OrderChange[] => {
    const { stream, position, metadata, data } = event;
    const evolve: OrderChange['evolve'] = (order) => {
      if (!order) return null;
      order.position = position;
      fold(order, data, metadata.recordedAt);
      return order;
    };
    return [{ key: idOf(stream), evolve }];
  };

/** So many more (or fewer, below 0) pairs of each order wait, for each pair that the event names. */
function waited(event: Envelope & { readonly data: Holders & OrderRefs }, change: 1 | -1): OrderChange[] {
  const { data, position } = event;
  return [...countByOrder(data, data)].map(([key, count]) => ({
    key,
    evolve(order) {
      if (!order) return null;
      order.position = position;
      order.waiting += change * count;
      revise(order);
      return order;
    },
  }));
}

/** They wait no longer; the order says why. */
function refused(event: Envelope<EventOf<AssetEvent, 'asset.waiting-refused'>>): OrderChange[] {
  const { adamId, pricingParam } = assetOf(idOf(event.stream));
  const { refusal } = event.data;
  const counts = countByOrder(event.data, event.data);
  return waited(event, -1).map(({ key, evolve }) => ({
    key,
    evolve(before) {
      const order = evolve(before);
      if (!order) return null;
      const pairs = counts.get(key) ?? 0;
      order.refusals = withRefusal(order.refusals, { adamId, pricingParam, refusal, pairs });
      return order;
    },
  }));
}

function newOrder(
  event: Envelope<EventOf<OrderEvent, 'order.created' | 'order.placed'>>,
  state: 'listing' | 'placed',
): OrderDocument {
  const { stream, position, metadata, data } = event;
  const {
    kind,
    uId,
    assets,
    holders,
    ifShort,
    fromReserve,
    platform,
    groupId = null,
    scope = null,
    at,
  } = data;
  return {
    orderId: idOf(stream),
    uId,
    kind,
    state,
    assets,
    holders,
    pairs: pairsOf(data),
    ifShort,
    fromReserve,
    platform,
    groupId,
    scope,
    principal: metadata.principal,
    reason: metadata.reason ?? null,
    final: outcomeCounts({}),
    waiting: 0,
    refusals: [],
    silent: [],
    orderedAt: metadata.recordedAt,
    placedAt: state === 'placed' ? at : null,
    finishedAt: null,
    position,
  };
}

export const ordersModel = readModel<OrderDocument, OrderEvent | AssetEvent>()({
  name: 'orders',
  version: 5,
  on: {
    'order.created': (event) => [{ key: idOf(event.stream), evolve: () => newOrder(event, 'listing') }],
    'order.placed': (event) => [
      {
        key: idOf(event.stream),
        // A short order is created and placed by one event.
        evolve: (order) =>
          order
            ? { ...order, state: 'placed', placedAt: event.metadata.recordedAt, position: event.position }
            : newOrder(event, 'placed'),
      },
    ],
    'order.abandoned': changed((order) => void (order.state = 'abandoned')),
    'order.reservation-answered': changed((order, { final, waiting, refusal, adamId, pricingParam }) => {
      add(order, final);
      order.waiting += waiting;
      if (refusal) {
        const refused = { adamId, pricingParam, refusal, pairs: final.refused };
        order.refusals = withRefusal(order.refusals, refused);
      }
      revise(order);
    }),
    'order.reserved': changed((order, { silent }) => {
      order.silent = silent;
      order.state = 'working';
      revise(order);
    }),
    'order.outcomes-recorded': changed((order, { final }) => {
      add(order, final);
      revise(order);
    }),
    'order.finished': changed((order, _data, at) => {
      order.state = 'finished';
      order.finishedAt = at;
    }),
    'asset.licenses-served': (event) => waited(event, -1),
    'asset.reservations-withdrawn': (event) => waited(event, 1),
    'asset.found-short': (event) => waited(event, 1),
    'asset.found-held': (event) => waited(event, -1),
    'asset.licenses-assigned': (event) => (event.data.callId === null ? waited(event, -1) : []),
    'asset.waiting-refused': (event) => refused(event),
    'asset.reservations-ended': (event) =>
      event.data.was === 'waiting' || event.data.was === 'following' ? waited(event, -1) : [],
  },
  indexes: [
    { name: 'by-account', fields: ['uId', 'orderedAt'] },
    { name: 'by-account-state', fields: ['uId', 'state', 'orderedAt'] },
    { name: 'by-state', fields: ['state', 'orderedAt'] },
    { name: 'by-time', fields: ['orderedAt'] },
  ],
});

/** It waits when all that is not over waits for a licence. */
function revise(order: OrderDocument): void {
  if (order.state !== 'working' && order.state !== 'waiting') return;
  const done = (Object.values(order.final) as number[]).reduce<number>((sum, count) => sum + count, 0);
  order.state = order.waiting > 0 && done + order.waiting >= order.pairs ? 'waiting' : 'working';
}

function add(order: OrderDocument, final: OutcomeCounts): void {
  const sum = { ...order.final } as Record<keyof OutcomeCounts, number>;
  for (const name of Object.keys(sum) as (keyof OutcomeCounts)[]) sum[name] += final[name];
  order.final = sum;
}

function withRefusal(
  refusals: OrderDocument['refusals'],
  more: OrderDocument['refusals'][number],
): OrderDocument['refusals'] {
  const same = refusals.find(
    ({ adamId, pricingParam, refusal }) =>
      adamId === more.adamId && pricingParam === more.pricingParam && refusal === more.refusal,
  );
  if (!same) return [...refusals, more];
  return refusals.map((one) => (one === same ? { ...one, pairs: one.pairs + more.pairs } : one));
}
