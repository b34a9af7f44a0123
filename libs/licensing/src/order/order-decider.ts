import { Refusal, type Command, type Decider, type Instant } from '@seatbook/kernel';
import { idOfAsset } from '../asset-id.js';
import type { RefusalReason } from '../asset/asset-events.js';
import { MAX_HOLDERS, holderCount, holderKeys, holdersOf, type HolderKey, type Holders } from '../holder.js';
import type { AssetId } from '../ports.js';
import type { Timings } from '../timings.js';
import type { OrderEvent, OrderTerms, OutcomeCounts } from './order-events.js';
import { pairsOf, questionsOf, type Question } from './order-questions.js';

/** An order names this many pairs at the most. */
export const MAX_PAIRS = 100_000;
/** Its list of assets stands in one event, which must fit into an append. */
export const MAX_ASSETS = 10_000;
/** Questions asked by one append, and their holders as text: both stay below the append limit. */
const MAX_ASKED_TOGETHER = 40;
const MAX_ASKED_TEXT = 700_000;
/** An asset as JSON text, at most. */
const ASSET_TEXT = 64;

export type OrderCommand =
  /** The key that the order's id was made of is used for another request. */
  | (Command<'TakeKey'> & { readonly by: string })
  | (Command<'CreateOrder'> & { readonly terms: OrderTerms })
  | (Command<'ListHolders'> & { readonly index: number; readonly holders: Holders })
  | (Command<'PlaceOrder'> & { readonly terms: OrderTerms; readonly holders: Holders })
  | Command<'AbandonOrder'>
  | Command<'AskNext'>
  | Command<'EndAsking'>
  | (Command<'RecordAnswer'> & {
      readonly asset: AssetId;
      readonly part: number;
      readonly final: OutcomeCounts;
      readonly waiting: number;
      readonly open: number;
      readonly refusal: RefusalReason | null;
    })
  | (Command<'RecordOutcomes'> & { readonly final: OutcomeCounts })
  | Command<'CancelWaiting'>
  /** Pairs of the order wait again: those of a cancelled order are not to. */
  | Command<'CancelAgain'>;

/** Its holders are being listed; it does nothing yet. */
interface Listing {
  readonly phase: 'listing';
  readonly terms: OrderTerms;
  /** Number of appends that listed holders. */
  lists: number;
  readonly listed: HolderKey[];
  readonly abandonAt: Instant;
}

/** It asks its ledgers (`placed`), has their answers (`reserved`), and ends when each pair has its outcome. */
interface Acting {
  phase: 'placed' | 'reserved' | 'finished';
  readonly terms: OrderTerms;
  /** Emptied when all is asked. */
  listed: HolderKey[];
  /** Questions in all, and those asked and answered. */
  readonly parts: number;
  asked: number;
  readonly answered: Set<number>;
  readonly final: Record<keyof OutcomeCounts, number>;
  /** What waits is to wait no longer. */
  cancelled: boolean;
  /** When it was placed or last asked: from then on there is more to ask. */
  at: Instant;
  /** Ledgers that have not answered by then are silent. */
  answerBy: Instant;
}

export type Order =
  | { readonly phase: 'new' }
  | { readonly phase: 'key-taken' }
  | Listing
  | Acting
  | { readonly phase: 'abandoned'; readonly terms: OrderTerms };

/** The order from the moment on from which it acts; null before, and when it never came to that. */
export const acting = (order: Order): Acting | null =>
  order.phase === 'placed' || order.phase === 'reserved' || order.phase === 'finished' ? order : null;

/** Weight in the cache of states, about its bytes. */
export function weighOrder(order: Order): number {
  const listed = order.phase === 'listing' ? order.listed.length : (acting(order)?.listed.length ?? 0);
  return 1_000 + 80 * listed + 50 * (acting(order)?.answered.size ?? 0);
}

const NO_OUTCOMES: OutcomeCounts = {
  assigned: 0,
  returned: 0,
  alreadyHeld: 0,
  notHeld: 0,
  refused: 0,
  failed: 0,
  cancelled: 0,
};

