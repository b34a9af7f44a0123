import { START, earliest, type Envelope, type Instant, type Position } from '@seatbook/kernel';
import { subjectOf, timelinesOf, type Subject } from '@seatbook/licensing';
import { readable, type LoggedEvent } from '@seatbook/runtime';
import type { SeatbookEdge } from './seatbook-edge.js';
import { subjectPages } from './subject-pages.js';
import { checkSubjects } from './subjects.js';

const PAGE_EVENTS = 500;

export interface HistoryFilter {
  /** Events that belong to all of these. */
  readonly subjects: readonly Subject[];
  /** Only events of this type. */
  readonly type?: string;
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
  await checkSubjects(seatbook, filter.subjects);
  const head = await seatbook.events.head();
  const end = earliest(filter.upTo ?? head, head);
  return { end, pages: pagesOf(seatbook, filter, end) };
}

async function* pagesOf(
  seatbook: SeatbookEdge,
  { subjects, type, after, from = -Infinity, to = Infinity }: HistoryFilter,
  end: Position,
): AsyncGenerator<readonly Envelope[]> {
  if (after >= end) return;
  const wanted = subjects.map(({ kind, id }) => subjectOf(kind, id));
  const [narrowest] = subjects;
  const pages =
    narrowest === undefined ? allPages(seatbook, after) : subjectPages(seatbook, narrowest, after);
  for await (const page of pages) {
    const matching = page
      .filter(
        ({ position, metadata, ...event }) =>
          position <= end &&
          (type === undefined || event.type === type) &&
          metadata.recordedAt >= from &&
          metadata.recordedAt <= to,
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
  // A log is read on from where an event is; any number may be asked for.
  const known = after === START || (await events.readAt(after)) !== null;
  for await (const page of events.pages(known ? after : START, PAGE_EVENTS)) {
    yield known ? page.events : page.events.filter(({ position }) => position > after);
  }
}

export const historyQueries = { StreamHistory: streamHistory };
