import { reassign } from './asset/reassignment.js';
import { rolloutOf } from './asset/rollout.js';
import { reservationOf, returnOf, lackOf } from './asset/reservation.js';
import type { RefusalReason, WaitingReason } from './asset/asset-events.js';
import type { Asset } from './asset/asset-state.js';
import { isBook } from './asset-description.js';
import { idOfAsset } from './asset-id.js';
import { rectanglesOf } from './dispatch/rectangles.js';
import { holderCount, holderKeys, kindOfHolder, type HolderKey, type Holders } from './holder.js';
import { fitting } from './person-apps/person-apps-steps.js';
import type { PairLimits, AssetId, EnrolledDevice } from './ports.js';
import type { OrderTerms } from './order/order-events.js';

/** What an order would do to the pairs of one asset. Each pair is in exactly one of the counts. */
export interface PlannedPairs {
  /** Get a licence at once, or give theirs back at once: what calls to Apple are made for. */
  readonly sent: number;
  /** Wait for a licence, and why the first of them would. */
  readonly waiting: number;
  readonly waitingReason: WaitingReason | 'returning' | null;
  /** An assignment: held by another order or adopted. A return: on its way back already. */
  readonly alreadyHeld: number;
  /** A return: nothing is held. */
  readonly notHeld: number;
  /** A return: a reservation or a place in the waiting list ends, without Apple. */
  readonly ended: number;
  /** A return: a call has the pair, and the return follows when that has ended. */
  readonly pending: number;
  /** A rollout: they have their licence, and installing begins at once. */
  readonly starting: number;
  /** A rollout: their licence is on its way, and installing begins when it has come. */
  readonly coming: number;
  readonly refused: number;
  readonly refusal: RefusalReason | null;
}

/** The counts of a plan. */
export const PLANNED_COUNTS = [
  'sent',
  'waiting',
  'alreadyHeld',
  'notHeld',
  'ended',
  'pending',
  'starting',
  'coming',
  'refused',
] as const satisfies readonly (keyof PlannedPairs)[];
export type PlannedCount = (typeof PLANNED_COUNTS)[number];

/** Some of the holders that do not get what the order asks for. */
export interface LeftOut {
  readonly waiting: readonly HolderKey[];
  readonly refused: readonly HolderKey[];
}

export interface PlannedAsset extends AssetId, PlannedPairs {
  /** An assignment: licences that it takes, waiting ones included, and how many of them are not there. */
  readonly needed: number;
  readonly short: number;
  /**
   * Installations that begin: at once, or when the licence has come; of an assignment, those of a mandatory app. A person
   * who has accepted counts with all enrolled devices that the app fits.
   */
  readonly installations: number;
  /** The first of those who would wait, also for a licence that is on its way, and of those who are refused. */
  readonly leftOut: LeftOut;
}

/** What an order would do if it were placed now. */
export interface OrderPlan {
  readonly assets: readonly PlannedAsset[];
  /** Calls to Apple for what is sent, if nothing else shares them. */
  readonly calls: number;
  /** Calls that nobody could do with fewer of, by Apple's limits. */
  readonly lowerBound: number;
  /** How long the calls take at the rate that Apple allows a location, if nothing else is asked of it. */
  readonly seconds: number;
}

/** The ledger of one of an order's assets. */
export interface PlannedLedger extends AssetId {
  readonly planned: Omit<PlannedAsset, keyof AssetId>;
  /** Those whom calls are made for. */
  readonly sent: readonly HolderKey[];
}

/** How many of those that are left out a plan names, for each asset and reason. */
export const NAMED_IN_PLAN = 100;

type PlannedTerms = Pick<OrderTerms, 'kind' | 'ifShort' | 'fromReserve' | 'platform' | 'install' | 'giver'>;

const NONE: PlannedLedger['planned'] = {
  sent: 0,
  waiting: 0,
  waitingReason: null,
  alreadyHeld: 0,
  notHeld: 0,
  ended: 0,
  pending: 0,
  starting: 0,
  coming: 0,
  refused: 0,
  refusal: null,
  needed: 0,
  short: 0,
  installations: 0,
  leftOut: { waiting: [], refused: [] },
};

/** Enrolled devices of persons of whom Apple has said that they have accepted. */
export type DevicesOfPersons = ReadonlyMap<string, readonly EnrolledDevice[]>;

