import { START, type Position } from '@seatbook/kernel';
import { queryModels, streamOfSubject, type Subject, type TimelineRow } from '@seatbook/licensing';
import { giveWay, type EventLog, type EventReference, type LoggedEvent } from '@seatbook/runtime';
import type { RowsOf } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

const PAGE_EVENTS = 500;

/** Between two events of a subject. */
export interface Place {
  /** Of the event before. */
  readonly position: Position;
  /** Of the event that is next in the subject's own stream, as far as it has one. */
  readonly revision: number;
}

/** Which events of a subject are wanted. */
export interface WantedEvents {
  readonly subject: Subject;
  readonly newestFirst: boolean;
  /** `next` of the page before; null for the first page. */
  readonly from: Place | null;
  /** No event behind this position: what the timeline reflects. */
  readonly upTo: Position;
  readonly limit: number;
}

/** Some of a subject's events, in order. */
export interface SubjectPage {
  readonly events: readonly LoggedEvent[];
  /** Where the next page begins; null at the end. */
  readonly next: Place | null;
}

type Log = Pick<SeatbookEdge, 'reader' | 'events'>;

/**
 * The events of a subject: those of its own stream, and those of others that its timeline refers to. Both are in the
 * order of positions, and are put together here.
 */
export async function subjectPage(seatbook: Log, wanted: WantedEvents): Promise<SubjectPage> {
  const { newestFirst, upTo, limit } = wanted;
  const from = wanted.from ?? (await firstPlace(seatbook.events, wanted));
  const own = await ownEvents(seatbook.events, wanted, from.revision);
  const rows = await rowsOf(seatbook, wanted, from.position);
  const sign = newestFirst ? -1 : 1;
  const found = [...own.map(isRead), ...rows.map(isReference)]
    .filter(({ position }) => position <= upTo)
    .sort((one, other) => (one.position < other.position ? -sign : sign));
  const part = found.slice(0, limit);
  const events = await eventsOf(seatbook, part);
  const last = part.at(-1);
  if (!last || found.length <= limit) return { events, next: null };
  const passed = part.filter(({ event }) => event !== null).length;
  return { events, next: { position: last.position, revision: from.revision + sign * passed } };
}

/** An event of a subject, or where it is to be read. */
interface Entry {
  readonly position: Position;
  readonly event: LoggedEvent | null;
  readonly reference: EventReference;
}

const isRead = (event: LoggedEvent): Entry => ({ position: event.position, event, reference: event });

const isReference = (row: TimelineRow): Entry => ({ position: row.position, event: null, reference: row });

async function eventsOf({ events }: Log, entries: readonly Entry[]): Promise<readonly LoggedEvent[]> {
  const unread = entries.flatMap(({ event, reference }) => (event ? [] : [reference]));
  const read = new Map((await events.readReferences(unread)).map((event) => [event.position, event]));
  return entries.flatMap(({ event, position }) => event ?? read.get(position) ?? []);
}

/** Events of a subject after a position, page by page. */
export async function* subjectPages(
  seatbook: Log,
  subject: Subject,
  after: Position,
): AsyncGenerator<readonly LoggedEvent[]> {
  const { reader, events } = seatbook;
  await reader.reachHead(queryModels.timeline);
  const { position: upTo } = await reader.reflected(queryModels.timeline, undefined);
  const stream = streamOfSubject(subject);
  const revision = stream === null ? 0 : (await lastRevision(events, stream, after)) + 1;
  const wanted = { subject, newestFirst: false, upTo, limit: PAGE_EVENTS };
  for (let from: Place | null = { position: after, revision }; from !== null;) {
    const page: SubjectPage = await subjectPage(seatbook, { ...wanted, from });
    yield page.events;
    await giveWay();
    from = page.next;
  }
}

/** Before all events, in the order wanted. */
async function firstPlace(events: EventLog, { subject, newestFirst, upTo }: WantedEvents): Promise<Place> {
  if (!newestFirst) return { position: START, revision: 0 };
  const stream = streamOfSubject(subject);
  return { position: upTo, revision: stream === null ? -1 : await lastRevision(events, stream, upTo) };
}

/** One event more than may be needed of the subject's own stream. */
async function ownEvents(
  events: EventLog,
  { subject, newestFirst, limit }: WantedEvents,
  revision: number,
): Promise<readonly LoggedEvent[]> {
  const stream = streamOfSubject(subject);
  if (stream === null || revision < 0) return [];
  if (!newestFirst) return events.readStream(stream, revision, limit + 1);
  const first = Math.max(0, revision - limit);
  return events.readStream(stream, first, revision - first + 1);
}

/** One reference more than may be needed to events of other streams. */
async function rowsOf(
  { reader }: Log,
  { subject, newestFirst, from, limit }: WantedEvents,
  position: Position,
) {
  const equals = [subject.kind, subject.id];
  const rows: RowsOf<typeof queryModels.timeline> = newestFirst
    ? { index: 'by-subject', equals, descending: true, range: { to: position } }
    : { index: 'by-subject', equals, range: { after: position } };
  // A range includes its end, which a later page has behind it.
  const page = await reader.page(queryModels.timeline, rows, { part: { limit: limit + 2 } });
  return newestFirst && from !== null ? page.rows.filter((row) => row.position < position) : page.rows;
}

/** Revision of the last event of a stream that is not behind a position; -1 where there is none. */
export async function lastRevision(events: EventLog, stream: string, position: Position): Promise<number> {
  const isThere = async (revision: number): Promise<boolean> => {
    const [event] = await events.readStream(stream, revision, 1);
    return event !== undefined && event.position <= position;
  };
  let there = -1;
  let step = 1;
  while (await isThere(there + step)) {
    there += step;
    step *= 2;
  }
  while (step > 1) {
    step /= 2;
    if (await isThere(there + step)) there += step;
  }
  return there;
}
