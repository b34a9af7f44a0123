import { meaningOf } from '@seatbook/apple/formats';
import { Refusal, asPosition, type Envelope, type Position } from '@seatbook/kernel';
import {
  assetKey,
  idOfAsset,
  queryModels,
  storyOf,
  subjectsOf,
  type HolderKey,
  type OrderDocument,
  type StoryContext,
  type Subject,
} from '@seatbook/licensing';
import { readCursor, readable, writeCursor } from '@seatbook/runtime';
import type { ListPart, Reflected, ReflectedPage, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { subjectPage, type Place } from './subject-pages.js';
import { checkSubjects } from './subjects.js';

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
  /** What happened, in one sentence for people. */
  readonly story: string;
}

/** The life of one account, asset, holder or order. @throws Refusal as {@link checkSubjects} does */
export async function getTimeline(
  seatbook: SeatbookEdge,
  { subject, newestFirst, part, position }: WantedTimeline,
): Promise<ReflectedPage<TimelineEntry>> {
  await checkSubjects(seatbook, [subject]);
  const asOf = await seatbook.reader.reflected(queryModels.timeline, position);
  const walk = JSON.stringify(['timeline', subject.kind, subject.id, newestFirst]);
  const from = part.cursor === undefined ? null : placeOf(walk, part.cursor);
  const wanted = { subject, newestFirst, from, upTo: asOf.position, limit: part.limit };
  const { events, next } = await subjectPage(seatbook, wanted);
  const holder = subject.kind === 'holder' ? subject.id : null;
  const rows = await entriesOf(seatbook, events.map(readable), holder);
  return { rows, next: next && cursorAt(walk, next), asOf };
}

const cursorAt = (walk: string, { position, revision }: Place): string =>
  writeCursor(walk, { values: [position, revision], key: '' });

/** @throws InvalidCursor */
function placeOf(walk: string, cursor: string): Place {
  const { values } = readCursor(walk, 2, cursor);
  const [position, revision] = values.map(Number);
  return { position: asPosition(position ?? 0), revision: revision ?? 0 };
}

/**
 * Why something happened: an event, what it follows from, and so on, back to the request at the beginning.
 * @throws Refusal NOT_FOUND_EVENT
 * @throws InvalidCursor
 */
export async function listCauses(
  seatbook: SeatbookEdge,
  { position, part: { limit, cursor } }: { readonly position: Position; readonly part: ListPart },
): Promise<ReflectedPage<TimelineEntry>> {
  const asOf = await seatbook.reader.head();
  const walk = JSON.stringify(['causes', position]);
  const first = cursor === undefined ? position : causeAt(walk, cursor);
  const events = [await eventAt(seatbook, first)];
  let cause = events[0]?.metadata.cause;
  while (cause !== undefined && events.length < limit) {
    const [before] = await seatbook.events.readReferences([cause]);
    if (!before) throw new Error(`the cause ${cause.stream}@${cause.revision} is not in the log`);
    events.push(readable(before));
    cause = before.metadata.cause;
  }
  const rows = await entriesOf(seatbook, events, null);
  const next = rows.at(-1)?.causePosition ?? null;
  return { rows, next: next && writeCursor(walk, { values: [next], key: '' }), asOf };
}

/** Where a chain of causes goes on. @throws InvalidCursor for one of another chain */
function causeAt(walk: string, cursor: string): Position {
  const [position] = readCursor(walk, 1, cursor).values.map(Number);
  return asPosition(position ?? 0);
}

/** One event, whole. @throws Refusal NOT_FOUND_EVENT */
export async function getEvent(
  seatbook: SeatbookEdge,
  { position }: { readonly position: Position },
): Promise<{ readonly event: Envelope; readonly asOf: Reflected }> {
  const asOf = await seatbook.reader.head();
  return { event: await eventAt(seatbook, position), asOf };
}

async function eventAt(seatbook: SeatbookEdge, position: Position): Promise<Envelope> {
  const event = await seatbook.events.readAt(position);
  if (!event) throw new Refusal('NOT_FOUND_EVENT', 'there is no event at this position', { position });
  return readable(event);
}

/** Events as people read them, in the order given. `holder`: whom the sentences are about, where it is one. */
export async function entriesOf(
  seatbook: SeatbookEdge,
  events: readonly Envelope[],
  holder: HolderKey | null,
): Promise<TimelineEntry[]> {
  const orders = await ordersOf(seatbook, events);
  const positions = await positionsOf(seatbook, events);
  const context = { holder, errorMeaning: meaningOf, assetName: await namesOf(seatbook, events) };
  return events.map((event) => ({
    event,
    order: orders.get(orderOf(event) ?? '') ?? null,
    causePosition: event.metadata.cause ? (positions.get(event.metadata.causationId) ?? null) : null,
    story: storyOf(event, context),
  }));
}

/** Names of the assets that events are about. Where there are several, they are only counted. */
async function namesOf(
  { reader }: SeatbookEdge,
  events: readonly Envelope[],
): Promise<StoryContext['assetName']> {
  const keys = events.map(subjectsOf).flatMap((subjects) => {
    const { uId = null, assets: [asset, ...more] = [] } = subjects ?? {};
    return uId !== null && asset && more.length === 0 ? [assetKey(uId, asset)] : [];
  });
  const known = await reader.getMany(queryModels.assets, [...new Set(keys)]);
  return (uId, asset) => known.get(assetKey(uId, asset))?.name ?? idOfAsset(asset);
}

/** The reason of an order is that of all that follows from it. */
function ordersOf(
  { reader }: SeatbookEdge,
  events: readonly Envelope[],
): Promise<Map<string, OrderDocument>> {
  const ids = new Set(events.map(orderOf).filter((id) => id !== null));
  return reader.getMany(queryModels.orders, [...ids]);
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
function orderOf(event: Envelope): string | null {
  const [order = '', ...more] = new Set(subjectsOf(event)?.orders);
  return order === '' || more.length > 0 ? null : order;
}

export const timelineQueries = { GetTimeline: getTimeline, GetEvent: getEvent, ListCauses: listCauses };
