import { Refusal, type DomainEvent, type Envelope, type Instant, type Position } from '@seatbook/kernel';
import {
  assetStream,
  assetsModel,
  pairKey,
  pairsModel,
  subjectOf,
  subjectsOf,
  timelineModel,
  type AssetDocument,
  type AssetEvent,
  type AssetId,
  type HolderKey,
  type PairDocument,
  type SubjectKind,
  type TimelineRow,
} from '@seatbook/licensing';
import type { StoredEvent } from '@seatbook/runtime';
import type { Seatbook } from './seatbook.js';

const PAGE_EVENTS = 500;

/** A moment of the log: a position, or a time by `recordedAt`. */
export type AsOf = { readonly position: Position } | { readonly time: Instant };

export interface HistoryFilter {
  /** Events that belong to all of these. */
  readonly subjects: readonly { readonly kind: SubjectKind; readonly id: string }[];
  /** Events after this position: where an earlier reading stopped. */
  readonly after: Position;
  readonly upTo?: Position;
  /** `recordedAt`, both inclusive. */
  readonly from?: Instant;
  readonly to?: Instant;
}

const notLater = (event: StoredEvent, at: AsOf): boolean =>
  'position' in at ? event.position <= at.position : event.metadata.recordedAt <= at.time;

/** Events of the log in order, page by page; bulk events come whole. A reading may go on after any position. */
export async function* history(
  seatbook: Seatbook,
  filter: HistoryFilter,
): AsyncGenerator<readonly Envelope[]> {
  const { subjects, upTo = Infinity, from = -Infinity, to = Infinity } = filter;
  const wanted = subjects.map(({ kind, id }) => subjectOf(kind, id));
  const end = Math.min(upTo, await seatbook.options.stores.events.head());
  const pages =
    wanted[0] === undefined
      ? allPages(seatbook, filter.after)
      : subjectPages(seatbook, wanted[0], filter.after);
  for await (const page of pages) {
    const matching = page
      .filter(
        ({ position, metadata }) =>
          position <= end && metadata.recordedAt >= from && metadata.recordedAt <= to,
      )
      .map((event) => upcast(seatbook, event))
      .filter((event) => {
        if (wanted.length < 2) return true;
        const own = new Set(subjectsOf(event));
        return wanted.every((subject) => own.has(subject));
      });
    if (matching.length > 0) yield matching;
    if ((page.at(-1)?.position ?? 0) >= end) return;
  }
}

async function* allPages(seatbook: Seatbook, after: Position): AsyncGenerator<readonly StoredEvent[]> {
  let position = after;
  for (;;) {
    const events = await seatbook.options.stores.events.readAll(position, PAGE_EVENTS);
    if (events.length === 0) return;
    yield events;
    position = events.at(-1)?.position as Position;
  }
}

/** By the timeline's index. */
async function* subjectPages(
  seatbook: Seatbook,
  subject: string,
  after: Position,
): AsyncGenerator<readonly StoredEvent[]> {
  const { events, reads } = seatbook.options.stores;
  const head = await events.head();
  if (!(await seatbook.reached(timelineModel.name, head, 10_000))) {
    throw new Refusal('TRANSIENT_BEHIND', 'the timeline is behind the log; send the request again', {}, 5);
  }
  let position = after;
  for (;;) {
    const { rows } = await reads.query<TimelineRow>(timelineModel, {
      index: 'by-subject',
      equals: [subject],
      range: { after: position },
      limit: PAGE_EVENTS,
    });
    if (rows.length === 0) return;
    yield await events.readAt(rows.map((row) => row.position));
    position = rows.at(-1)?.position as Position;
  }
}

const upcast = ({ registry }: Seatbook, event: StoredEvent): Envelope => ({
  ...event,
  data: registry.upcast(event),
});

/** An asset's counts and pairs as they were, folded from its stream. Null where the asset was not known yet. */
export async function assetAsOf(
  seatbook: Seatbook,
  uId: string,
  asset: AssetId,
  at: AsOf,
): Promise<{ document: AssetDocument; pairs: PairDocument[]; recordedAt: Instant } | null> {
  const stream = assetStream(uId, asset);
  const key = stream.slice(stream.indexOf('-') + 1);
  const pairs = new Map<string, PairDocument>();
  let document: AssetDocument | null = null;
  let recordedAt: Instant = 0;
  for (let revision = 0; ; revision += PAGE_EVENTS) {
    const events = await seatbook.options.stores.events.readStream(stream, revision, PAGE_EVENTS);
    for (const event of events) {
      if (!notLater(event, at)) break;
      const envelope = upcast(seatbook, event) as Envelope<DomainEvent> & Envelope<AssetEvent>;
      recordedAt = event.metadata.recordedAt;
      if (assetsModel.handles.includes(envelope.type)) document = assetsModel.evolve(document, envelope, key);
      foldPairs(pairs, envelope, () => true);
    }
    const last = events.at(-1);
    if (!last || events.length < PAGE_EVENTS || !notLater(last, at)) break;
  }
  return document && { document, pairs: [...pairs.values()], recordedAt };
}

/** A holder's pairs as they were, by the timeline's index. Claims are not told apart from reservations. */
export async function holderAsOf(seatbook: Seatbook, holder: HolderKey, at: AsOf): Promise<PairDocument[]> {
  const pairs = new Map<string, PairDocument>();
  for await (const page of subjectPages(seatbook, subjectOf('holder', holder), 0)) {
    for (const event of page) {
      if (!notLater(event, at)) break;
      const envelope = upcast(seatbook, event) as Envelope<AssetEvent>;
      foldPairs(
        pairs,
        envelope,
        (key) => key === pairKey(envelope.stream.slice(envelope.stream.indexOf('-') + 1), holder),
      );
    }
    const last = page.at(-1);
    if (!last || !notLater(last, at)) break;
  }
  return [...pairs.values()];
}

function foldPairs(
  pairs: Map<string, PairDocument>,
  envelope: Envelope<AssetEvent>,
  mine: (key: string) => boolean,
): void {
  if (!pairsModel.handles.includes(envelope.type)) return;
  for (const key of pairsModel.keysOf(envelope)) {
    if (!mine(key)) continue;
    const pair = pairsModel.evolve(pairs.get(key) ?? null, envelope, key);
    if (pair) pairs.set(key, pair);
    else pairs.delete(key);
  }
}
