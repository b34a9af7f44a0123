import {
  Refusal,
  START,
  type Envelope,
  type Instant,
  type Milliseconds,
  type Position,
} from '@seatbook/kernel';
import {
  assetOfId,
  assetStream,
  idOfAsset,
  orderStream,
  placesInLine,
  queryModels,
  type AccountDocument,
  type AssetEvent,
  type AssetId,
  type HolderKey,
  type OrderDocument,
  type OrderEvent,
  type OrderKind,
  type OutcomeDocument,
} from '@seatbook/licensing';
import { readable } from '@seatbook/runtime';
import { mustExist } from './accounts.js';
import type { PageOf, Reflected, ReflectedPage, RowsOf, WantedPage } from './reader.js';
import { pageOfList } from './page-of-list.js';
import type { PlacedOrder } from './place-order.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { subjectPages } from './subject-pages.js';

type OrderState = OrderDocument['state'];

const PAGE_EVENTS = 500;

export interface OrderFilter {
  readonly accountId?: string | undefined;
  readonly state?: OrderState | undefined;
  readonly kind?: OrderKind | undefined;
  readonly principal?: string | undefined;
  /** Orders that name this asset, of whatever account. */
  readonly asset?: AssetId | undefined;
  /** Orders that name all of these. */
  readonly holders: readonly HolderKey[];
  /** When it was ordered, both inclusive. */
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
}

export type WantedOrders = OrderFilter & WantedPage;

export interface WantedOrder {
  readonly orderId: string;
  readonly position?: Position | undefined;
}

/** What each pair of an order is: its outcome, or that its work is held with all work of its account. */
export type PairOutcome = OutcomeDocument['outcome'] | 'on-hold';

export interface WantedOutcomes extends WantedPage {
  readonly orderId: string;
  readonly outcome?: PairOutcome | undefined;
}

/** An order with its account, which says whether work is held, and why. */
export interface OrderFound {
  readonly order: OrderDocument;
  readonly account: AccountDocument | null;
}

export interface OrderAsOf extends OrderFound {
  readonly asOf: Reflected;
}

/** One pair of an order. */
export interface OutcomeFound {
  readonly document: OutcomeDocument;
  /** The account that holds its work; null where that goes on. */
  readonly heldBy: AccountDocument | null;
  /** Place in the waiting list of the asset, from 1 on, as the ledger has it now; null where it does not wait there. */
  readonly place: number | null;
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

/** Whether what the orders of an account have begun is held: nothing of it is sent to Apple at present. */
export const isHeld = (account: AccountDocument | null): account is AccountDocument =>
  account !== null && (account.heldSince !== null || account.writesHeld !== null);

/** Orders, the latest first. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listOrders(
  seatbook: SeatbookEdge,
  wanted: WantedOrders,
): Promise<ReflectedPage<OrderFound>> {
  const page = await pageOfOrders(seatbook, wanted);
  const ids = new Set(page.rows.map(({ uId }) => uId));
  const accounts = await seatbook.reader.getMany(queryModels.accounts, [...ids]);
  return { ...page, rows: page.rows.map((order) => ({ order, account: accounts.get(order.uId) ?? null })) };
}

async function pageOfOrders(
  seatbook: SeatbookEdge,
  { part, position, ...filter }: WantedOrders,
): PageOf<'orders'> {
  const { accountId, state, holders, from, to } = filter;
  if (accountId !== undefined) await mustExist(seatbook, accountId);
  if (holders.length > 0) return listOrdersOfHolders(seatbook, filter, { part, position });
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const rows = {
    ...rowsOf(accountId, state),
    descending: true,
    ...(Object.keys(range).length === 0 ? {} : { range }),
  };
  return seatbook.reader.page(queryModels.orders, rows, { part, position }, sieveOf(filter));
}

/** Orders that name a device or a person are few: they are found by its timeline. */
async function listOrdersOfHolders(
  seatbook: SeatbookEdge,
  filter: OrderFilter,
  { part, position }: WantedPage,
): PageOf<'orders'> {
  const { reader } = seatbook;
  const found = await Promise.all(filter.holders.map((holder) => orderIdsOf(seatbook, holder)));
  const [first = new Set<string>(), ...others] = found;
  const ids = [...first].filter((id) => others.every((other) => other.has(id)));
  const asOf = await reader.reflected(queryModels.orders, position);
  const orders = [...(await reader.getMany(queryModels.orders, ids)).values()].filter(
    (order) =>
      inAccountAndState(order, filter) && (sieveOf(filter)?.(order) ?? true) && inTime(order, filter),
  );
  return { ...pageOfList(orders, latestFirst, part), asOf };
}

/** Every order that names a holder is answered, for each of its assets, by one of two events of the ledger. */
async function orderIdsOf(seatbook: SeatbookEdge, holder: HolderKey): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const page of subjectPages(seatbook, { kind: 'holder', id: holder }, START)) {
    for (const event of page) {
      const answer = readable(event) as Envelope<AssetEvent>;
      if (answer.type === 'asset.licenses-reserved' || answer.type === 'asset.licenses-returning')
        ids.add(answer.data.orderId);
    }
  }
  return ids;
}

