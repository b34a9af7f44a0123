import { idOf, readModel, type Instant, type Position } from '@seatbook/kernel';
import type { AssetEvent, RefusalReason } from '../asset/asset-events.js';
import { countByOrder } from '../holder.js';
import type { AssetId } from '../ports.js';
import { outcomeCounts, pairsOf } from './order-decider.js';
import type { OrderEvent, OrderTerms, OutcomeCounts } from './order-events.js';

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
  platform: string | null;
  principal: string;
  reason: string | null;
  final: OutcomeCounts;
  /** Pairs that wait for a licence. */
  waiting: number;
  /** Refusals and ledgers that did not answer. */
  refusals: readonly (AssetId & { readonly refusal: RefusalReason; readonly pairs: number })[];
  silent: readonly AssetId[];
  placedAt: Instant | null;
  finishedAt: Instant | null;
  position: Position;
}

type WaitingEvent = Extract<
  AssetEvent,
  {
    type:
      | 'asset.licenses-served'
      | 'asset.reservations-withdrawn'
      | 'asset.found-short'
      | 'asset.licenses-assigned'
      | 'asset.reservations-ended';
  }
>;

type OrderModelEvent = OrderEvent | WaitingEvent;

export const ordersModel = readModel<OrderDocument, OrderModelEvent>()({
  name: 'orders',
  version: 1,
  handles: [
    'order.created',
    'order.placed',
    'order.abandoned',
    'order.reservation-answered',
    'order.reserved',
    'order.outcomes-recorded',
    'order.finished',
    'asset.licenses-served',
    'asset.reservations-withdrawn',
    'asset.found-short',
    'asset.licenses-assigned',
    'asset.reservations-ended',
  ],
  keysOf(event) {
    if (event.type.startsWith('order.')) return [idOf(event.stream)];
    const { data } = event as WaitingEvent;
    return waitingChange(event as WaitingEvent) === 0 ? [] : [...countByOrder(data, data).keys()];
  },
  evolve(before, envelope, orderId) {
    const event = envelope as OrderModelEvent;
    const { position, metadata } = envelope;
    if (event.type === 'order.created' || (event.type === 'order.placed' && !before)) {
      const { kind, uId, assets, holders, ifShort, platform, at } = event.data;
      const placed = event.type === 'order.placed';
      return {
        orderId,
        uId,
        kind,
        state: placed ? 'placed' : 'listing',
        assets,
        holders,
        pairs: pairsOf(event.data),
        ifShort,
        platform,
        principal: metadata.principal,
        reason: metadata.reason ?? null,
        final: outcomeCounts({}),
        waiting: 0,
        refusals: [],
        silent: [],
        placedAt: placed ? at : null,
        finishedAt: null,
        position,
      };
    }
    if (!before) return null;
    before.position = position;
    change(before, event, metadata.recordedAt);
    return before;
  },
  indexes: [
    { name: 'by-account', fields: ['uId', 'position'] },
    { name: 'by-account-state', fields: ['uId', 'state', 'position'] },
    { name: 'by-state', fields: ['state', 'position'] },
    { name: 'by-position', fields: ['position'] },
  ],
});

function change(order: OrderDocument, event: OrderModelEvent, at: Instant): void {
  switch (event.type) {
    case 'order.placed':
      order.state = 'placed';
      order.placedAt = at;
      return;
    case 'order.abandoned':
      order.state = 'abandoned';
      return;
    case 'order.reservation-answered': {
      const { final, waiting, refusal, adamId, pricingParam } = event.data;
      add(order, final);
      order.waiting += waiting;
      if (refusal)
        order.refusals = withRefusal(order.refusals, { adamId, pricingParam, refusal, pairs: final.refused });
      break;
    }
    case 'order.reserved':
      order.silent = event.data.silent;
      order.state = 'working';
      break;
    case 'order.outcomes-recorded':
      add(order, event.data.final);
      break;
    case 'order.finished':
      order.state = 'finished';
      order.finishedAt = at;
      return;
    case 'asset.licenses-served':
    case 'asset.reservations-withdrawn':
    case 'asset.found-short':
    case 'asset.licenses-assigned':
    case 'asset.reservations-ended':
      order.waiting += waitingChange(event) * (countByOrder(event.data, event.data).get(order.orderId) ?? 0);
      break;
    default:
      return;
  }
  if (order.state !== 'working' && order.state !== 'waiting') return;
  const done = (Object.values(order.final) as number[]).reduce<number>((sum, count) => sum + count, 0);
  order.state = order.waiting > 0 && done + order.waiting >= order.pairs ? 'waiting' : 'working';
}

/** +1 for each pair that begins to wait by an event, -1 for each that ends waiting. */
function waitingChange(event: WaitingEvent): number {
  switch (event.type) {
    case 'asset.licenses-served':
      return -1;
    case 'asset.reservations-withdrawn':
    case 'asset.found-short':
      return 1;
    case 'asset.licenses-assigned':
      return event.data.was === 'waiting' ? -1 : 0;
    case 'asset.reservations-ended':
      return event.data.was === 'waiting' || event.data.was === 'following' ? -1 : 0;
  }
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
