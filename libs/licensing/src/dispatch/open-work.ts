import {
  causeOf,
  idOf,
  readModel,
  type Cause,
  type Change,
  type Envelope,
  type Instant,
} from '@seatbook/kernel';
import type { CallEvent } from '../apple-call/call-events.js';
import type { ActivationEvent } from '../activation/activation-events.js';
import { isOfPersons, type CallAction } from '../call-action.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { holderCount, holderKeys, holdersOf, type Holders } from '../holder.js';
import type { OrderEvent } from '../order/order-events.js';
import type { AssetId } from '../ports.js';
import { ACTIVATION, assetOf } from '../asset-id.js';

/** Calls and orders are read before lots, since a lot cannot be judged without them; lots oldest first. */
const FIRST_RANK = 0;
const LOT_RANK = 1;

/** Pairs of one asset that became open work by one event, as far as no call has claimed them. */
export interface LotRow extends Holders {
  readonly row: 'lot';
  readonly rank: typeof LOT_RANK;
  readonly uId: string;
  readonly asset: AssetId;
  readonly action: CallAction;
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
  readonly action: CallAction;
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

type WorkChange = Change<OpenWorkRow>;

const callKey = (stream: string): string => `call ${idOf(stream)}`;
const orderKey = (stream: string): string => `order ${idOf(stream)}`;
/** Ledgers of assets have longer ids than those of persons, which are those of their accounts. */
const lotKey = (stream: string, lot: number): string => `${idOf(stream)}#${lot}`;

const closed = (key: string): readonly WorkChange[] => [{ key, evolve: () => null }];

/** A lot of open work begins by an event. */
function opened(
  envelope: Envelope,
  lot: number,
  { serialNumbers, userIds }: Holders,
  action: CallAction,
  { orderId = '', limit = 0, notBefore = 0 }: { orderId?: string; limit?: number; notBefore?: Instant } = {},
): readonly WorkChange[] {
  if (holderCount({ serialNumbers, userIds }) === 0) return [];
  const { stream, metadata } = envelope;
  const ofPersons = isOfPersons(action);
  const { uId, ...asset } = ofPersons ? { uId: idOf(stream), ...ACTIVATION } : assetOf(idOf(stream));
  const row: LotRow = {
    row: 'lot',
    rank: LOT_RANK,
    uId,
    asset,
    action,
    orderId,
    since: metadata.recordedAt,
    notBefore,
    limit,
    cause: causeOf(envelope),
    serialNumbers,
    userIds,
  };
  return [{ key: lotKey(stream, lot), evolve: () => row }];
}

/** Pairs leave the lots that they were in. */
function left(stream: string, data: Holders & { readonly fromLots: readonly number[] }): WorkChange[] {
  return data.fromLots.map((lot) => ({
    key: lotKey(stream, lot),
    evolve: (row) => (row?.row === 'lot' ? without(row, data) : null),
  }));
}

const persons = ({ userIds }: { readonly userIds: readonly string[] }): Holders => ({
  serialNumbers: [],
  userIds,
});

/** What the dispatcher decides from: open pairs by lot, calls being claimed, orders being reserved. */
export const openWorkModel = readModel<OpenWorkRow, ActivationEvent | AssetEvent | CallEvent | OrderEvent>()({
  name: 'open-work',
  version: 4,
  on: {
    'asset.licenses-reserved'(event) {
      const { lot, reserved, orderId } = event.data;
      return opened(event, lot, reserved, 'associate', { orderId });
    },
    'asset.licenses-returning'(event) {
      const { lot, returning, orderId } = event.data;
      return opened(event, lot, returning, 'disassociate', { orderId });
    },
    'asset.licenses-served': (event) => opened(event, event.data.lot, event.data, 'associate'),
    'asset.returns-started': (event) => opened(event, event.data.lot, event.data, 'disassociate'),
    'asset.claims-released'(event) {
      const { lot, action, limit, notBefore } = event.data;
      return opened(event, lot, event.data, action, { limit, notBefore });
    },
    'asset.licenses-claimed': ({ stream, data }) => left(stream, data),
    'asset.reservations-withdrawn': ({ stream, data }) => left(stream, data),
    'asset.reservations-ended': ({ stream, data }) => left(stream, data),
    'activation.ordered': (event) => opened(event, event.data.lot, persons(event.data), 'create'),
    'activation.update-opened': (event) => opened(event, event.data.lot, persons(event.data), 'update'),
    'activation.retirement-opened': (event) => opened(event, event.data.lot, persons(event.data), 'retire'),
    'activation.claims-released'(event) {
      const { lot, action, limit, notBefore } = event.data;
      return opened(event, lot, persons(event.data), action, { limit, notBefore });
    },
    'activation.claimed': ({ stream, data }) => left(stream, { ...persons(data), fromLots: data.fromLots }),
    'activation.withdrawn': ({ stream, data }) => left(stream, { ...persons(data), fromLots: data.fromLots }),
    'activation.update-withdrawn': ({ stream, data }) =>
      left(stream, { ...persons(data), fromLots: data.fromLots }),
    'call.planned'({ stream, data: { uId, action, assets, serialNumbers, userIds } }) {
      const row: CallRow = {
        row: 'call',
        rank: FIRST_RANK,
        uId,
        action,
        assets,
        serialNumbers,
        userIds,
      };
      return [{ key: callKey(stream), evolve: () => row }];
    },
    'call.ready': ({ stream }) => closed(callKey(stream)),
    'call.dropped': ({ stream }) => closed(callKey(stream)),
    'order.placed'({ stream, data: { uId } }) {
      const row: OrderRow = { row: 'order', rank: FIRST_RANK, uId, orderId: idOf(stream) };
      return [{ key: orderKey(stream), evolve: () => row }];
    },
    'order.reserved': ({ stream }) => closed(orderKey(stream)),
    'order.finished': ({ stream }) => closed(orderKey(stream)),
  },
  indexes: [{ name: 'by-account', fields: ['uId', 'rank', 'since'] }],
});

function without(row: LotRow, gone: Holders): LotRow | null {
  const keys = new Set(holderKeys(gone));
  const left = holderKeys(row).filter((key) => !keys.has(key));
  return left.length === 0 ? null : { ...row, ...holdersOf(left) };
}