/** A key that sorts the latest order first. */
const latestFirst = ({ orderedAt, orderId }: OrderDocument): string =>
  `${String(Number.MAX_SAFE_INTEGER - orderedAt).padStart(16, '0')} ${orderId}`;

const inAccountAndState = (order: OrderDocument, { accountId, state }: OrderFilter): boolean =>
  (accountId === undefined || order.uId === accountId) && (state === undefined || order.state === state);

const inTime = ({ orderedAt }: OrderDocument, { from = -Infinity, to = Infinity }: OrderFilter): boolean =>
  orderedAt >= from && orderedAt <= to;

function sieveOf({ kind, principal, asset }: OrderFilter): ((order: OrderDocument) => boolean) | undefined {
  if (kind === undefined && principal === undefined && asset === undefined) return undefined;
  const assetId = asset && idOfAsset(asset);
  return (order) =>
    (kind === undefined || order.kind === kind) &&
    (principal === undefined || order.principal === principal) &&
    (assetId === undefined || order.assets.some((one) => idOfAsset(one) === assetId));
}

function rowsOf(
  accountId: string | undefined,
  state: OrderState | undefined,
): RowsOf<typeof queryModels.orders> {
  if (accountId === undefined) {
    return state === undefined ? { index: 'by-time', equals: [] } : { index: 'by-state', equals: [state] };
  }
  return state === undefined
    ? { index: 'by-account', equals: [accountId] }
    : { index: 'by-account-state', equals: [accountId, state] };
}

/** @throws Refusal NOT_FOUND_ORDER */
export async function getOrder(
  seatbook: SeatbookEdge,
  { orderId, position }: WantedOrder,
): Promise<OrderAsOf> {
  const { document: order, asOf } = await seatbook.reader.get(queryModels.orders, orderId, position);
  if (!order) throw unknownOrder();
  return withAccount(seatbook, order, asOf);
}

async function withAccount(
  { stores }: SeatbookEdge,
  order: OrderDocument,
  asOf: Reflected,
): Promise<OrderAsOf> {
  return { order, account: await stores.reads.get(queryModels.accounts, order.uId), asOf };
}

/** The outcome of each pair of an order. @throws Refusal NOT_FOUND_ORDER */
export async function listOutcomes(
  seatbook: SeatbookEdge,
  wanted: WantedOutcomes,
): Promise<ReflectedPage<OutcomeFound>> {
  const { order, account } = await getOrder(seatbook, wanted);
  const held = isHeld(account) ? account : null;
  const page = await pageOfOutcomes(seatbook, wanted, held !== null);
  const places = await placesOf(seatbook, order, page.rows);
  const rows = page.rows.map((document) => ({
    document,
    heldBy: isUnderWay(document) ? held : null,
    place: places.get(document) ?? null,
  }));
  return { ...page, rows };
}

/** Begun, and not over yet: what a hold of the account holds. */
const isUnderWay = ({ outcome }: Pick<OutcomeDocument, 'outcome'>): boolean =>
  outcome === 'reserved' || outcome === 'returning';

