import { Refusal, type Envelope, type Position } from '@seatbook/kernel';
import {
  assetKey,
  assetsModel,
  ordersModel,
  subjectOf,
  timelineModel,
  type AssetDocument,
  type AssetId,
  type OrderDocument,
} from '@seatbook/licensing';
import { readable } from '@seatbook/runtime';
import type { Subject } from './history.js';
import type { ReflectedPage, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

export interface WantedTimeline extends WantedPage {
  readonly subject: Subject;
  readonly newestFirst: boolean;
}

/** One event in the life of a subject. */
export interface TimelineEntry {
  readonly event: Envelope;
  /** The order that it belongs to, where it is one. */
  readonly order: OrderDocument | null;
  /** Position of the event that it follows from; null where a command from outside caused it. */
  readonly causePosition: Position | null;
}

/** Events with the order and the cause of each. */
export interface TimelineEntries {
  readonly rows: readonly TimelineEntry[];
  /** Names of the assets that these events speak of. */
  readonly nameOf: (uId: string, asset: AssetId) => string;
}

export type Timeline = TimelineEntries & ReflectedPage<TimelineEntry>;

/** A chain of causes. */
export interface Causes extends TimelineEntries {
  /** The event where it goes on; null where the last one is the beginning. */
  readonly next: Position | null;
}

/** The life of one account, asset, holder or order. */
export async function getTimeline(
  seatbook: SeatbookEdge,
  { subject, newestFirst, ...page }: WantedTimeline,
): Promise<Timeline> {
  const { reader } = seatbook;
  const rows = {
    index: 'by-subject',
    equals: [subjectOf(subject.kind, subject.id)],
    descending: newestFirst,
  };
  const found = await reader.page(timelineModel, rows, page);
  const events = (await seatbook.events.readReferences(found.rows)).map(readable);
  return { next: found.next, asOf: found.asOf, ...(await entriesOf(seatbook, events)) };
}

/**
 * Why something happened: an event, what it follows from, and so on, back to the request at the beginning.
 * @throws Refusal NOT_FOUND_EVENT
 */
export async function listCauses(
  seatbook: SeatbookEdge,
  { position, limit }: { readonly position: Position; readonly limit: number },
): Promise<Causes> {
  const events = [await getEvent(seatbook, { position })];
  let cause = events[0]?.metadata.cause;
  while (cause !== undefined && events.length < limit) {
    const [before] = await seatbook.events.readReferences([cause]);
    if (!before) throw new Error(`the cause ${cause.stream}@${cause.revision} is not in the log`);
    events.push(readable(before));
    cause = before.metadata.cause;
  }
  const entries = await entriesOf(seatbook, events);
  return { ...entries, next: entries.rows.at(-1)?.causePosition ?? null };
}

/** One event, whole. @throws Refusal NOT_FOUND_EVENT */
export async function getEvent(
  seatbook: SeatbookEdge,
  { position }: { readonly position: Position },
): Promise<Envelope> {
  const event = await seatbook.events.readAt(position);
  if (!event) throw new Refusal('NOT_FOUND_EVENT', 'there is no event at this position', { position });
  return readable(event);
}

async function entriesOf(seatbook: SeatbookEdge, events: readonly Envelope[]): Promise<TimelineEntries> {
  const orders = await ordersOf(seatbook, events);
  const positions = await positionsOf(seatbook, events);
  const rows = events.map((event) => ({
    event,
    order: orders.get(orderOf(event) ?? '') ?? null,
    causePosition: event.metadata.cause ? (positions.get(event.metadata.causationId) ?? null) : null,
  }));
  return { rows, nameOf: await namesOf(seatbook, events) };
}

async function namesOf(
  { reader }: SeatbookEdge,
  events: readonly Envelope[],
): Promise<TimelineEntries['nameOf']> {
  const keys = new Set<string>();
  for (const { stream, data } of events) {
    if (stream.startsWith('asset-')) keys.add(stream.slice('asset-'.length));
    const {
      uId,
      adamId,
      pricingParam,
      assets = [],
    } = data as Partial<AssetDocument> & {
      assets?: readonly { adamId: string; pricingParam: string }[];
    };
    if (uId === undefined) continue;
    if (adamId !== undefined && pricingParam !== undefined) keys.add(assetKey(uId, { adamId, pricingParam }));
    if (assets.length === 1 && assets[0]) keys.add(assetKey(uId, assets[0]));
  }
  const known = await reader.getMany(assetsModel, [...keys]);
  return (uId, asset) => known.get(assetKey(uId, asset))?.name ?? `${asset.adamId}.${asset.pricingParam}`;
}

/** The reason of an order is that of all that follows from it. */
function ordersOf(
  { reader }: SeatbookEdge,
  events: readonly Envelope[],
): Promise<Map<string, OrderDocument>> {
  const ids = new Set(events.map(orderOf).filter((id) => id !== null));
  return reader.getMany(ordersModel, [...ids]);
}

/** Positions of the events and of their causes, by id. */
async function positionsOf(
  seatbook: SeatbookEdge,
  events: readonly Envelope[],
): Promise<ReadonlyMap<string, Position>> {
  const causes = await seatbook.events.readReferences(events.flatMap(({ metadata }) => metadata.cause ?? []));
  return new Map([...events, ...causes].map(({ id, position }) => [id, position]));
}

/** The order that an event belongs to, where it is one. */
function orderOf({ stream, data }: Envelope): string | null {
  if (stream.startsWith('order-')) return stream.slice('order-'.length);
  const { orderId, orderIds } = data as { orderId?: string; orderIds?: readonly string[] };
  const only = new Set(orderIds ?? []).size === 1 ? orderIds?.[0] : undefined;
  return orderId ?? only ?? null;
}
