import { Refusal, START, chunksOf, type Envelope, type Position } from '@seatbook/kernel';
import {
  PairDifferences,
  addEvent,
  assetOf,
  assetStream,
  canonicalHolder,
  holderKeys,
  noMovements,
  pairMovesOf,
  queryModels,
  type AssetEvent,
  type AssetId,
  type Counted,
  type HolderKey,
  type Movements,
  type OrderDocument,
  type PairDifference,
  type Subject,
} from '@seatbook/licensing';
import { giveWay, readable } from '@seatbook/runtime';
import { eventsOfRun, movementsOfRun, type Run } from './ledger-movements.js';
import type { Period } from './period.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { lastRevision, subjectPage, subjectPages, type Place } from './subject-pages.js';
import { checkSubjects } from './subjects.js';

const PAGE_ROWS = 500;
/** Events of a holder that are looked at together for what a pair was before a period. */
const LOOK_BACK = 50;

/** How many pairs are in each state. */
export type PairCounts = Readonly<Record<Counted, number>>;

/** Counts of an asset that were others before the period than after it; of a holder where no asset is named. */
export interface CountsDiffer {
  readonly what: 'counts';
  readonly uId: string | null;
  readonly asset: AssetId | null;
  readonly holder: HolderKey | null;
  readonly before: CountsThen;
  readonly after: CountsThen;
}

export interface CountsThen extends PairCounts {
  /** Null for an unlimited asset, before the first read, and for a holder. */
  readonly owned: number | null;
  /** Reserved, assigned and returning. */
  readonly used: number;
}

/** A pair that was in another state before the period than after it. */
export interface PairDiffers {
  readonly what: 'pair';
  readonly uId: string;
  readonly asset: AssetId;
  readonly holder: HolderKey;
  /** Null: there was no pair. Claims show as reserved. */
  readonly before: Counted | null;
  readonly after: Counted | null;
  /** The last change in the period. */
  readonly event: Envelope;
  readonly orderId: string | null;
  /** The order that it belongs to, where it is known. */
  readonly order: OrderDocument | null;
}

export type Difference = CountsDiffer | PairDiffers;

export interface WantedDifferences {
  /** An account, one of its assets, or a holder. */
  readonly subject: Subject;
  readonly period: Period;
}

/**
 * What differs between two moments, page by page: only what lies between is read, asset by asset, and no more is kept
 * than the pairs of one asset that it touched.
 * @throws Refusal as {@link checkSubjects} does
 */
export async function streamDifferences(
  seatbook: SeatbookEdge,
  { subject, period }: WantedDifferences,
): Promise<AsyncGenerator<readonly Difference[]>> {
  await checkSubjects(seatbook, [subject]);
  await seatbook.reader.reach(queryModels.sections, period.to.position);
  await seatbook.reader.reach(queryModels.assets, period.to.position);
  switch (subject.kind) {
    case 'holder':
      return ofHolder(seatbook, subject.id, period);
    case 'asset': {
      const { uId, ...asset } = assetOf(subject.id);
      return ofAsset(seatbook, uId, asset, period);
    }
    case 'account':
      return ofAccount(seatbook, subject.id, period);
    case 'order':
      throw new Refusal('INVALID_SUBJECT', 'what differs is asked of an account, an asset or a holder');
  }
}

async function* ofAccount(
  seatbook: SeatbookEdge,
  uId: string,
  period: Period,
): AsyncGenerator<readonly Difference[]> {
  const rows = { index: 'by-account', equals: [uId] } as const;
  for await (const { adamId, pricingParam } of seatbook.reader.all(queryModels.assets, rows))
    yield* ofAsset(seatbook, uId, { adamId, pricingParam }, period);
}

async function* ofAsset(
  seatbook: SeatbookEdge,
  uId: string,
  asset: AssetId,
  { from, to }: Period,
): AsyncGenerator<readonly Difference[]> {
  const { events } = seatbook;
  const stream = assetStream(uId, asset);
  const until = async (position: Position): Promise<number> =>
    position === START ? 0 : (await lastRevision(events, stream, position)) + 1;
  const run: Run = { uId, asset, from: await until(from.position), before: await until(to.position) };
  if (run.from === run.before) return;
  const moved = await movementsOfRun(seatbook, { ...run, from: 0, before: run.from });
  const before = countsIn(moved);
  const differences = new PairDifferences();
  for await (const event of eventsOfRun(events, run)) {
    addEvent(moved, event);
    differences.follow(event);
  }
  yield* countsLine({ uId, asset, holder: null }, before, countsIn(moved));
  yield* pairLines(seatbook, differences, (pair) => stateBefore(seatbook, pair, from.position));
}

