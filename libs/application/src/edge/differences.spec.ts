import { jest } from '@jest/globals';
import {
  START,
  chunksOf,
  idOf,
  uuidOf,
  type Document,
  type Envelope,
  type Position,
  type ReadModel,
} from '@seatbook/kernel';
import {
  assetKey,
  assetOf,
  assetStream,
  licensingRegistry,
  queryModels,
  timelineSubjects,
  type PairDocument,
  type Subject,
} from '@seatbook/licensing';
import { EventLog as Log, Processor, timesModel } from '@seatbook/runtime';
import { countedAs, differing } from '@seatbook/test-support/differing-pairs';
import * as wrote from '@seatbook/test-support/asset-history';
import { EventLog } from '@seatbook/test-support/event-log';
import { until } from '@seatbook/test-support/let-happen';
import { devices } from '@seatbook/test-support/licensing-builders';
import { everyEvent } from '@seatbook/test-support/licensing-journey';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { Foundation } from '../foundation/foundation.js';
import { assetAsOf, holderAsOf } from './as-of.js';
import { streamDifferences, type Difference } from './differences.js';
import { getPeriod } from './period.js';
import { SeatbookEdge } from './seatbook-edge.js';

/** By hand, some minutes: EVENTS=1000000 for an asset with ten years of events. */
const EVENTS = Number(process.env['EVENTS'] ?? 6_000);
jest.setTimeout(60_000 + EVENTS);

const UID = '7700000000000001';
const ASSET = { adamId: '900000001', pricingParam: 'STDQ' };
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;
const TWO_MONTHS_MS = 61 * 24 * 3_600_000;

const { accounts, assets, orders, sections, timeline } = queryModels;
const MODELS = [accounts, assets, orders, sections, timeline, timesModel] as readonly ReadModel<Document>[];
/** Where no event is unclear about where its pairs come from. */
const WITHOUT_TIMELINE = MODELS.filter(({ name }) => name !== 'timeline');

/** An edge over a log, with the read models that differences need. */
async function edgeOver(
  log: Iterable<Envelope>,
  models: readonly ReadModel<Document>[] = MODELS,
): Promise<{ edge: SeatbookEdge; close: () => Promise<void> }> {
  const clock = new VirtualClock();
  const { stores, close } = await openTemporaryStores(clock);
  let batch: Envelope[] = [];
  const append = async (): Promise<void> => {
    const [first] = batch;
    if (!first) return;
    const made = batch.map(({ id, type, data, metadata }) => ({
      id,
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify(metadata),
    }));
    await stores.events.append(first.stream, made, first.revision === 0 ? 'absent' : first.revision - 1);
    batch = [];
  };
  for (const event of log) {
    if (batch.length === 20 || batch[0]?.stream !== event.stream) await append();
    batch.push(event);
  }
  await append();
  const events = new Log(stores.events, licensingRegistry());
  const processor = new Processor({ events, reads: stores.reads, models, clock, log: () => undefined });
  await processor.start();
  const head = await stores.events.head();
  await until(clock, 'the models at the end', () =>
    models.every(({ name }) => processor.position(name) >= head),
  );
  await processor.stop();
  return { edge: new SeatbookEdge(new Foundation({ stores, clock, ids: seededIds(1) }), {}), close };
}

async function all(
  edge: SeatbookEdge,
  subject: Subject,
  from: Position,
  to: Position,
): Promise<Difference[]> {
  const period = { from: { position: from, time: 0 }, to: { position: to, time: 0 } };
  const found: Difference[] = [];
  for await (const page of await streamDifferences(edge, { subject, period })) found.push(...page);
  return found;
}

const told = (found: readonly Difference[]): string[] =>
  found
    .flatMap((one) =>
      one.what === 'pair'
        ? [`${assetKey(one.uId, one.asset)}|${one.holder} ${one.before ?? 'none'} ${one.after ?? 'none'}`]
        : [],
    )
    .sort();

const statesOf = (pairs: readonly PairDocument[]): ReadonlyMap<string, string> =>
  new Map(pairs.map(({ asset, spelledAs, state }) => [`${asset}|${spelledAs}`, countedAs(state)]));

