import type { Position } from '@seatbook/kernel';
import { queryModels } from '@seatbook/licensing';
import { giveWay, type LoggedEvent } from '@seatbook/runtime';
import type { SeatbookEdge } from './seatbook-edge.js';

const PAGE_EVENTS = 500;

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
