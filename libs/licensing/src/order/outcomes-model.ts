import { idOf, readModel, type Change, type Envelope, type EventOf, type Position } from '@seatbook/kernel';
import type { AssetEvent } from '../asset/asset-events.js';
import { holderCount, holderKeys, orderAt, type HolderKey, type Holders, type OrderRefs } from '../holder.js';
import { assetOf } from '../asset-id.js';

/** How one pair of an order stands for that order; history keeps it when the pair is long gone. */
export interface OutcomeDocument {
  orderId: string;
  adamId: string;
  pricingParam: string;
  /** `{uId}.{adamId}.{pricingParam}` */
  asset: string;
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

type Outcome = OutcomeDocument['outcome'];
type OutcomeChange = Change<OutcomeDocument>;
type OutcomeEvent = Pick<Envelope, 'stream' | 'position'>;

/** One outcome for each of these holders. The index is that of `holderKeys`; '' for an order: none has the pair. */
function outcomes(
  { stream, position }: OutcomeEvent,
  holders: Holders,
  outcome: Outcome,
  orderOf: (index: number) => string,
  detailOf: (index: number) => string | null = () => null,
): OutcomeChange[] {
  // Most sections of an answer name nobody.
  if (holderCount(holders) === 0) return [];
  const asset = idOf(stream);
  const { adamId, pricingParam } = assetOf(asset);
  // Not by flatMap, which takes several times as long: a rebuild does this for every event.
  const changes: OutcomeChange[] = [];
  holderKeys(holders).forEach((holder, index) => {
    const orderId = orderOf(index);
    if (orderId === '') return;
    const detail = detailOf(index);
    const evolve = (): OutcomeDocument => ({
      orderId,
      adamId,
      pricingParam,
      asset,
      holder,
      outcome,
      detail,
      position,
    });
    changes.push({ key: outcomeKey(orderId, asset, holder), evolve });
  });
  return changes;
}

/** The same outcome for all pairs of an event, each for the order that has it. */
const outcomesOf = (
  event: OutcomeEvent & { readonly data: Holders & OrderRefs },
  outcome: Outcome,
  detail: string | null = null,
): OutcomeChange[] =>
  outcomes(
    event,
    event.data,
    outcome,
    (index) => orderAt(event.data, index),
    () => detail,
  );

/** The answer to one request of an order, by section. */
function answers(
  event: OutcomeEvent,
  orderId: string,
  sections: readonly (readonly [Holders, Outcome, (string | null | readonly string[])?])[],
): OutcomeChange[] {
  const changes: OutcomeChange[] = [];
  for (const [holders, outcome, detail = null] of sections)
    changes.push(
      ...outcomes(
        event,
        holders,
        outcome,
        () => orderId,
        (index) => (detail === null || typeof detail === 'string' ? detail : (detail[index] ?? '')),
      ),
    );
  return changes;
}

/** What becomes of reservations that end: for their order, and for the one that returned them. */
function endedBy(event: Envelope<EventOf<AssetEvent, 'asset.reservations-ended'>>): OutcomeChange[] {
  const { data } = event;
  const { by, was } = data;
  const cancelled = outcomesOf(event, 'cancelled', by);
  if (by === '' || (was !== 'reserved' && was !== 'waiting')) return cancelled;
  const returner = (index: number): string => {
    const orderId = orderAt(data, index);
    return orderId === by || orderId === '' ? '' : by;
  };
  return [...cancelled, ...outcomes(event, data, 'returned', returner)];
}

export const outcomeKey = (orderId: string, asset: string, holder: HolderKey): string =>
  `${orderId}|${asset}|${holder}`;

/** Per order and pair. */
export const outcomesModel = readModel<OutcomeDocument, AssetEvent>()({
  name: 'outcomes',
  version: 2,
  overwrites: true,
  on: {
    'asset.licenses-reserved'(event) {
      const { orderId, reserved, waiting, waitingReason, following, alreadyHeld, heldBy, refused, refusal } =
        event.data;
      return answers(event, orderId, [
        [reserved, 'reserved'],
        [waiting, 'waiting', waitingReason],
        [following, 'waiting', 'returning'],
        [alreadyHeld, 'already-held', heldBy],
        [refused, 'refused', refusal],
      ]);
    },
    'asset.licenses-returning'(event) {
      const { orderId, returning, pending, alreadyHeld, heldBy, notHeld, refused, refusal } = event.data;
      return answers(event, orderId, [
        [returning, 'returning'],
        [pending, 'returning'],
        [alreadyHeld, 'already-held', heldBy],
        [notHeld, 'not-held'],
        [refused, 'refused', refusal],
      ]);
    },
    'asset.licenses-served': (event) => outcomesOf(event, 'reserved'),
    'asset.reservations-withdrawn': (event) => outcomesOf(event, 'waiting', 'short'),
    'asset.found-short': (event) => outcomesOf(event, 'waiting', 'short'),
    'asset.waiting-listed': (event) => outcomesOf(event, 'waiting', 'short'),
    'asset.licenses-assigned': (event) => outcomesOf(event, 'assigned'),
    'asset.found-held': (event) => outcomesOf(event, 'already-held', ''),
    'asset.licenses-failed'(event) {
      const { errorNumber, reason } = event.data;
      return outcomesOf(event, 'failed', `${errorNumber}${reason ? `: ${reason}` : ''}`);
    },
    'asset.returns-started': (event) => outcomesOf(event, 'returning'),
    'asset.licenses-returned': (event) => outcomesOf(event, 'returned'),
    'asset.waiting-refused': (event) => outcomesOf(event, 'refused', event.data.refusal),
    'asset.returns-ended': (event) => outcomesOf(event, 'returned'),
    'asset.reservations-ended': endedBy,
  },
  key: { orderId: 'text', asset: 'text', holder: 'text' },
  shared: ['orderId', 'adamId', 'pricingParam', 'outcome'],
  indexes: [
    { name: 'by-order', fields: ['orderId', 'asset'] },
    { name: 'by-outcome', fields: ['orderId', 'outcome'] },
  ],
});