describe('what differs between two moments of a history with all events', () => {
  const journey = everyEvent().log.envelopes;
  const subjects = new Map(journey.flatMap(timelineSubjects).map((one) => [`${one.kind} ${one.id}`, one]));
  const imported = new Set(
    journey.map(({ type, stream }) => (type === 'account.imported' ? idOf(stream) : '')),
  );
  const ledgers = new Set(journey.map(({ stream }) => stream));
  const assets = [...subjects.values()].filter(
    ({ kind, id }) => kind === 'asset' && ledgers.has(`asset-${id}`) && imported.has(assetOf(id).uId),
  );
  const holders = [...subjects.values()].filter(({ kind }) => kind === 'holder').slice(0, 25);
  const moments = [0, 0.15, 0.4, 0.65, 0.9, 1].map(
    (part) => journey[Math.floor(part * journey.length) - 1]?.position ?? START,
  );
  let edge: SeatbookEdge;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ edge, close } = await edgeOver(journey));
  });
  afterAll(() => close());

  const periods = moments.flatMap((from, index) => moments.slice(index).map((to) => ({ from, to })));

  it('is, for an asset and for its account, what its pairs and counts then and now say', async () => {
    expect(assets.length).toBeGreaterThan(2);
    const ofAccount = new Map<string, string[]>();
    for (const subject of assets) {
      const { uId, ...asset } = assetOf(subject.id);
      for (const { from, to } of periods) {
        const [then, now] = [await assetAsOf(edge, uId, asset, from), await assetAsOf(edge, uId, asset, to)];
        const found = await all(edge, subject, from, to);
        const expected = differing(statesOf(then?.pairs ?? []), statesOf(now?.pairs ?? []));
        expect(told(found)).toEqual(expected);
        const period = `${uId} ${from} ${to}`;
        ofAccount.set(period, [...(ofAccount.get(period) ?? []), ...expected].sort());
        for (const one of found) {
          if (one.what === 'pair') continue;
          for (const [counts, document] of [
            [one.before, then?.document],
            [one.after, now?.document],
          ] as const)
            for (const state of ['waiting', 'reserved', 'assigned', 'returning', 'failed'] as const)
              expect(counts[state]).toBe(document?.[state] ?? 0);
        }
      }
    }
    for (const { from, to } of periods)
      for (const [uId] of new Map(assets.map(({ id }) => [assetOf(id).uId, id])))
        expect(told(await all(edge, { kind: 'account', id: uId }, from, to))).toEqual(
          ofAccount.get(`${uId} ${from} ${to}`),
        );
  });

  it('is, for a holder, what its pairs then and now say', async () => {
    for (const subject of holders)
      for (const { from, to } of periods) {
        const [then, now] = [
          await holderAsOf(edge, subject.id, from),
          await holderAsOf(edge, subject.id, to),
        ];
        expect(told(await all(edge, subject, from, to))).toEqual(differing(statesOf(then), statesOf(now)));
      }
  });

  it('names the last change of each pair, and its order', async () => {
    const [first] = assets;
    const found = await all(edge, first as Subject, START, moments.at(-1) as Position);
    const pairs = found.flatMap((one) => (one.what === 'pair' ? [one] : []));
    expect(pairs.length).toBeGreaterThan(0);
    for (const { event, orderId, order, holder } of pairs) {
      expect(JSON.stringify(event.data)).toContain(holder.slice(2));
      if (order !== null) expect(order.orderId).toBe(orderId);
    }
    await expect(
      streamDifferences(edge, {
        subject: { kind: 'order', id: 'any' },
        period: { from: { position: START, time: 0 }, to: { position: START, time: 0 } },
      }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND_ORDER' });
  });
});

describe('a pair that comes beside one that had failed before', () => {
  it('is told from it by the timeline of its holder', async () => {
    const log = new EventLog();
    const [account] = everyEvent().log.envelopes.filter(({ type }) => type === 'account.imported');
    const { stream: ofAccount } = account as Envelope;
    const asset = { uId: idOf(ofAccount), ...ASSET };
    const [A, B] = [devices('C02FAILED01'), devices('C02FRESH001')];
    log.append(ofAccount, [account as Envelope]);
    const [, failed] = log.append(assetStream(asset.uId, asset), [
      wrote.reserved('one', A, 1),
      wrote.failed('call', 'one', A),
    ]);
    log.append(assetStream(asset.uId, asset), [
      wrote.reservedAgain('two', devices('C02FAILED01', 'C02FRESH001'), 2, 1),
    ]);
    const { edge, close } = await edgeOver(log.envelopes);
    try {
      const head = await edge.events.head();
      const subject = { kind: 'asset' as const, id: assetKey(asset.uId, asset) };
      expect(told(await all(edge, subject, (failed as Envelope).position, head))).toEqual(
        [A, B].map(({ serialNumbers: [serial] }, index) =>
          [`${subject.id}|d:${serial}`, index === 0 ? 'failed' : 'none', 'reserved'].join(' '),
        ),
      );
    } finally {
      await close();
    }
  });
});

