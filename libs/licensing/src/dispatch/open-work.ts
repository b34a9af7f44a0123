import { causeOf, idOf, readModel, type Cause, type Envelope, type Instant } from '@seatbook/kernel';
import type { CallEvent } from '../apple-call/call-events.js';
import type { Action, AssetEvent } from '../asset/asset-events.js';
import { holderCount, holderKeys, holdersOf, type Holders } from '../holder.js';
import type { OrderEvent } from '../order/order-events.js';
import type { AssetId } from '../ports.js';
import { assetOf } from '../asset-id.js';

/** Calls and orders are read before lots, since a lot cannot be judged without them; lots oldest first. */
const FIRST_RANK = 0;
const LOT_RANK = 1;

/** Pairs of one asset that became open work by one event, as far as no call has claimed them. */
export interface LotRow extends Holders {
  readonly row: 'lot';
  readonly rank: typeof LOT_RANK;
  readonly uId: string;
  readonly asset: AssetId;
  readonly action: Action;
  /** The order whose other answers are awaited; '' for work that awaits none. */
  readonly orderId: string;
  readonly since: Instant;
  readonly notBefore: Instant;
  /** No call of more pairs may carry it; 0: any. */
  readonly limit: number;
  /** The event that opened it. */
  readonly cause: Cause;
}

/** A call that is planned and has not yet claimed its pairs. */
export interface CallRow extends Holders {
  readonly row: 'call';
  readonly rank: typeof FIRST_RANK;
  readonly uId: string;
  readonly action: Action;
  readonly assets: readonly AssetId[];
}

/** An order that is placed and not yet reserved: its lots wait for each other. */
export interface OrderRow {
  readonly row: 'order';
  readonly rank: typeof FIRST_RANK;
  readonly uId: string;
  readonly orderId: string;
}

export type OpenWorkRow = LotRow | CallRow | OrderRow;

type OpenWorkEvent =
  | Extract<
      AssetEvent,
      {
        type:
          | 'asset.licenses-reserved'
          | 'asset.licenses-served'
          | 'asset.licenses-returning'
          | 'asset.returns-started'
          | 'asset.claims-released'
          | 'asset.licenses-claimed'
          | 'asset.reservations-withdrawn'
          | 'asset.reservations-ended';
      }
    >
  | Extract<CallEvent, { type: 'call.planned' | 'call.ready' | 'call.dropped' }>
  | Extract<OrderEvent, { type: 'order.placed' | 'order.reserved' | 'order.finished' }>;

/** What the dispatcher decides from: open pairs by lot, calls being claimed, orders being reserved. */
export const openWorkModel = readModel<OpenWorkRow, OpenWorkEvent>()({
  name: 'open-work',
  version: 2,
  handles: [
    'asset.licenses-reserved',
    'asset.licenses-served',
    'asset.licenses-returning',
    'asset.returns-started',
    'asset.claims-released',
    'asset.licenses-claimed',
    'asset.reservations-withdrawn',
    'asset.reservations-ended',
    'call.planned',
    'call.ready',
    'call.dropped',
    'order.placed',
    'order.reserved',
    'order.finished',
  ],
  keysOf(event) {
    const key = idOf(event.stream);
    const { type, data } = event as OpenWorkEvent;
    switch (type) {
      case 'asset.licenses-reserved':
        return holderCount(data.reserved) > 0 ? [`${key}#${data.lot}`] : [];
      case 'asset.licenses-returning':
        return holderCount(data.returning) > 0 ? [`${key}#${data.lot}`] : [];
      case 'asset.licenses-served':
      case 'asset.returns-started':
      case 'asset.claims-released':
        return [`${key}#${data.lot}`];
      case 'asset.licenses-claimed':
      case 'asset.reservations-withdrawn':
      case 'asset.reservations-ended':
        return data.fromLots.map((lot) => `${key}#${lot}`);
      case 'call.planned':
      case 'call.ready':
      case 'call.dropped':
        return [`call ${key}`];
      case 'order.placed':
      case 'order.reserved':
      case 'order.finished':
        return [`order ${key}`];
    }
  },
  evolve(row, envelope) {
    const event = envelope as OpenWorkEvent;
    switch (event.type) {
      case 'asset.licenses-reserved':
        return opened(envelope, event.data.reserved, 'associate', { orderId: event.data.orderId });
      case 'asset.licenses-returning':
        return opened(envelope, event.data.returning, 'disassociate', { orderId: event.data.orderId });
      case 'asset.licenses-served':
        return opened(envelope, event.data, 'associate', {});
      case 'asset.returns-started':
        return opened(envelope, event.data, 'disassociate', {});
      case 'asset.claims-released': {
        const { action, limit, notBefore } = event.data;
        return opened(envelope, event.data, action, { limit, notBefore });
      }
      case 'asset.licenses-claimed':
      case 'asset.reservations-withdrawn':
      case 'asset.reservations-ended':
        return row?.row === 'lot' ? without(row, event.data) : null;
      case 'call.planned': {
        const { uId, action, assets, serialNumbers, userIds } = event.data;
        return { row: 'call', rank: FIRST_RANK, uId, action, assets, serialNumbers, userIds };
      }
      case 'order.placed':
        return { row: 'order', rank: FIRST_RANK, uId: event.data.uId, orderId: idOf(envelope.stream) };
      case 'call.ready':
      case 'call.dropped':
      case 'order.reserved':
      case 'order.finished':
        return null;
    }
  },
  indexes: [{ name: 'by-account', fields: ['uId', 'rank', 'since'] }],
});

function opened(
  envelope: Envelope,
  { serialNumbers, userIds }: Holders,
  action: Action,
  { orderId = '', limit = 0, notBefore = 0 }: { orderId?: string; limit?: number; notBefore?: Instant },
): LotRow {
  const { stream, metadata } = envelope;
  const { uId, adamId, pricingParam } = assetOf(idOf(stream));
  const asset = { adamId, pricingParam };
  const since = metadata.recordedAt;
  return {
    row: 'lot',
    rank: LOT_RANK,
    uId,
    asset,
    action,
    orderId,
    since,
    notBefore,
    limit,
    cause: causeOf(envelope),
    serialNumbers,
    userIds,
  };
}

function without(row: LotRow, gone: Holders): LotRow | null {
  const keys = new Set(holderKeys(gone));
  const left = holderKeys(row).filter((key) => !keys.has(key));
  return left.length === 0 ? null : { ...row, ...holdersOf(left) };
}
