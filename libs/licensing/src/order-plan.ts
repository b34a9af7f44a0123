import { reservationOf, returnOf, lackOf } from './asset/reservation.js';
import type { RefusalReason } from './asset/asset-events.js';
import type { Asset } from './asset/asset-state.js';
import { idOfAsset } from './asset-id.js';
import { rectanglesOf } from './dispatch/rectangles.js';
import type { HolderKey, Holders } from './holder.js';
import type { AppleLimits, AssetId } from './ports.js';
import type { OrderTerms } from './order/order-events.js';

/** What an order would do to the pairs of one asset. Each pair is in exactly one of the counts. */
export interface PlannedPairs {
  /** Get a licence at once, or give theirs back at once: what calls to Apple are made for. */
  readonly sent: number;
  /** Wait for a licence, and why the first of them would. */
  readonly waiting: number;
  readonly waitingReason: 'short' | 'not-read-yet' | 'returning' | null;
  /** An assignment: held by another order or adopted. A return: on its way back already. */
  readonly alreadyHeld: number;
  /** A return: nothing is held. */
  readonly notHeld: number;
  /** A return: a reservation or a place in the waiting list ends, without Apple. */
  readonly ended: number;
  /** A return: a call has the pair, and the return follows when that has ended. */
  readonly pending: number;
  readonly refused: number;
  readonly refusal: RefusalReason | null;
}

export interface PlannedAsset extends AssetId, PlannedPairs {}

/** What an order would do if it were placed now. */
export interface OrderPlan {
  readonly assets: readonly PlannedAsset[];
  /** Calls to Apple for what is sent, if nothing else shares them. */
  readonly calls: number;
}

/** The ledger of one of an order's assets. */
export interface PlannedLedger extends AssetId {
  readonly planned: PlannedPairs;
  /** Those whom calls are made for. */
  readonly sent: readonly HolderKey[];
}

type PlannedTerms = Pick<OrderTerms, 'kind' | 'ifShort' | 'platform'>;

const NONE: PlannedPairs = {
  sent: 0,
  waiting: 0,
  waitingReason: null,
  alreadyHeld: 0,
  notHeld: 0,
  ended: 0,
  pending: 0,
  refused: 0,
  refusal: null,
};

/** What a ledger would answer, by the rules by which it answers. It is looked at, not changed. */
export function planOfLedger(
  terms: PlannedTerms,
  holders: Holders,
  id: AssetId,
  asset: Asset,
): PlannedLedger {
  const { adamId, pricingParam } = id;
  if (terms.kind === 'AssignLicense') {
    const { sections, refusal } = reservationOf(holders, terms, asset);
    const { reserved, waiting, following, alreadyHeld, refused } = sections;
    const waitingReason = waiting.length > 0 ? lackOf(asset) : following.length > 0 ? 'returning' : null;
    const planned: PlannedPairs = {
      ...NONE,
      sent: reserved.length,
      waiting: waiting.length + following.length,
      waitingReason,
      alreadyHeld: alreadyHeld.length,
      refused: refused.length,
      refusal,
    };
    return { adamId, pricingParam, planned, sent: reserved };
  }
  const { sections, refusal } = returnOf(holders, asset);
  const { returning, reserved, waiting, pending, alreadyHeld, notHeld, refused } = sections;
  const planned: PlannedPairs = {
    ...NONE,
    sent: returning.length,
    ended: reserved.length + waiting.length,
    pending: pending.length,
    alreadyHeld: alreadyHeld.length,
    notHeld: notHeld.length,
    refused: refused.length,
    refusal,
  };
  return { adamId, pricingParam, planned, sent: returning };
}

/** The plans of an order's ledgers together. Calls are counted as the dispatcher would cut them. */
export function orderPlan(ledgers: readonly PlannedLedger[], limits: AppleLimits): OrderPlan {
  const columns = ledgers
    .filter(({ sent }) => sent.length > 0)
    .map((ledger) => ({ asset: idOfAsset(ledger), keys: ledger.sent }));
  return {
    assets: ledgers.map(({ adamId, pricingParam, planned }) => ({ adamId, pricingParam, ...planned })),
    calls: rectanglesOf(columns, limits).length,
  };
}