describe('a hundred thousand differences', () => {
  it('come page by page, each when it is asked for', async () => {
    const PAIRS = 100_000;
    const log = new EventLog();
    const [account] = everyEvent().log.envelopes.filter(({ type }) => type === 'account.imported');
    log.append((account as Envelope).stream, [account as Envelope]);
    const uId = idOf((account as Envelope).stream);
    const serials = Array.from({ length: PAIRS }, (_pair, index) => `C02${String(index).padStart(9, '0')}`);
    for (const chunk of chunksOf(serials, 1_000))
      log.append(assetStream(uId, ASSET), [wrote.adopted(devices(...chunk))]);
    const { edge, close } = await edgeOver(log.envelopes, WITHOUT_TIMELINE);
    try {
      const subject = { kind: 'asset' as const, id: assetKey(uId, ASSET) };
      const head = await edge.events.head();
      const period = { from: { position: START, time: 0 }, to: { position: head, time: 0 } };
      let lines = 0;
      let asked = 0;
      const getMany = edge.reader.getMany.bind(edge.reader);
      edge.reader.getMany = (...wanted) => {
        asked += 1;
        return getMany(...wanted);
      };
      for await (const page of await streamDifferences(edge, { subject, period })) {
        expect(page.length).toBeLessThanOrEqual(500);
        lines += page.filter(({ what }) => what === 'pair').length;
        // What is behind a page is looked up when that is asked for.
        expect(asked).toBe(Math.ceil(lines / 500));
      }
      expect(lines).toBe(PAIRS);
    } finally {
      await close();
    }
  });
});

describe('two months of an asset with ten years of events', () => {
  const stream = assetStream(UID, ASSET);
  const began = Date.UTC(2016, 0, 1);
  const LIFE = ['asset.licenses-assigned', 'asset.returns-started', 'asset.licenses-returned'] as const;

  const recordedAt = (number: number): number => began + Math.floor((number * TEN_YEARS_MS) / EVENTS);
  const imported = everyEvent().log.envelopes.find(
    (event) => event.type === 'account.imported' && event.stream === `account-${UID}`,
  ) as Envelope;

  /** Each device gets a licence, gives it back, and gets none again: the next device begins before it ends. */
  function* tenYears(): Generator<Envelope> {
    const [account] = new EventLog(began).append(imported.stream, [imported]) as [Envelope];
    yield account;
    for (let number = 0; number < EVENTS; number += 1) {
      const device = Math.floor(number / 6) * 2 + (number % 2);
      const type = LIFE[Math.floor((number % 6) / 2)] as (typeof LIFE)[number];
      const data = { ...devices(`C02${String(device).padStart(9, '0')}`), orderId: `order-${device}` };
      yield {
        ...account,
        id: uuidOf(`ten years ${number}`),
        type,
        stream,
        revision: number,
        data: { ...data, callId: 'call', lot: number },
        metadata: { ...account.metadata, recordedAt: recordedAt(number) },
      };
    }
  }

  it('is answered without reading the rest, in less than two seconds also where there are a million', async () => {
    const { edge, close } = await edgeOver(tenYears(), WITHOUT_TIMELINE);
    try {
      const from = began + Math.floor(TEN_YEARS_MS * 0.55);
      let read = 0;
      const { events } = edge;
      const readStream = events.readStream.bind(events);
      events.readStream = async (...asked) => {
        const page = await readStream(...asked);
        read += page.length;
        return page;
      };
      const started = performance.now();
      const period = await getPeriod(edge, { from: { time: from }, to: { time: from + TWO_MONTHS_MS } });
      const found: Difference[] = [];
      const wanted = { subject: { kind: 'asset' as const, id: assetKey(UID, ASSET) }, period };
      for await (const page of await streamDifferences(edge, wanted)) found.push(...page);
      const tookMs = performance.now() - started;
      const inPeriod = Array.from({ length: EVENTS }, (_event, number) => recordedAt(number)).filter(
        (at) => at > from && at <= from + TWO_MONTHS_MS,
      ).length;
      expect(inPeriod).toBeGreaterThan(EVENTS / 70);
      expect(read).toBeLessThan(inPeriod + 2_000);
      expect(found.length).toBeGreaterThan(inPeriod / 10);
      expect(found[0]).toMatchObject({ what: 'counts' });
      if (EVENTS > 100_000) {
        console.log(
          `${EVENTS} events, ${inPeriod} in two months: ${found.length} lines in ${Math.round(tookMs)} ms`,
        );
        expect(tookMs).toBeLessThan(2_000);
      }
    } finally {
      await close();
    }
  });
});