/** Counts of outcomes with all others at 0. */
export const outcomeCounts = (counts: Partial<OutcomeCounts>): OutcomeCounts => ({
  ...NO_OUTCOMES,
  ...counts,
});

export const orderDecider = (timings: Timings): Decider<OrderCommand, Order, OrderEvent> => ({
  initial: () => ({ phase: 'new' }),

  decide(command, order, at) {
    switch (command.type) {
      case 'TakeKey':
        return order.phase === 'new' ? [{ type: 'order.key-taken', data: { by: command.by } }] : [];
      case 'CreateOrder':
        return createOrder(command.terms, order, at, timings);
      case 'ListHolders':
        return listHolders(command, order);
      case 'PlaceOrder':
        return placeOrder(command, order, at, timings);
      case 'AbandonOrder':
        if (order.phase !== 'listing') return [];
        return [{ type: 'order.abandoned', data: { uId: order.terms.uId, listed: order.listed.length } }];
      case 'AskNext':
        return order.phase === 'placed' ? questions(order, at, timings) : [];
      case 'EndAsking':
        return order.phase === 'placed' ? endAsking(order) : [];
      case 'RecordAnswer':
        return recordAnswer(command, order, at, timings);
      case 'RecordOutcomes':
        return recordOutcomes(command.final, order);
      case 'CancelWaiting':
        return cancelWaiting(order);
      case 'CancelAgain':
        return acting(order)?.cancelled ? cancelWaiting(order) : [];
    }
  },

  evolve(order, event) {
    switch (event.type) {
      case 'order.key-taken':
        return { phase: 'key-taken' };
      case 'order.created':
        return listing(event.data);
      case 'order.placed':
        return placed(order.phase === 'listing' ? order.listed : [], event.data);
      case 'order.abandoned':
        return order.phase === 'listing' ? { phase: 'abandoned', terms: order.terms } : order;
      case 'order.holders-listed':
        if (order.phase === 'listing') {
          order.lists += 1;
          order.listed.push(...holderKeys(event.data));
        }
        return order;
      default: {
        const acts = acting(order);
        if (acts) progress(acts, event);
        return order;
      }
    }
  },
});

const listing = (data: OrderTerms & { readonly abandonAt: Instant }): Order => ({
  phase: 'listing',
  terms: termsOf(data),
  lists: 0,
  listed: [],
  abandonAt: data.abandonAt,
});

/** The order as it begins to act; takes the list of holders over. */
function placed(listed: HolderKey[], data: OrderTerms & Holders & { readonly at: Instant }): Acting {
  listed.push(...holderKeys(data));
  const terms = termsOf(data);
  return {
    phase: 'placed',
    terms,
    listed,
    parts: questionsOf(terms).length * answersOf(terms),
    asked: 0,
    answered: new Set(),
    final: { ...NO_OUTCOMES },
    cancelled: false,
    at: data.at,
    answerBy: data.at,
  };
}

/** Answers to one question: where a licence goes over, one about the giver and one about who gets it. */
const answersOf = ({ giver }: OrderTerms): number => (giver === undefined ? 1 : 2);

type ProgressEvent = Exclude<
  OrderEvent,
  { type: 'order.key-taken' | 'order.created' | 'order.holders-listed' | 'order.placed' | 'order.abandoned' }
>;

/** Changes the order in place: it may keep 100,000 holders. */
function progress(order: Acting, event: ProgressEvent): void {
  switch (event.type) {
    case 'order.reservation-asked':
      order.asked = event.data.part + 1;
      order.at = event.data.at;
      order.answerBy = event.data.answerBy;
      if (order.asked === order.parts) order.listed = [];
      break;
    case 'order.reservation-answered':
      order.answered.add(event.data.part);
      add(order.final, event.data.final);
      order.answerBy = event.data.answerBy;
      break;
    case 'order.reserved':
      order.phase = 'reserved';
      break;
    case 'order.outcomes-recorded':
      add(order.final, event.data.final);
      break;
    case 'order.cancellation-asked':
      order.cancelled = true;
      break;
    case 'order.finished':
      order.phase = 'finished';
      break;
    default:
      event satisfies never;
  }
}

