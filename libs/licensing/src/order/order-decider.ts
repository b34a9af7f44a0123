import { Refusal, type Command, type Decider, type Instant } from '@seatbook/kernel';
import type { RefusalReason } from '../asset/asset-events.js';
import {
  MAX_HOLDERS,
  chunksOf,
  holderCount,
  holderKeys,
  holdersOf,
  type HolderKey,
  type Holders,
} from '../holder.js';
import type { AssetId } from '../ports.js';
import type { OrderEvent, OrderKind, OrderTerms, OutcomeCounts } from './order-events.js';

/** An order names this many pairs at the most. */
export const MAX_PAIRS = 100_000;
/** Questions asked by one append, and their holders as text: both stay below the append limit. */
const MAX_ASKED_TOGETHER = 40;
const MAX_ASKED_TEXT = 700_000;

export type OrderCommand =
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

export interface Order {
  phase: 'new' | 'listing' | 'placed' | 'reserved' | 'finished' | 'abandoned';
  terms: OrderTerms | null;
  /** Number of appends that listed holders. */
  lists: number;
  /** Holders listed so far; emptied when all is asked. */
  listed: HolderKey[];
  /** Questions in all, asked and answered. */
  parts: number;
  asked: number;
  readonly answered: Set<number>;
  final: Record<keyof OutcomeCounts, number>;
  /** What waits is to wait no longer. */
  cancelled: boolean;
  /** Moment of the last thing that happened, for the deadlines. */
  at: Instant;
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

export const pairsOf = ({ assets, holders }: OrderTerms): number => assets.length * holders;

export const orderDecider: Decider<OrderCommand, Order, OrderEvent> = {
  initial: () => ({
    phase: 'new',
    terms: null,
    lists: 0,
    listed: [],
    parts: 0,
    asked: 0,
    answered: new Set(),
    final: { ...NO_OUTCOMES },
    cancelled: false,
    at: 0,
  }),

  decide(command, order, at) {
    switch (command.type) {
      case 'CreateOrder':
        checkSize(command.terms);
        return order.phase === 'new' ? [{ type: 'order.created', data: { ...command.terms, at } }] : [];
      case 'ListHolders':
        return listHolders(command, order);
      case 'PlaceOrder':
        return placeOrder(command, order, at);
      case 'AbandonOrder':
        if (order.phase !== 'listing') return [];
        return [{ type: 'order.abandoned', data: { uId: uIdOf(order), listed: order.listed.length } }];
      case 'AskNext':
        return askNext(order, at);
      case 'EndAsking':
        return endAsking(order);
      case 'RecordAnswer':
        return recordAnswer(command, order, at);
      case 'RecordOutcomes':
        return recordOutcomes(command.final, order);
      case 'CancelWaiting':
        return cancelWaiting(order);
      case 'CancelAgain':
        return order.cancelled ? cancelWaiting(order) : [];
    }
  },

  evolve(order, event) {
    switch (event.type) {
      case 'order.created':
        return { ...order, phase: 'listing', terms: termsOf(event.data), at: event.data.at };
      case 'order.holders-listed':
        order.lists += 1;
        order.listed.push(...holderKeys(event.data));
        return order;
      case 'order.placed': {
        order.phase = 'placed';
        order.terms = termsOf(event.data);
        order.listed.push(...holderKeys(event.data));
        order.parts = order.terms.assets.length * Math.ceil(order.listed.length / MAX_HOLDERS);
        order.at = event.data.at;
        return order;
      }
      case 'order.abandoned':
        order.phase = 'abandoned';
        order.listed = [];
        return order;
      case 'order.reservation-asked':
        order.asked = event.data.part + 1;
        order.at = event.data.at;
        if (order.asked === order.parts) order.listed = [];
        return order;
      case 'order.reservation-answered':
        order.answered.add(event.data.part);
        add(order.final, event.data.final);
        order.at = event.data.at;
        return order;
      case 'order.reserved':
        order.phase = 'reserved';
        return order;
      case 'order.outcomes-recorded':
        add(order.final, event.data.final);
        return order;
      case 'order.cancellation-asked':
        order.cancelled = true;
        return order;
      case 'order.finished':
        order.phase = 'finished';
        return order;
    }
  },
};

const uIdOf = (order: Order): string => order.terms?.uId ?? '';

function termsOf({ kind, uId, assets, ifShort, platform, holders }: OrderTerms): OrderTerms {
  return { kind, uId, assets, ifShort, platform, holders };
}

function add(sum: Record<keyof OutcomeCounts, number>, counts: OutcomeCounts): void {
  for (const name of Object.keys(sum) as (keyof OutcomeCounts)[]) sum[name] += counts[name];
}

const total = (counts: OutcomeCounts): number =>
  (Object.values(counts) as number[]).reduce<number>((sum, count) => sum + count, 0);

function checkSize(terms: OrderTerms): void {
  const pairs = pairsOf(terms);
  if (pairs > MAX_PAIRS) {
    throw new Refusal(
      'INVALID_ORDER_SIZE',
      `an order names at most ${MAX_PAIRS} pairs (assets × holders); split it`,
      { assets: terms.assets.length, holders: terms.holders, pairs, maxPairs: MAX_PAIRS },
    );
  }
  if (pairs === 0)
    throw new Refusal('INVALID_ORDER_EMPTY', 'an order names at least one asset and one holder');
}

function listHolders({ index, holders }: OrderCommand & { type: 'ListHolders' }, order: Order): OrderEvent[] {
  if (order.phase !== 'listing') throw abandonedOrNew(order);
  if (index < order.lists) return [];
  if (index > order.lists) throw new Error(`list ${index} of an order came before list ${order.lists}`);
  return [{ type: 'order.holders-listed', data: { uId: uIdOf(order), ...copyOf(holders) } }];
}

function placeOrder(
  { terms, holders }: OrderCommand & { type: 'PlaceOrder' },
  order: Order,
  at: Instant,
): OrderEvent[] {
  if (order.phase === 'abandoned') throw abandonedOrNew(order);
  if (order.phase !== 'new' && order.phase !== 'listing') return [];
  checkSize(terms);
  const listed = order.listed.length + holderCount(holders);
  if (listed !== terms.holders) throw new Error(`an order of ${terms.holders} holders listed ${listed}`);
  return [{ type: 'order.placed', data: { ...terms, ...copyOf(holders), at } }];
}

const copyOf = ({ serialNumbers, userIds }: Holders): Holders => ({ serialNumbers, userIds });

function abandonedOrNew(order: Order): Refusal {
  return new Refusal(
    'REJECTED_ORDER_ABANDONED',
    'this order was not placed in time and is abandoned; order again with a new Idempotency-Key',
    { phase: order.phase },
  );
}

function askNext(order: Order, at: Instant): OrderEvent[] {
  const { terms } = order;
  if (order.phase !== 'placed' || !terms) return [];
  const lists = chunksOf(order.listed, MAX_HOLDERS);
  const texts = lists.map((keys) => keys.reduce((sum, key) => sum + key.length + 1, 0));
  const events: OrderEvent[] = [];
  let text = 0;
  for (let part = order.asked; part < order.parts && events.length < MAX_ASKED_TOGETHER; part += 1) {
    text += texts[part % lists.length] ?? 0;
    if (events.length > 0 && text > MAX_ASKED_TEXT) break;
    const asset = terms.assets[Math.floor(part / lists.length)] as AssetId;
    const holders = holdersOf(lists[part % lists.length] as HolderKey[]);
    const { kind, uId, ifShort, platform } = terms;
    events.push({
      type: 'order.reservation-asked',
      data: {
        uId,
        kind,
        part,
        adamId: asset.adamId,
        pricingParam: asset.pricingParam,
        ...holders,
        ifShort,
        platform,
        at,
      },
    });
  }
  return events;
}

function recordAnswer(
  command: OrderCommand & { type: 'RecordAnswer' },
  order: Order,
  at: Instant,
): OrderEvent[] {
  const { asset, part, final, waiting, open, refusal } = command;
  if (order.answered.has(part)) return [];
  const uId = uIdOf(order);
  const { adamId, pricingParam } = asset;
  const events: OrderEvent[] = [
    {
      type: 'order.reservation-answered',
      data: { uId, adamId, pricingParam, part, final, waiting, open, refusal, at },
    },
  ];
  if (order.phase === 'placed' && order.answered.size + 1 === order.parts) {
    events.push({ type: 'order.reserved', data: { uId, silent: [] } });
  }
  return [...events, ...finished(order, final)];
}

function endAsking(order: Order): OrderEvent[] {
  const { terms } = order;
  if (order.phase !== 'placed' || !terms || order.asked < order.parts) return [];
  const lists = order.parts / terms.assets.length;
  const silent = terms.assets.filter((_asset, index) =>
    Array.from({ length: lists }, (_part, list) => index * lists + list).some(
      (part) => !order.answered.has(part),
    ),
  );
  return [{ type: 'order.reserved', data: { uId: terms.uId, silent } }];
}

function recordOutcomes(final: OutcomeCounts, order: Order): OrderEvent[] {
  if (order.phase === 'finished') return [];
  return [{ type: 'order.outcomes-recorded', data: { uId: uIdOf(order), final } }, ...finished(order, final)];
}

/** The last event of an order: each of its pairs has its final outcome. */
function finished(order: Order, more: OutcomeCounts): OrderEvent[] {
  const { terms } = order;
  if (!terms || order.phase === 'finished' || total(order.final) + total(more) < pairsOf(terms)) return [];
  const final = { ...order.final };
  add(final, more);
  return [{ type: 'order.finished', data: { uId: terms.uId, final } }];
}

function cancelWaiting(order: Order): OrderEvent[] {
  const { terms } = order;
  if (!terms || order.phase === 'new') {
    throw new Refusal('NOT_FOUND_ORDER', 'there is no such order');
  }
  if (order.phase === 'finished' || order.phase === 'abandoned') return [];
  if (order.phase === 'listing' || order.asked < order.parts) {
    throw new Refusal(
      'REJECTED_ORDER_NOT_RESERVED',
      'the order is still being placed; cancel again in a moment',
      {
        phase: order.phase,
      },
    );
  }
  return [{ type: 'order.cancellation-asked', data: { uId: terms.uId, assets: terms.assets } }];
}

/** Kinds of order as the product speaks of them. */
export const COMMAND_OF_KIND: Readonly<Record<OrderKind, string>> = {
  assign: 'AssignLicense',
  return: 'ReturnLicense',
};