/** A holder's life is short: it is followed from its beginning. */
async function* ofHolder(
  seatbook: SeatbookEdge,
  holder: HolderKey,
  { from, to }: Period,
): AsyncGenerator<readonly Difference[]> {
  const earlier = new PairDifferences();
  const differences = new PairDifferences();
  for await (const page of subjectPages(seatbook, { kind: 'holder', id: holder }, START)) {
    for (const event of page) {
      if (event.position > to.position) break;
      const part = event.position <= from.position ? earlier : differences;
      part.follow(readable(event) as Envelope<AssetEvent>, holder);
    }
    if ((page.at(-1)?.position ?? 0) > to.position) break;
  }
  const then = new Map([...earlier.touched()].map((pair) => [placeOf(pair), pair.after]));
  const before = countsOf(then.values());
  for (const pair of differences.touched()) then.set(placeOf(pair), pair.after);
  const after = countsOf(then.values());
  yield* countsLine({ uId: null, asset: null, holder }, before, after);
  const known = new Map([...earlier.touched()].map((pair) => [placeOf(pair), pair.after]));
  yield* pairLines(seatbook, differences, async (pair) => known.get(placeOf(pair)) ?? null);
}

const placeOf = ({ asset, holder }: PairDifference): string => `${asset}|${holder}`;

function* countsLine(
  subject: Pick<CountsDiffer, 'uId' | 'asset' | 'holder'>,
  before: CountsThen,
  after: CountsThen,
): Generator<readonly Difference[]> {
  const names = Object.keys(before) as (keyof CountsThen)[];
  if (names.some((name) => before[name] !== after[name]))
    yield [{ what: 'counts', ...subject, before, after }];
}

async function* pairLines(
  { reader }: SeatbookEdge,
  differences: PairDifferences,
  before: (pair: PairDifference) => Promise<Counted | null>,
): AsyncGenerator<readonly Difference[]> {
  for (const pairs of chunksOf([...differences.different()], PAGE_ROWS)) {
    const ids = new Set(pairs.flatMap(({ orderId }) => orderId ?? []));
    const orders = await reader.getMany(queryModels.orders, [...ids]);
    const lines: PairDiffers[] = [];
    for (const pair of pairs) {
      const was = pair.before === 'absent-or-failed' ? await before(pair) : pair.before;
      if (was === pair.after) continue;
      const { uId, ...asset } = assetOf(pair.asset);
      const { holder, after, event, orderId } = pair;
      const order = orders.get(orderId ?? '') ?? null;
      lines.push({ what: 'pair', uId, asset, holder, before: was, after, event, orderId, order });
    }
    if (lines.length > 0) yield lines;
    await giveWay();
  }
}

/** What a pair was at a position: what the last event before did to it, which the timeline of its holder finds. */
async function stateBefore(
  seatbook: SeatbookEdge,
  { holder, event: { stream } }: PairDifference,
  position: Position,
): Promise<Counted | null> {
  await seatbook.reader.reach(queryModels.timeline, position);
  const subject: Subject = { kind: 'holder', id: canonicalHolder(holder) };
  const wanted = { subject, newestFirst: true, upTo: position, limit: LOOK_BACK };
  for (let from: Place | null = null; ;) {
    const page: Awaited<ReturnType<typeof subjectPage>> = await subjectPage(seatbook, { ...wanted, from });
    for (const event of page.events) {
      if (event.stream !== stream) continue;
      const move = pairMovesOf(readable(event) as Envelope<AssetEvent>).find(({ holders }) =>
        holderKeys(holders).includes(holder),
      );
      if (move) return move.to;
    }
    if (page.next === null) return null;
    from = page.next;
  }
}

function countsIn({ read, pairs }: Movements): CountsThen {
  const owned = read === null || read.last.unlimited ? null : read.last.total;
  return { owned, used: pairs.reserved + pairs.assigned + pairs.returning, ...pairs };
}

function countsOf(states: Iterable<Counted | null>): CountsThen {
  const moved = noMovements();
  for (const state of states) if (state !== null) moved.pairs[state] += 1;
  return countsIn(moved);
}

export const differenceQueries = { StreamDifferences: streamDifferences };