function termsOf(terms: OrderTerms): OrderTerms {
  const {
    kind,
    uId,
    assets,
    ifShort,
    fromReserve,
    platform,
    holders,
    groupId,
    install,
    giver,
    scope,
    targets,
    removeApp,
  } = terms;
  return {
    kind,
    uId,
    assets,
    ifShort,
    fromReserve,
    platform,
    holders,
    groupId,
    install,
    giver,
    scope,
    targets,
    removeApp,
  };
}

const groupOf = ({ groupId }: OrderTerms): Pick<OrderTerms, 'groupId'> =>
  groupId === undefined ? {} : { groupId };

function add(sum: Record<keyof OutcomeCounts, number>, counts: OutcomeCounts): void {
  for (const name of Object.keys(sum) as (keyof OutcomeCounts)[]) sum[name] += counts[name];
}

const total = (counts: OutcomeCounts): number =>
  (Object.values(counts) as number[]).reduce<number>((sum, count) => sum + count, 0);

function checkSize(terms: OrderTerms): void {
  const pairs = pairsOf(terms);
  if (pairs > MAX_PAIRS || terms.assets.length > MAX_ASSETS) {
    throw new Refusal(
      'INVALID_ORDER_SIZE',
      `an order names at most ${MAX_PAIRS} pairs (assets × holders) and ${MAX_ASSETS} assets; split it`,
      {
        assets: terms.assets.length,
        holders: terms.holders,
        pairs,
        maxPairs: MAX_PAIRS,
        maxAssets: MAX_ASSETS,
      },
    );
  }
  if (pairs === 0)
    throw new Refusal('INVALID_ORDER_EMPTY', 'an order names at least one asset and one holder');
}

function listHolders({ index, holders }: OrderCommand & { type: 'ListHolders' }, order: Order): OrderEvent[] {
  if (order.phase !== 'listing') throw abandonedOrNew(order);
  if (index < order.lists) return [];
  if (index > order.lists) throw new Error(`list ${index} of an order came before list ${order.lists}`);
  return [{ type: 'order.holders-listed', data: { uId: order.terms.uId, ...copyOf(holders) } }];
}

function createOrder(terms: OrderTerms, order: Order, at: Instant, { placeWithinMs }: Timings): OrderEvent[] {
  checkSize(terms);
  if (order.phase !== 'new') return [];
  return [{ type: 'order.created', data: { ...terms, at, abandonAt: at + placeWithinMs } }];
}

/** A short order asks its ledgers in the append that places it: nothing has to be waited for. */
function placeOrder(
  { terms, holders }: OrderCommand & { type: 'PlaceOrder' },
  order: Order,
  at: Instant,
  timings: Timings,
): OrderEvent[] {
  if (order.phase === 'abandoned') throw abandonedOrNew(order);
  if (order.phase !== 'new' && order.phase !== 'listing') return [];
  checkSize(terms);
  const before = order.phase === 'listing' ? order.listed : [];
  const count = before.length + holderCount(holders);
  if (count !== terms.holders) throw new Error(`an order of ${terms.holders} holders listed ${count}`);
  const data = { ...terms, ...copyOf(holders), at };
  const events: OrderEvent[] = [{ type: 'order.placed', data }];
  return before.length > 0 ? events : [...events, ...questions(placed([], data), at, timings)];
}

const copyOf = ({ serialNumbers, userIds }: Holders): Holders => ({ serialNumbers, userIds });

function abandonedOrNew(order: Order): Refusal {
  return new Refusal(
    'REJECTED_ORDER_ABANDONED',
    'this order was not placed in time and is abandoned; order again with a new Idempotency-Key',
    { phase: order.phase },
  );
}