/** What a ledger would answer, by the rules by which it answers. It is looked at, not changed. */
export function planOfLedger(
  terms: PlannedTerms,
  holders: Holders,
  id: AssetId,
  asset: Asset,
  devices: DevicesOfPersons = new Map(),
): PlannedLedger {
  const { adamId, pricingParam } = id;
  if (terms.kind === 'AssignLicense') {
    const { sections, refusal } = reservationOf(holders, terms, asset);
    const { reserved, waiting, following, alreadyHeld, refused } = sections;
    const lack = waiting.length > 0 ? lackOf(terms.fromReserve, asset) : null;
    const waitingReason = lack ?? (following.length > 0 ? 'returning' : null);
    // Who is refused for want of a licence needs one, too; who follows has one again.
    const lacking = refusal === 'SHORT' ? refused.length : 0;
    const getting = [...reserved, ...waiting, ...following];
    const installs = terms.install?.includes(idOfAsset(id)) === true && !isBook(asset);
    const planned: PlannedLedger['planned'] = {
      ...NONE,
      sent: reserved.length,
      waiting: waiting.length + following.length,
      waitingReason,
      alreadyHeld: alreadyHeld.length,
      refused: refused.length,
      refusal,
      needed: reserved.length + waiting.length + lacking,
      short: lack === 'short' || lack === 'reserved' ? waiting.length : lacking,
      installations: installs ? installationsOn(getting, devices, asset) : 0,
      leftOut: leftOut([...waiting, ...following], refused),
    };
    return { adamId, pricingParam, planned, sent: reserved };
  }
  if (terms.kind === 'RolloutApp') {
    const { start, coming, refused, refusal } = rolloutOf(holders, asset);
    const planned: PlannedLedger['planned'] = {
      ...NONE,
      starting: start.length,
      coming: coming.length,
      refused: refused.length,
      refusal,
      installations: installationsOn([...start, ...coming], devices, asset),
      leftOut: leftOut(coming, refused),
    };
    return { adamId, pricingParam, planned, sent: [] };
  }
  if (terms.kind === 'ReassignLicense') {
    const giver = terms.giver ?? '';
    const receiver = holderKeys(holders).find((key) => key !== giver) ?? giver;
    return { adamId, pricingParam, ...planOfReassignment(giver, receiver, terms.fromReserve, asset) };
  }
  const { sections, refusal } = returnOf(holders, asset);
  const { returning, reserved, waiting, pending, alreadyHeld, notHeld, refused } = sections;
  const planned: PlannedLedger['planned'] = {
    ...NONE,
    sent: returning.length,
    ended: reserved.length + waiting.length,
    pending: pending.length,
    alreadyHeld: alreadyHeld.length,
    notHeld: notHeld.length,
    refused: refused.length,
    refusal,
    leftOut: leftOut([], refused),
  };
  return { adamId, pricingParam, planned, sent: returning };
}

const installationsOn = (keys: readonly HolderKey[], devices: DevicesOfPersons, asset: Asset): number =>
  keys.reduce((sum, key) => {
    const on = kindOfHolder(key) === 'device' ? 1 : fitting(devices.get(key.slice(2)) ?? [], asset).length;
    return sum + on;
  }, 0);

/** What both answers would say. */
function planOfReassignment(
  giver: HolderKey,
  receiver: HolderKey,
  fromReserve: boolean,
  asset: Asset,
): Omit<PlannedLedger, keyof AssetId> {
  const planned: { -readonly [C in keyof typeof NONE]: (typeof NONE)[C] } = { ...NONE };
  const sent: HolderKey[] = [];
  for (const { type, data } of reassign({ orderId: '', giver, receiver, fromReserve, part: 1 }, asset)) {
    if (type === 'asset.licenses-returning') {
      sent.push(...holderKeys(data.returning));
      planned.ended += data.ended;
      planned.pending += holderCount(data.pending);
      planned.notHeld += holderCount(data.notHeld);
    } else if (type === 'asset.licenses-reserved') {
      sent.push(...holderKeys(data.reserved));
      planned.waiting += holderCount(data.waiting);
      planned.waitingReason = data.waitingReason;
      planned.leftOut = leftOut(holderKeys(data.waiting), holderKeys(data.refused));
    } else continue;
    planned.alreadyHeld += holderCount(data.alreadyHeld);
    planned.refused += holderCount(data.refused);
    planned.refusal ??= data.refusal;
  }
  return { planned: { ...planned, sent: sent.length }, sent };
}

const leftOut = (waiting: readonly HolderKey[], refused: readonly HolderKey[]): LeftOut => ({
  waiting: waiting.slice(0, NAMED_IN_PLAN),
  refused: refused.slice(0, NAMED_IN_PLAN),
});

/**
 * The plans of an order's ledgers together. Calls are counted as the dispatcher would cut them.
 * @param requestsPerSecond what Apple takes of one location
 */
export function orderPlan(
  ledgers: readonly PlannedLedger[],
  limits: PairLimits,
  requestsPerSecond: number,
): OrderPlan {
  const sending = ledgers.filter(({ sent }) => sent.length > 0);
  const columns = sending.map((ledger) => ({ asset: idOfAsset(ledger), keys: ledger.sent }));
  const calls = rectanglesOf(columns, limits).length;
  return {
    assets: ledgers.map(({ adamId, pricingParam, planned }) => ({ adamId, pricingParam, ...planned })),
    calls,
    lowerBound: lowerBoundOf(sending, limits),
    seconds: Math.ceil(calls / requestsPerSecond),
  };
}

/** No grouping takes fewer calls: each carries so many devices, so many assets, and each asset to each device once. */
function lowerBoundOf(
  ledgers: readonly PlannedLedger[],
  { maxAssets, maxSerialNumbers }: PairLimits,
): number {
  const assetsOf = new Map<HolderKey, number>();
  let pairs = 0;
  let longest = 0;
  for (const { sent } of ledgers) {
    pairs += sent.length;
    longest = Math.max(longest, sent.length);
    for (const holder of sent) assetsOf.set(holder, (assetsOf.get(holder) ?? 0) + 1);
  }
  let widest = 0;
  for (const assets of assetsOf.values()) widest = Math.max(widest, assets);
  return Math.max(
    Math.ceil(pairs / (maxAssets * maxSerialNumbers)),
    Math.ceil(longest / maxSerialNumbers),
    Math.ceil(widest / maxAssets),
  );
}
