import { idOf, readModel, type Envelope, type Instant, type Position } from '@seatbook/kernel';
import { holderCount, holderKeys, orderAt, type HolderKey, type Holders } from '../holder.js';
import { assetOf } from '../asset-id.js';
import type { AssetEvent } from './asset-events.js';

export type PairState = 'waiting' | 'reserved' | 'claimed' | 'assigned' | 'returning' | 'failed';

/** One asset and one holder, as they stand. Pairs that are gone have no document; the timeline tells of them. */
export interface PairDocument {
  uId: string;
  adamId: string;
  pricingParam: string;
  /** `{uId}.{adamId}.{pricingParam}` */
  asset: string;
  /** `d:{serial number}` or `u:{userId}` */
  holder: HolderKey;
  state: PairState;
  /** The order that brought it here; null for an adopted pair. */
  orderId: string | null;
  adopted: boolean;
  callId: string | null;
  errorNumber: number | null;
  reason: string | null;
  /** When it came into this state. */
  since: Instant;
  position: Position;
}

export const pairKey = (asset: string, holder: HolderKey): string => `${asset}|${holder}`;

export const pairsModel = readModel<PairDocument, AssetEvent>()({
  name: 'pairs',
  version: 1,
  handles: [
    'asset.assignments-adopted',
    'asset.licenses-reserved',
    'asset.licenses-served',
    'asset.reservations-withdrawn',
    'asset.licenses-claimed',
    'asset.claims-released',
    'asset.licenses-assigned',
    'asset.licenses-failed',
    'asset.found-short',
    'asset.licenses-returning',
    'asset.returns-started',
    'asset.licenses-returned',
    'asset.waiting-listed',
    'asset.reservations-ended',
  ],
  keysOf(event) {
    const asset = idOf(event.stream);
    return touchedBy(event as AssetEvent).map((holder) => pairKey(asset, holder));
  },
  evolve(before, envelope, key) {
    const [asset = '', holder = ''] = key.split('|');
    const event = envelope as AssetEvent;
    const { position, metadata } = envelope;
    const pair: PairDocument = before ?? {
      ...assetOf(asset),
      asset,
      holder,
      state: 'assigned',
      orderId: null,
      adopted: false,
      callId: null,
      errorNumber: null,
      reason: null,
      since: 0,
      position,
    };
    const change = changeOf(event, holder, envelope, pair);
    if (change === null) return null;
    if (change.state !== undefined && change.state !== before?.state) pair.since = metadata.recordedAt;
    pair.position = position;
    return Object.assign(pair, change);
  },
  indexes: [
    { name: 'by-holder', fields: ['holder', 'uId', 'adamId'] },
    { name: 'by-asset', fields: ['asset', 'state'] },
    { name: 'by-state', fields: ['uId', 'state'] },
  ],
});

/** Holders whose pair an event changes. */
export function touchedBy(event: AssetEvent): readonly HolderKey[] {
  switch (event.type) {
    case 'asset.licenses-reserved':
      return [...holderKeys(event.data.reserved), ...holderKeys(event.data.waiting)];
    case 'asset.licenses-returning':
      return holderKeys(event.data.returning);
    case 'asset.reservations-ended':
      return event.data.was === 'reserved' || event.data.was === 'waiting' ? holderKeys(event.data) : [];
    case 'asset.assignments-adopted':
    case 'asset.licenses-served':
    case 'asset.reservations-withdrawn':
    case 'asset.licenses-claimed':
    case 'asset.claims-released':
    case 'asset.licenses-assigned':
    case 'asset.licenses-failed':
    case 'asset.found-short':
    case 'asset.returns-started':
    case 'asset.licenses-returned':
    case 'asset.waiting-listed':
      return holderKeys(event.data);
    default:
      return [];
  }
}

/** Below this length a list is searched; the lists of most events name one holder. */
const SHORT_LIST = 16;
/** Places in long lists, made once per event. */
const places = new WeakMap<object, Map<HolderKey, number>>();

/** Place of a holder among those of an event, or -1. */
function placeOf(holder: HolderKey, event: Envelope, holders: Holders): number {
  if (holderCount(holders) < SHORT_LIST) return holderKeys(holders).indexOf(holder);
  let known = places.get(event.data as object);
  if (!known) {
    known = new Map(holderKeys(holders).map((key, index) => [key, index]));
    places.set(event.data as object, known);
  }
  return known.get(holder) ?? -1;
}

function changeOf(
  event: AssetEvent,
  holder: HolderKey,
  envelope: Envelope,
  pair: PairDocument,
): Partial<PairDocument> | null {
  const clean = { callId: null, errorNumber: null, reason: null };
  switch (event.type) {
    case 'asset.assignments-adopted':
      return { state: 'assigned', adopted: true, orderId: null, ...clean };
    case 'asset.licenses-reserved': {
      const { orderId, reserved, waitingReason } = event.data;
      const granted = placeOf(holder, envelope, reserved) >= 0;
      const fresh = { orderId, adopted: false, ...clean };
      return granted
        ? { state: 'reserved', ...fresh }
        : { state: 'waiting', ...fresh, reason: waitingReason };
    }
    case 'asset.licenses-served':
      return { state: 'reserved', ...clean };
    case 'asset.reservations-withdrawn':
      return { state: 'waiting', ...clean, reason: 'short' };
    case 'asset.licenses-claimed':
      return event.data.action === 'associate'
        ? { state: 'claimed', callId: event.data.callId }
        : { callId: event.data.callId };
    case 'asset.claims-released':
      return event.data.action === 'associate' ? { state: 'reserved', callId: null } : { callId: null };
    case 'asset.licenses-assigned':
      return { state: 'assigned', ...clean };
    case 'asset.licenses-failed': {
      const { action, errorNumber, reason } = event.data;
      return { state: action === 'associate' ? 'failed' : 'assigned', callId: null, errorNumber, reason };
    }
    case 'asset.found-short':
      return { state: 'waiting', callId: null, errorNumber: 9709, reason: 'short' };
    case 'asset.licenses-returning':
      return { state: 'returning', orderId: event.data.orderId, adopted: false, ...clean };
    case 'asset.returns-started':
    case 'asset.waiting-listed': {
      const index = Math.max(0, placeOf(holder, envelope, event.data));
      const orderId = orderAt(event.data, index);
      const state = event.type === 'asset.returns-started' ? 'returning' : 'waiting';
      return { state, orderId, adopted: false, ...clean, reason: state === 'waiting' ? 'short' : null };
    }
    case 'asset.licenses-returned':
    case 'asset.reservations-ended':
      return null;
    default:
      return pair;
  }
}
