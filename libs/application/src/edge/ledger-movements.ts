import { type Envelope } from '@seatbook/kernel';
import {
  SECTION_EVENTS,
  addEvent,
  addMovements,
  assetKey,
  assetStream,
  noMovements,
  queryModels,
  type AssetEvent,
  type AssetId,
  type Movements,
} from '@seatbook/licensing';
import { giveWay, readable } from '@seatbook/runtime';
import type { SeatbookEdge } from './seatbook-edge.js';

const PAGE_EVENTS = 500;

type Log = Pick<SeatbookEdge, 'reader' | 'events'>;

/** Consecutive events of a ledger: the revisions from one on, and before another. */
export interface Run {
  readonly uId: string;
  readonly asset: AssetId;
  readonly from: number;
  readonly before: number;
}

/** What a run of events moved. The read model of sections must reflect them all: what it has of it need not be read. */
export async function movementsOfRun({ reader, events }: Log, run: Run): Promise<Movements> {
  const { uId, asset, from, before } = run;
  const first = Math.ceil(from / SECTION_EVENTS);
  const end = Math.floor(before / SECTION_EVENTS);
  if (first >= end) return movementsIn(events, run);
  const equals = [assetKey(uId, asset)];
  const range = { from: first, to: end - 1 };
  const moved = await movementsIn(events, { ...run, before: first * SECTION_EVENTS });
  for await (const section of reader.all(queryModels.sections, { index: 'by-asset', equals, range }))
    addMovements(moved, section);
  addMovements(moved, await movementsIn(events, { ...run, from: end * SECTION_EVENTS }));
  return moved;
}

async function movementsIn(events: Log['events'], run: Run): Promise<Movements> {
  const moved = noMovements();
  for await (const event of eventsOfRun(events, run)) addEvent(moved, event);
  return moved;
}

/** The events of a run, page by page. */
export async function* eventsOfRun(
  events: Log['events'],
  { uId, asset, from, before }: Run,
): AsyncGenerator<Envelope<AssetEvent>> {
  const stream = assetStream(uId, asset);
  for (let revision = from; revision < before; revision += PAGE_EVENTS) {
    if (revision > from) await giveWay();
    const page = await events.readStream(stream, revision, Math.min(PAGE_EVENTS, before - revision));
    for (const event of page) yield readable(event) as Envelope<AssetEvent>;
  }
}
