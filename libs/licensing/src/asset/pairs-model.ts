import {
  START,
  effectiveAt,
  idOf,
  readModel,
  type Change,
  type Envelope,
  type Instant,
  type Position,
} from '@seatbook/kernel';
import { holderCount, holderKeys, orderAt, type HolderKey, type Holders } from '../holder.js';
import { assetOf, type AssetAddress } from '../asset-id.js';
import { canonicalHolder } from '../serial-number.js';
import type { AssetEvent } from './asset-events.js';

export type PairState = 'waiting' | 'reserved' | 'claimed' | 'assigned' | 'returning' | 'failed';

/** One asset and one holder, as they stand. Pairs that are gone have no document; the timeline tells of them. */
export interface PairDocument {
  uId: string;
  adamId: string;
  pricingParam: string;
  /** `{uId}.{adamId}.{pricingParam}` */
  asset: string;
  /** `d:{serial number}` or `u:{userId}`, in the canonical spelling. */
  holder: HolderKey;
  /** The holder as Apple spells it, which is nearly always the same. */
  spelledAs: HolderKey;
  state: PairState;
  /** The order that brought it here; null for an adopted pair. */
  orderId: string | null;
  adopted: boolean;
  callId: string | null;
  errorNumber: number | null;
  reason: string | null;
  /** When it was learned that it came into this state. */
  since: Instant;
  /** When it came into this state. */
  effectiveSince: Instant;
  position: Position;
}

export const pairKey = (asset: string, holder: HolderKey): string => `${asset}|${holder}`;

type PairChange = Change<PairDocument>;
type PairEvent = Pick<Envelope, 'stream' | 'position' | 'metadata'>;

/** No longer in a call, and nothing wrong with it. */
const clean = { callId: null, errorNumber: null, reason: null };

/** Pairs that an event brings to where they are; null: they are gone. The index is that of `holderKeys`. */
function moved(
  { stream, position, metadata }: PairEvent,
  holders: Holders,
  changeOf: (index: number) => Partial<PairDocument> | null,
): PairChange[] {
  if (holderCount(holders) === 0) return [];
  const asset = idOf(stream);
  const address = assetOf(asset);
  return holderKeys(holders).map((holder, index) => ({
    key: pairKey(asset, holder),
    evolve(before) {
      const change = changeOf(index);
      if (change === null) return null;
      const pair = before ?? newPair(asset, address, holder);
      if (change.state !== undefined && change.state !== before?.state) {
        pair.since = metadata.recordedAt;
        pair.effectiveSince = effectiveAt(metadata);
      }
      pair.position = position;
      return Object.assign(pair, change);
    },
  }));
}

/** Pairs that an event all brings to the same. */
const movedTo = (event: PairEvent, holders: Holders, change: Partial<PairDocument> | null): PairChange[] =>
  moved(event, holders, () => change);

// Field by field: a rebuild makes one for each pair.
const newPair = (
  asset: string,
  { uId, adamId, pricingParam }: AssetAddress,
  spelledAs: HolderKey,
): PairDocument => ({
  uId,
  adamId,
  pricingParam,
  asset,
  holder: canonicalHolder(spelledAs),
  spelledAs,
  state: 'assigned',
  orderId: null,
  adopted: false,
  callId: null,
  errorNumber: null,
  reason: null,
  since: 0,
  effectiveSince: 0,
  position: START,
});

export const pairsModel = readModel<PairDocument, AssetEvent>()({
  name: 'pairs',
  version: 7,
  on: {
    'asset.assignments-adopted': (event) =>
      movedTo(event, event.data, { state: 'assigned', adopted: true, orderId: null, ...clean }),
    'asset.adoption-corrected': (event) => movedTo(event, event.data, null),
    'asset.drift-found': (event) =>
      event.data.kind === 'taken'
        ? movedTo(event, event.data, null)
        : movedTo(event, event.data, { state: 'assigned', adopted: false, orderId: null, ...clean }),
    'asset.licenses-reserved'(event) {
      const { orderId, reserved, waiting, waitingReason } = event.data;
      const fresh = { orderId, adopted: false, ...clean };
      return [
        ...movedTo(event, reserved, { state: 'reserved', ...fresh }),
        ...movedTo(event, waiting, { state: 'waiting', ...fresh, reason: waitingReason }),
      ];
    },
    'asset.licenses-served': (event) => movedTo(event, event.data, { state: 'reserved', ...clean }),
    'asset.reservations-withdrawn': (event) =>
      movedTo(event, event.data, { state: 'waiting', ...clean, reason: 'short' }),
    'asset.licenses-claimed'(event) {
      const { action, callId } = event.data;
      return movedTo(event, event.data, action === 'associate' ? { state: 'claimed', callId } : { callId });
    },
    'asset.claims-released': (event) =>
      movedTo(
        event,
        event.data,
        event.data.action === 'associate' ? { state: 'reserved', callId: null } : { callId: null },
      ),
    'asset.licenses-assigned': (event) => movedTo(event, event.data, { state: 'assigned', ...clean }),
    'asset.found-held': (event) => movedTo(event, event.data, null),
    'asset.licenses-failed'(event) {
      const { action, errorNumber, reason } = event.data;
      const state = action === 'associate' ? 'failed' : 'assigned';
      return movedTo(event, event.data, { state, callId: null, errorNumber, reason });
    },
    'asset.found-short': (event) =>
      movedTo(event, event.data, { state: 'waiting', callId: null, errorNumber: 9709, reason: 'short' }),
    'asset.licenses-returning'(event) {
      const { returning, orderId } = event.data;
      return movedTo(event, returning, { state: 'returning', orderId, adopted: false, ...clean });
    },
    'asset.returns-started': (event) =>
      moved(event, event.data, (index) => {
        const orderId = orderAt(event.data, index);
        return { state: 'returning', orderId, adopted: false, ...clean };
      }),
    'asset.waiting-listed': (event) =>
      moved(event, event.data, (index) => {
        const orderId = orderAt(event.data, index);
        return { state: 'waiting', orderId, adopted: false, ...clean, reason: 'short' };
      }),
    'asset.waiting-refused': (event) => movedTo(event, event.data, null),
    'asset.licenses-returned': (event) => movedTo(event, event.data, null),
    'asset.reservations-ended'(event) {
      const { was } = event.data;
      if (was === 'returning') return movedTo(event, event.data, { state: 'assigned', ...clean });
      return was === 'reserved' || was === 'waiting' ? movedTo(event, event.data, null) : [];
    },
  },
  key: { asset: 'text', spelledAs: 'text' },
  shared: ['uId', 'adamId', 'pricingParam', 'state', 'orderId'],
  indexes: [
    { name: 'by-holder', fields: ['holder', 'asset'] },
    // Of one asset by equality, of one account by a range: assets begin with the account.
    { name: 'by-asset', fields: ['asset'] },
    { name: 'by-state', fields: ['state', 'asset'] },
  ],
});
