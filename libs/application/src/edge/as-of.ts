import {
  Refusal,
  START,
  latest,
  type DomainEvent,
  type Envelope,
  type Instant,
  type Position,
} from '@seatbook/kernel';
import {
  assetStream,
  queryModels,
  type AssetDocument,
  type AssetEvent,
  type AssetId,
  type HolderKey,
  type PairDocument,
} from '@seatbook/licensing';
import {
  giveWay,
  readable,
  startOf,
  timeKey,
  timesModel,
  type TimeRow,
  type TimeSpan,
} from '@seatbook/runtime';
import type { Reader, Reflected } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { subjectPages } from './subject-pages.js';

const PAGE_EVENTS = 500;

/** A moment of the log: a position, or a time by `recordedAt`. */
export type Moment = { readonly position: Position } | { readonly time: Instant };

type Log = Pick<SeatbookEdge, 'reader' | 'events' | 'clock'>;

/** Where a moment is in the log. @throws Refusal INVALID_AT for one that lies in the future */
export async function positionOf(seatbook: Log, moment: Moment): Promise<Reflected> {
  const { reader, events, clock } = seatbook;
  if ('position' in moment) {
    const { position } = moment;
    const head = await events.head();
    if (position <= head) return { position, time: await reader.timeOf(position) };
    throw new Refusal('INVALID_AT', 'this position is beyond the end of the log', { head });
  }
  const { time } = moment;
  if (time > clock.now()) throw new Refusal('INVALID_AT', 'this moment lies in the future');
  return { position: await lastPositionAt(seatbook, time), time };
}

/** The last event recorded at or before a moment, wherever it is in the log. */
async function lastPositionAt({ reader, events }: Log, time: Instant): Promise<Position> {
  await reader.reachHead(timesModel);
  const day = startOf('day', time);
  const minute = startOf('minute', time);
  let last = START;
  for await (const row of spansBefore(reader, 'day', day)) last = latest(last, row.last);
  for await (const row of spansBefore(reader, 'minute', minute, day)) last = latest(last, row.last);
  const { document: current } = await reader.get(timesModel, timeKey('minute', minute));
  if (!current || current.last <= last) return last;
  for await (const page of events.pages(last, PAGE_EVENTS)) {
    for (const { position, metadata } of page.events) {
      if (position > current.last) return last;
      if (metadata.recordedAt <= time) last = position;
    }
  }
  return last;
}

const spansBefore = (
  reader: Reader,
  span: TimeSpan,
  before: Instant,
  from?: Instant,
): AsyncGenerator<TimeRow> => {
  const range = { ...(from === undefined ? {} : { from }), to: before - 1 };
  return reader.all(timesModel, { index: 'by-time', equals: [span], range });
};

export interface AssetThen {
  readonly document: AssetDocument;
  readonly pairs: readonly PairDocument[];
}

/** An asset's counts and pairs as they were, folded from its stream. Null where the asset was not known yet. */
export async function assetAsOf(
  seatbook: SeatbookEdge,
  uId: string,
  asset: AssetId,
  position: Position,
): Promise<AssetThen | null> {
  const stream = assetStream(uId, asset);
  const pairs = new Map<string, PairDocument>();
  let document: AssetDocument | null = null;
  for (let revision = 0; ; revision += PAGE_EVENTS) {
    const events = await seatbook.events.readStream(stream, revision, PAGE_EVENTS);
    for (const event of events) {
      if (event.position > position) break;
      const envelope = readable(event) as Envelope<DomainEvent> & Envelope<AssetEvent>;
      for (const change of queryModels.assets.changesBy(envelope)) document = change.evolve(document);
      foldPairs(pairs, envelope);
    }
    const last = events.at(-1);
    if (!last || events.length < PAGE_EVENTS || last.position > position) break;
    await giveWay();
  }
  return document && { document, pairs: [...pairs.values()] };
}

/** A holder's pairs as they were, by the timeline's index. Claims are not distinguished from reservations. */
export async function holderAsOf(
  seatbook: SeatbookEdge,
  holder: HolderKey,
  position: Position,
): Promise<readonly PairDocument[]> {
  const pairs = new Map<string, PairDocument>();
  for await (const page of subjectPages(seatbook, { kind: 'holder', id: holder }, START)) {
    for (const event of page) {
      if (event.position > position) break;
      const envelope = readable(event) as Envelope<AssetEvent>;
      foldPairs(pairs, envelope, holder);
    }
    if ((page.at(-1)?.position ?? 0) > position) break;
  }
  return [...pairs.values()];
}

/** Folds what an event does to pairs; those of one holder where only they are wanted. */
function foldPairs(
  pairs: Map<string, PairDocument>,
  envelope: Envelope<AssetEvent>,
  holder: HolderKey | null = null,
): void {
  for (const { key, evolve } of queryModels.pairs.changesBy(envelope)) {
    const pair = evolve(pairs.get(key) ?? null);
    if (pair && (holder === null || pair.holder === holder)) pairs.set(key, pair);
    else pairs.delete(key);
  }
}