async function pageOfOutcomes(
  { reader }: SeatbookEdge,
  { orderId, outcome, ...page }: WantedOutcomes,
  held: boolean,
): PageOf<'outcomes'> {
  const { outcomes } = queryModels;
  const ofOrder = { index: 'by-order', equals: [orderId] } as const;
  if (outcome === undefined) return reader.page(outcomes, ofOrder, page);
  if (outcome === 'on-hold') return reader.page(outcomes, ofOrder, page, (row) => held && isUnderWay(row));
  const rows: RowsOf<typeof outcomes> = { index: 'by-outcome', equals: [orderId, outcome] };
  return reader.page(outcomes, rows, page, held && isUnderWay({ outcome }) ? () => false : undefined);
}

/** Places in the waiting lists, which the ledgers alone know: a list changes as a whole whenever its head is served. */
async function placesOf(
  { runner }: SeatbookEdge,
  { orderId, uId }: OrderDocument,
  rows: readonly OutcomeDocument[],
): Promise<ReadonlyMap<OutcomeDocument, number>> {
  const waiting = new Map<string, OutcomeDocument[]>();
  for (const row of rows) {
    if (row.outcome !== 'waiting') continue;
    const asset = idOfAsset(row);
    waiting.set(asset, [...(waiting.get(asset) ?? []), row]);
  }
  const places = new Map<OutcomeDocument, number>();
  for (const [asset, ofAsset] of waiting) {
    const holders = new Set(ofAsset.map(({ holder }) => holder));
    const inLine = await runner.look(assetStream(uId, assetOfId(asset)), (ledger) =>
      placesInLine(ledger, orderId, holders),
    );
    for (const row of ofAsset) {
      const place = inLine.get(row.holder);
      if (place !== undefined) places.set(row, place);
    }
  }
  return places;
}

/**
 * An order that was just placed, without waiting for the read model: from what was written, where that is all there was;
 * else, while the model is behind, its fold over the order's stream gives the same document.
 * @throws Refusal NOT_FOUND_ORDER
 */
export async function getPlacedOrder(
  seatbook: SeatbookEdge,
  { orderId, position, written }: Pick<PlacedOrder, 'orderId' | 'position' | 'written'>,
): Promise<OrderAsOf> {
  const { reader, freshness } = seatbook;
  const first = foldedFrom(written, null);
  if (first) return { ...first, account: await seatbook.accountLooks.get(first.order.uId) };
  if ((await freshness.position(queryModels.orders)) >= position) {
    const { document, asOf } = await reader.get(queryModels.orders, orderId);
    if (document) return await withAccount(seatbook, document, asOf);
  }
  let found: Folded | null = null;
  for (let revision = 0; ; revision += PAGE_EVENTS) {
    const page = await seatbook.events.readStream(orderStream(orderId), revision, PAGE_EVENTS);
    found = foldedFrom(page.map(readable), found);
    if (page.length < PAGE_EVENTS) break;
  }
  if (!found) throw unknownOrder();
  return withAccount(seatbook, found.order, found.asOf);
}

type Folded = Omit<OrderAsOf, 'account'>;

/** What further events of an order make of its document. */
function foldedFrom(events: readonly Envelope[], before: Folded | null): Folded | null {
  let order = before?.order ?? null;
  for (const event of events)
    for (const { evolve } of queryModels.orders.changesBy(event as Envelope<OrderEvent>))
      order = evolve(order);
  const last = events.at(-1);
  return order && last
    ? { order, asOf: { position: last.position, time: last.metadata.recordedAt } }
    : before;
}

/** The order as soon as it is in one of the states; else as it is after `waitMs`. */
export async function waitForOrder(
  seatbook: SeatbookEdge,
  { orderId, position, until, waitMs, ended }: WaitedOrder,
): Promise<OrderAsOf> {
  const { clock, reader, freshness } = seatbook;
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
      const { document: order, asOf } = await reader.get(queryModels.orders, orderId);
      if (order && (last || until.has(order.state))) return withAccount(seatbook, order, asOf);
      if (last) return await getPlacedOrder(seatbook, { orderId, position, written: [] });
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
