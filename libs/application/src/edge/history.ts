import { earliest, type Envelope, type Instant, type Position } from '@seatbook/kernel';
import { queryModels, subjectOf, timelinesOf, type SubjectKind } from '@seatbook/licensing';
import { giveWay, readable, type LoggedEvent } from '@seatbook/runtime';
import type { SeatbookEdge } from './seatbook-edge.js';

const PAGE_EVENTS = 500;

/** What timeline and history can be asked about. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
}

export interface HistoryFilter {
  /** Events that belong to all of these. */
  readonly subjects: readonly Subject[];
  /** Events after this position: where an earlier reading stopped. */
  readonly after: Position;
  readonly upTo?: Position;
  /** `recordedAt`, both inclusive. */
  readonly from?: Instant;
  readonly to?: Instant;
}

export interface HistoryStream {
  /** Everything up to here is looked at. */
  readonly end: Position;
  readonly pages: AsyncGenerator<readonly Envelope[]>;
}

/** Events of the log in order, page by page, up to the head as it is now; bulk events come whole. */
export async function streamHistory(seatbook: SeatbookEdge, filter: HistoryFilter): Promise<HistoryStream> {
  const head = await seatbook.events.head();
  const end = earliest(filter.upTo ?? head, head);
  return { end, pages: pagesOf(seatbook, filter, end) };
}

async function* pagesOf(
  seatbook: SeatbookEdge,
  { subjects, after, from = -Infinity, to = Infinity }: HistoryFilter,
  end: Position,
): AsyncGenerator<readonly Envelope[]> {
  const wanted = subjects.map(({ kind, id }) => subjectOf(kind, id));
  const [narrowest] = wanted;
  const pages =
    narrowest === undefined ? allPages(seatbook, after) : subjectPages(seatbook, narrowest, after);
  for await (const page of pages) {
    const matching = page
      .filter(
        ({ position, metadata }) =>
          position <= end && metadata.recordedAt >= from && metadata.recordedAt <= to,
      )
      .map(readable)
      .filter((event) => {
        if (wanted.length < 2) return true;
        const timelines = new Set(timelinesOf(event));
        return wanted.every((subject) => timelines.has(subject));
      });
    if (matching.length > 0) yield matching;
    if ((page.at(-1)?.position ?? 0) >= end) return;
  }
}

async function* allPages({ events }: SeatbookEdge, after: Position): AsyncGenerator<readonly LoggedEvent[]> {
  for await (const page of events.pages(after, PAGE_EVENTS)) yield page.events;
}

/** Events of a subject after a position, by the timeline's index. */
export async function* subjectPages(
  { reader, events }: SeatbookEdge,
  subject: string,
  after: Position,
): AsyncGenerator<readonly LoggedEvent[]> {
  await reader.reachHead(queryModels.timeline);
  let position = after;
  for (;;) {
    const rows = { index: 'by-subject', equals: [subject], range: { after: position } } as const;
    const page = await reader.page(queryModels.timeline, rows, { part: { limit: PAGE_EVENTS } });
    const last = page.rows.at(-1);
    if (!last) return;
    yield await events.readReferences(page.rows);
    await giveWay();
    position = last.position;
  }
}