/** The next questions to the ledgers, as many as fit into one append. */
function questions(
  { terms, listed, asked, parts }: Acting,
  at: Instant,
  { answerWithinMs }: Timings,
): OrderEvent[] {
  const textOf = (keys: readonly HolderKey[]): number => keys.reduce((sum, key) => sum + key.length + 1, 0);
  const { kind, uId, ifShort, fromReserve, platform, install = [], giver, removeApp } = terms;
  const answers = answersOf(terms);
  const all = questionsOf(terms);
  const answerBy = at + answerWithinMs;
  const events: OrderEvent[] = [];
  // The event that places the order may stand in the same append, with all assets and up to one list of holders.
  let text = asked === 0 ? terms.assets.length * ASSET_TEXT + textOf(listed.slice(0, MAX_HOLDERS)) : 0;
  for (let part = asked; part < parts && events.length < MAX_ASKED_TOGETHER; part += answers) {
    const { asset, from, to } = all[part / answers] as Question;
    const keys = listed.slice(from, to);
    text += textOf(keys);
    if (events.length > 0 && text > MAX_ASKED_TEXT) break;
    const { adamId, pricingParam } = asset;
    const { serialNumbers, userIds } = holdersOf(keys);
    events.push({
      type: 'order.reservation-asked',
      data: {
        uId,
        kind,
        adamId,
        pricingParam,
        // The last of its answers.
        part: part + answers - 1,
        serialNumbers,
        userIds,
        ifShort,
        fromReserve,
        platform,
        install: install.includes(idOfAsset(asset)) || undefined,
        giver,
        removeApp,
        at,
        answerBy,
      },
    });
  }
  return events;
}

function recordAnswer(
  command: OrderCommand & { type: 'RecordAnswer' },
  state: Order,
  at: Instant,
  { answerWithinMs }: Timings,
): OrderEvent[] {
  const order = acting(state);
  const { asset, part, final, waiting, open, refusal } = command;
  if (!order || order.answered.has(part)) return [];
  const { uId } = order.terms;
  const { adamId, pricingParam } = asset;
  const answerBy = at + answerWithinMs;
  const events: OrderEvent[] = [
    {
      type: 'order.reservation-answered',
      data: { uId, adamId, pricingParam, part, final, waiting, open, refusal, at, answerBy },
    },
  ];
  if (order.phase === 'placed' && order.answered.size + 1 === order.parts) {
    events.push({ type: 'order.reserved', data: { uId, silent: [], ...groupOf(order.terms) } });
  }
  return [...events, ...finished(order, final)];
}

function endAsking({ terms, parts, asked, answered }: Acting): OrderEvent[] {
  if (asked < parts) return [];
  const answers = answersOf(terms);
  const silent = new Set<AssetId>();
  for (const [index, { asset }] of questionsOf(terms).entries())
    for (let part = index * answers; part < (index + 1) * answers; part += 1)
      if (!answered.has(part)) silent.add(asset);
  return [{ type: 'order.reserved', data: { uId: terms.uId, silent: [...silent], ...groupOf(terms) } }];
}

function recordOutcomes(final: OutcomeCounts, state: Order): OrderEvent[] {
  const order = acting(state);
  if (!order || order.phase === 'finished') return [];
  const { uId } = order.terms;
  return [{ type: 'order.outcomes-recorded', data: { uId, final } }, ...finished(order, final)];
}

/** The last event of an order: each of its pairs has its final outcome. */
function finished(order: Acting, more: OutcomeCounts): OrderEvent[] {
  const { terms } = order;
  if (order.phase === 'finished' || total(order.final) + total(more) < pairsOf(terms)) return [];
  const final = { ...order.final };
  add(final, more);
  return [{ type: 'order.finished', data: { uId: terms.uId, final } }];
}

function cancelWaiting(order: Order): OrderEvent[] {
  if (order.phase === 'new' || order.phase === 'key-taken')
    throw new Refusal('NOT_FOUND_ORDER', 'there is no such order');
  if (order.phase === 'finished' || order.phase === 'abandoned') return [];
  if (order.phase === 'listing' || order.asked < order.parts) {
    throw new Refusal(
      'REJECTED_ORDER_NOT_RESERVED',
      'the order is still being placed; cancel again in a moment',
      { phase: order.phase },
    );
  }
  const { uId, assets } = order.terms;
  return [{ type: 'order.cancellation-asked', data: { uId, assets } }];
}
