import { idOf, readModel, type Position } from '@seatbook/kernel';
import type { AssetEvent } from '../asset/asset-events.js';
import { holderKeys, orderAt, type HolderKey, type Holders, type OrderRefs } from '../holder.js';
import { assetOf } from '../asset-id.js';

/** How one pair of an order stands for that order; history keeps it when the pair is long gone. */
export interface OutcomeDocument {
  orderId: string;
  adamId: string;
  pricingParam: string;
  holder: HolderKey;
  outcome:
    | 'waiting'
    | 'reserved'
    | 'returning'
    | 'assigned'
    | 'returned'
    | 'already-held'
    | 'not-held'
    | 'refused'
    | 'failed'
    | 'cancelled';
  /** Why, for outcomes that need a reason; for `already-held` the order that holds the pair ('' for an adopted one). */
  detail: string | null;
  position: Position;
}

type OutcomeModelEvent = Extract<
  AssetEvent,
  {
    type:
      | 'asset.licenses-reserved'
      | 'asset.licenses-returning'
      | 'asset.licenses-served'
      | 'asset.reservations-withdrawn'
      | 'asset.found-short'
      | 'asset.licenses-assigned'
      | 'asset.licenses-failed'
      | 'asset.returns-started'
      | 'asset.licenses-returned'
      | 'asset.waiting-listed'
      | 'asset.returns-ended'
      | 'asset.reservations-ended';
  }
>;

interface PairOutcome {
  readonly orderId: string;
  readonly holder: HolderKey;
  readonly outcome: OutcomeDocument['outcome'];
  readonly detail: string | null;
}

/** Outcomes that an event gives, made once per event. */
const made = new WeakMap<object, Map<string, PairOutcome>>();

function outcomesOf(event: OutcomeModelEvent): Map<string, PairOutcome> {
  const known = made.get(event.data);
  if (known) return known;
  const map = new Map(listed(event).map((one) => [`${one.orderId}|${one.holder}`, one]));
  made.set(event.data, map);
  return map;
}

function listed(event: OutcomeModelEvent): PairOutcome[] {
  switch (event.type) {
    case 'asset.licenses-reserved': {
      const { orderId, reserved, waiting, following, alreadyHeld, heldBy, refused, refusal, waitingReason } =
        event.data;
      return [
        ...each(reserved, orderId, 'reserved'),
        ...each(waiting, orderId, 'waiting', waitingReason),
        ...each(following, orderId, 'waiting', 'returning'),
        ...holderKeys(alreadyHeld).map((holder, index) =>
          one(orderId, holder, 'already-held', heldBy[index] ?? ''),
        ),
        ...each(refused, orderId, 'refused', refusal),
      ];
    }
    case 'asset.licenses-returning': {
      const { orderId, returning, pending, alreadyHeld, heldBy, notHeld, refused, refusal } = event.data;
      return [
        ...each(returning, orderId, 'returning'),
        ...each(pending, orderId, 'returning'),
        ...holderKeys(alreadyHeld).map((holder, index) =>
          one(orderId, holder, 'already-held', heldBy[index] ?? ''),
        ),
        ...each(notHeld, orderId, 'not-held'),
        ...each(refused, orderId, 'refused', refusal),
      ];
    }
    case 'asset.licenses-served':
      return byRefs(event.data, 'reserved');
    case 'asset.reservations-withdrawn':
    case 'asset.found-short':
      return byRefs(event.data, 'waiting', 'short');
    case 'asset.waiting-listed':
      return byRefs(event.data, 'waiting', 'short');
    case 'asset.licenses-assigned':
      return byRefs(event.data, 'assigned');
    case 'asset.licenses-failed':
      return byRefs(
        event.data,
        'failed',
        `${event.data.errorNumber}${event.data.reason ? `: ${event.data.reason}` : ''}`,
      );
    case 'asset.returns-started':
      return byRefs(event.data, 'returning');
    case 'asset.licenses-returned':
    case 'asset.returns-ended':
      return byRefs(event.data, 'returned');
    case 'asset.reservations-ended': {
      const { by, was } = event.data;
      const ended = was === 'reserved' || was === 'waiting';
      const cancelled = byRefs(event.data, 'cancelled', by);
      const returned = cancelled.flatMap(({ holder, orderId }) =>
        ended && by !== '' && by !== orderId ? one(by, holder, 'returned', null) : [],
      );
      return [...cancelled, ...returned];
    }
  }
}

const one = (
  orderId: string,
  holder: HolderKey,
  outcome: PairOutcome['outcome'],
  detail: string | null,
): PairOutcome => ({ orderId, holder, outcome, detail });

const each = (
  holders: Holders,
  orderId: string,
  outcome: PairOutcome['outcome'],
  detail: string | null = null,
) => holderKeys(holders).map((holder) => one(orderId, holder, outcome, detail));

function byRefs(
  data: Holders & OrderRefs,
  outcome: PairOutcome['outcome'],
  detail: string | null = null,
): PairOutcome[] {
  return holderKeys(data).flatMap((holder, index) => {
    const orderId = orderAt(data, index);
    return orderId === '' ? [] : one(orderId, holder, outcome, detail);
  });
}

/** Per order and pair. Keys: order, asset, holder. */
export const outcomesModel = readModel<OutcomeDocument, OutcomeModelEvent>()({
  name: 'outcomes',
  version: 1,
  handles: [
    'asset.licenses-reserved',
    'asset.licenses-returning',
    'asset.licenses-served',
    'asset.reservations-withdrawn',
    'asset.found-short',
    'asset.licenses-assigned',
    'asset.licenses-failed',
    'asset.returns-started',
    'asset.licenses-returned',
    'asset.waiting-listed',
    'asset.returns-ended',
    'asset.reservations-ended',
  ],
  keysOf(event) {
    const asset = idOf(event.stream);
    return [...outcomesOf(event as OutcomeModelEvent).values()].map(
      ({ orderId, holder }) => `${orderId}|${asset}|${holder}`,
    );
  },
  evolve(before, envelope, key) {
    const [orderId = '', asset = '', holder = ''] = key.split('|');
    const told = outcomesOf(envelope).get(`${orderId}|${holder}`);
    if (!told) return before;
    const { adamId, pricingParam } = assetOf(asset);
    const { outcome, detail } = told;
    return { orderId, adamId, pricingParam, holder, outcome, detail, position: envelope.position };
  },
  indexes: [
    { name: 'by-order', fields: ['orderId', 'adamId'] },
    { name: 'by-outcome', fields: ['orderId', 'outcome'] },
  ],
});
