import { Refusal, type Envelope, type Milliseconds, type Position } from '@seatbook/kernel';
import {
  orderStream,
  queryModels,
  type OrderDocument,
  type OrderEvent,
  type OutcomeDocument,
} from '@seatbook/licensing';
import { readable } from '@seatbook/runtime';
import { mustExist } from './accounts.js';
import type { Reflected, PageOf, RowsOf, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

type OrderState = OrderDocument['state'];

const PAGE_EVENTS = 500;

export interface WantedOrders extends WantedPage {
  readonly accountId?: string | undefined;
  readonly state?: OrderState | undefined;
}

export interface WantedOrder {
  readonly orderId: string;
  readonly position?: Position | undefined;
}

export interface WantedOutcomes extends WantedPage {
  readonly orderId: string;
  readonly outcome?: OutcomeDocument['outcome'] | undefined;
}

export interface WaitedOrder {
  readonly orderId: string;
  /** Where it was placed. */
  readonly position: Position;
  readonly until: ReadonlySet<OrderState>;
  readonly waitMs: Milliseconds;
  /** Nobody waits any more. */
  readonly ended: AbortSignal;
}

/** No further outcomes are possible. */
export const OVER: ReadonlySet<OrderState> = new Set(['finished', 'abandoned'] as const);
/** Nothing happens before licences come or the order is cancelled. */
export const SETTLED: ReadonlySet<OrderState> = new Set([...OVER, 'waiting'] as const);

/** Orders; those that changed last come first. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listOrders(
  seatbook: SeatbookEdge,
  { accountId, state, ...page }: WantedOrders,
): PageOf<'orders'> {
  if (accountId !== undefined) await mustExist(seatbook, accountId);
  const rows = { ...rowsOf(accountId, state), descending: true };
  return seatbook.reader.page(queryModels.orders, rows, page);
}

function rowsOf(
  accountId: string | undefined,
  state: OrderState | undefined,
): RowsOf<typeof queryModels.orders> {
  if (accountId === undefined) {
    return state === undefined
      ? { index: 'by-position', equals: [] }
      : { index: 'by-state', equals: [state] };
  }
  return state === undefined
    ? { index: 'by-account', equals: [accountId] }
    : { index: 'by-account-state', equals: [accountId, state] };
}

/** @throws Refusal NOT_FOUND_ORDER */
export async function getOrder(
  { reader }: SeatbookEdge,
  { orderId, position }: WantedOrder,
): Promise<{ order: OrderDocument; asOf: Reflected }> {
  const { document: order, asOf } = await reader.get(queryModels.orders, orderId, position);
  if (!order) throw unknownOrder();
  return { order, asOf };
}

/** The outcome of each pair of an order. @throws Refusal NOT_FOUND_ORDER */
export async function listOutcomes(
  { reader }: SeatbookEdge,
  { orderId, outcome, ...page }: WantedOutcomes,
): PageOf<'outcomes'> {
  const { document } = await reader.get(queryModels.orders, orderId, page.position);
  if (!document) throw unknownOrder();
  const rows: RowsOf<typeof queryModels.outcomes> =
    outcome === undefined
      ? { index: 'by-order', equals: [orderId] }
      : { index: 'by-outcome', equals: [orderId, outcome] };
  return reader.page(queryModels.outcomes, rows, page);
}

/**
 * An order that was just placed, without waiting for the read model: while that is behind, its fold over the order's
 * stream gives the same document.
 * @throws Refusal NOT_FOUND_ORDER
 */
export async function getPlacedOrder(
  seatbook: SeatbookEdge,
  { orderId, position }: { readonly orderId: string; readonly position: Position },
): Promise<OrderDocument> {
  const { reads } = seatbook.stores;
  if ((await seatbook.freshness.position(queryModels.orders)) >= position) {
    const document = await reads.get(queryModels.orders, orderId);
    if (document) return document;
  }
  let order: OrderDocument | null = null;
  for (let revision = 0; ; revision += PAGE_EVENTS) {
    const page = await seatbook.events.readStream(orderStream(orderId), revision, PAGE_EVENTS);
    for (const event of page) {
      const envelope = readable(event) as Envelope<OrderEvent>;
      for (const { evolve } of queryModels.orders.changesBy(envelope)) order = evolve(order);
    }
    if (page.length < PAGE_EVENTS) break;
  }
  if (!order) throw unknownOrder();
  return order;
}

/** The order as soon as it is in one of the states; else as it is after `waitMs`. */
export async function waitForOrder(
  seatbook: SeatbookEdge,
  { orderId, position, until, waitMs, ended }: WaitedOrder,
): Promise<OrderDocument> {
  const { clock, stores, freshness } = seatbook;
  let over = ended.aborted;
  let wake = (): void => undefined;
  const end = (): void => {
    over = true;
    wake();
  };
  const unsubscribe = freshness.onMoved(queryModels.orders, () => wake());
  const cancel = clock.after(waitMs, end);
  ended.addEventListener('abort', end, { once: true });
  try {
    for (;;) {
      // Prepared before the read: a change during it is not missed.
      const changed = new Promise<void>((resolve) => (wake = resolve));
      const last = over;
      const order = await stores.reads.get(queryModels.orders, orderId);
      if (order && (last || until.has(order.state))) return order;
      if (last) return await getPlacedOrder(seatbook, { orderId, position });
      if (!over) await changed;
    }
  } finally {
    cancel();
    unsubscribe();
    ended.removeEventListener('abort', end);
  }
}

export const unknownOrder = (): Refusal => new Refusal('NOT_FOUND_ORDER', 'there is no such order');

export const orderQueries = {
  ListOrders: listOrders,
  GetOrder: getOrder,
  GetPlacedOrder: getPlacedOrder,
  WaitForOrder: waitForOrder,
  ListOutcomes: listOutcomes,
};
