import assert from 'node:assert/strict';
import { START, type Position } from '@seatbook/kernel';
import {
  MAX_APPEND_BYTES,
  MAX_APPEND_EVENTS,
  MAX_REFERENCES,
  bytesOf,
  hasCode,
  type Appended,
  type EventStore,
  type ExpectedRevision,
  type LogPage,
  type NewEvent,
  type StoredEvent,
} from '@seatbook/runtime';
import { allEvents } from '@seatbook/test-support/all-events';
import { runContract, type Cases, type Fixture } from './contract.js';
import { same } from './same.js';
import { METADATA, newEvent, newEvents, newStream } from './new-events.js';
import { seeded } from './seeded.js';

/**
 * A log that may be shared with other cases and other applications. Not asked for: dense positions, a first position
 * of 1, the order of positions between concurrent appends, and how an adapter recognises a repeated append.
 */
export interface EventStoreFixture extends Fixture {
  readonly store: EventStore;
  /** Ends the store and opens the same log again, as a restart does. */
  reopen(): Promise<EventStore>;
}

type Outcome = { readonly won: Appended } | { readonly lost: unknown };

const outcomeOf = (append: Promise<Appended>): Promise<Outcome> =>
  append.then(
    (won) => ({ won }),
    (lost: unknown) => ({ lost }),
  );

const numbersOf = (events: readonly StoredEvent[]): readonly unknown[] =>
  events.map((event) => (event.data as { number: number }).number);

const upTo = (count: number, from = 0): readonly number[] =>
  Array.from({ length: count }, (_, index) => from + index);

const isTooLarge = (error: unknown): boolean => hasCode(error, 'APPEND_TOO_LARGE');

/** Pages of a subscription until one is enough, or all until it is over. */
async function pagesUntil(
  store: EventStore,
  after: Position,
  pageEvents: number,
  enough: (page: LogPage) => boolean,
): Promise<readonly LogPage[]> {
  const ending = new AbortController();
  const pages: LogPage[] = [];
  for await (const page of store.subscribe(after, { signal: ending.signal, pageEvents })) {
    pages.push(page);
    if (enough(page)) break;
  }
  ending.abort();
  return pages;
}

async function refusesRevision(
  store: EventStore,
  stream: string,
  expected: ExpectedRevision,
  actual: ExpectedRevision,
): Promise<void> {
  await assert.rejects(store.append(stream, newEvents(1), expected), (error) => {
    assert.ok(hasCode(error, 'WRONG_EXPECTED_REVISION'));
    same([error.stream, error.expected, error.actual], [stream, expected, actual]);
    return true;
  });
}

/** Events that together have exactly this many bytes as the limit counts them. */
function eventsOfBytes(bytes: number, count: number): readonly NewEvent[] {
  const events = Array.from({ length: count }, () => newEvent({ text: '' }));
  const padding = bytes - events.reduce((sum, event) => sum + bytesOf(event), 0);
  return events.map((event, index) => {
    const share = Math.floor(padding / count) + (index === 0 ? padding % count : 0);
    return { ...event, data: JSON.stringify({ text: 'x'.repeat(share) }) };
  });
}

export const eventStoreCases: Cases<EventStoreFixture> = {
  'an append to a new stream is read back as it was written': async ({ store }) => {
    const stream = newStream();
    const event = newEvent({ serialNumbers: ['C02ABCDEFGHJ'], nested: { list: [1, null, true, 1.5] } });
    const appended = await store.append(stream, [event], 'absent');
    assert.equal(appended.revision, 0);
    assert.ok(Number.isSafeInteger(appended.position) && appended.position > START);
    same(await store.readStream(stream, 0, 10), [
      {
        id: event.id,
        stream,
        revision: 0,
        position: appended.position,
        type: 'contract.happened',
        data: { serialNumbers: ['C02ABCDEFGHJ'], nested: { list: [1, null, true, 1.5] } },
        metadata: METADATA,
      },
    ]);
  },

  'revisions are gapless from 0 over appends of many sizes': async ({ store }) => {
    const stream = newStream();
    let expected: ExpectedRevision = 'absent';
    let total = 0;
    for (const size of [1, 3, 1, 20, 200, 2]) {
      const appended: Appended = await store.append(stream, newEvents(size), expected);
      total += size;
      assert.equal(appended.revision, total - 1);
      expected = appended.revision;
    }
    const events = await store.readStream(stream, 0, 1_000);
    same(
      events.map((event) => event.revision),
      upTo(total),
    );
  },

  'a stream is created once: absent is refused when it is there': async ({ store }) => {
    const stream = newStream();
    await store.append(stream, newEvents(2), 'absent');
    await refusesRevision(store, stream, 'absent', 1);
    assert.equal((await store.readStream(stream, 0, 10)).length, 2);
  },

  'an exact revision is refused when the stream is not there': async ({ store }) => {
    const stream = newStream();
    await refusesRevision(store, stream, 0, 'absent');
    await store.append(stream, newEvents(1), 'absent');
  },

  'an exact revision is refused when the stream is further or not so far': async ({ store }) => {
    const stream = newStream();
    await store.append(stream, newEvents(3), 'absent');
    await refusesRevision(store, stream, 1, 2);
    await refusesRevision(store, stream, 3, 2);
    await store.append(stream, newEvents(1), 2);
    same(numbersOf(await store.readStream(stream, 0, 10)), [0, 1, 2, 0]);
  },

  'a conditional append from many callers leaves exactly one winner': async ({ store }) => {
    const stream = newStream();
    await store.append(stream, newEvents(1), 'absent');
    const contenders = upTo(16).map((number) => [newEvent({ number }), newEvent({ number })]);
    const outcomes = await Promise.all(
      contenders.map((events) => outcomeOf(store.append(stream, events, 0))),
    );
    const winners = outcomes.flatMap((outcome, number) => ('won' in outcome ? [number] : []));
    assert.equal(winners.length, 1);
    for (const outcome of outcomes)
      if ('lost' in outcome) assert.ok(hasCode(outcome.lost, 'WRONG_EXPECTED_REVISION'));
    same(numbersOf(await store.readStream(stream, 1, 10)), [winners[0], winners[0]]);
  },

  'of many callers that create a stream exactly one does': async ({ store }) => {
    const stream = newStream();
    const outcomes = await Promise.all(
      upTo(16).map((number) => outcomeOf(store.append(stream, [newEvent({ number })], 'absent'))),
    );
    const winners = outcomes.flatMap((outcome, number) => ('won' in outcome ? [number] : []));
    assert.equal(winners.length, 1);
    same(numbersOf(await store.readStream(stream, 0, 10)), winners);
  },

  'a refused append leaves its neighbours alone and writes nothing of its own': async ({ store }) => {
    const streams = upTo(20).map(newStream);
    const outcomes = await Promise.all(
      streams.map((stream, index) => outcomeOf(store.append(stream, newEvents(3), index % 2 ? 7 : 'absent'))),
    );
    for (const [index, stream] of streams.entries()) {
      assert.equal('won' in (outcomes[index] ?? {}), index % 2 === 0);
      assert.equal((await store.readStream(stream, 0, 10)).length, index % 2 ? 0 : 3);
    }
  },

  'appends sent one after the other without waiting are all kept in order': async ({ store }) => {
    const stream = newStream();
    const appends = upTo(50).map((number) =>
      store.append(stream, [newEvent({ number })], number === 0 ? 'absent' : number - 1),
    );
    const won = await Promise.all(appends);
    same(
      won.map(({ revision }) => revision),
      upTo(50),
    );
    same(numbersOf(await store.readStream(stream, 0, 100)), upTo(50));
  },

  'an append repeated with the same expectation is stored once and found by its ids': async ({ store }) => {
    const stream = newStream();
    const events = newEvents(3);
    await store.append(stream, newEvents(1), 'absent');
    const first = await store.append(stream, events, 0);
    const again = await outcomeOf(store.append(stream, events, 0));
    // A server that knows the ids may answer as the first time; one that does not says where the stream is.
    if ('won' in again) same(again.won, first);
    else assert.ok(hasCode(again.lost, 'WRONG_EXPECTED_REVISION') && again.lost.actual === 3);
    const stored = await store.readStream(stream, 1, 10);
    same(
      stored.map((event) => event.id),
      events.map((event) => event.id),
    );
  },

  'one event id may occur in two streams': async ({ store }) => {
    const event = newEvent({ number: 1 });
    const streams = [newStream(), newStream()];
    for (const stream of streams) await store.append(stream, [event], 'absent');
    for (const stream of streams) assert.equal((await store.readStream(stream, 0, 2))[0]?.id, event.id);
  },

  'an append of the maximum size is taken whole': async ({ store }) => {
    const stream = newStream();
    const start = await store.head();
    await store.append(stream, eventsOfBytes(MAX_APPEND_BYTES, 7), 'absent');
    const most = await store.append(stream, newEvents(MAX_APPEND_EVENTS), 6);
    assert.equal(most.revision, 6 + MAX_APPEND_EVENTS);
    assert.equal((await allEvents(store, start)).filter((event) => event.stream === stream).length, 207);
  },

  'an append beyond the maximum is refused and writes nothing': async ({ store }) => {
    const stream = newStream();
    await assert.rejects(store.append(stream, eventsOfBytes(MAX_APPEND_BYTES + 1, 3), 'absent'), isTooLarge);
    await assert.rejects(store.append(stream, newEvents(MAX_APPEND_EVENTS + 1), 'absent'), isTooLarge);
    same(await store.readStream(stream, 0, 10), []);
  },

  'bytes are counted as UTF-8, not as characters': async ({ store }) => {
    const stream = newStream();
    const text = '\u{1f600}'.repeat(MAX_APPEND_BYTES / 4);
    await assert.rejects(store.append(stream, [newEvent({ text })], 'absent'), isTooLarge);
    await assert.rejects(
      store.append(stream, [newEvent({ text: 'é'.repeat(MAX_APPEND_BYTES / 2) })], 'absent'),
      isTooLarge,
    );
  },

  'an append of no event is refused and creates no stream': async ({ store }) => {
    const stream = newStream();
    await assert.rejects(store.append(stream, [], 'absent'), isTooLarge);
    await store.append(stream, newEvents(1), 'absent');
    await assert.rejects(store.append(stream, [], 0), isTooLarge);
  },

  'positions are unique and increase within an append and from one to the next': async ({ store }) => {
    const start = await store.head();
    const streams = [newStream(), newStream()];
    const ends: Position[] = [];
    for (const number of upTo(6)) {
      const stream = streams[number % 2] as string;
      const expected = number < 2 ? 'absent' : (number >> 1) * 5 - 1;
      ends.push((await store.append(stream, newEvents(5), expected)).position);
    }
    same(
      ends,
      [...ends].sort((a, b) => (a < b ? -1 : 1)),
    );
    const events = (await allEvents(store, start, 7)).filter((event) => streams.includes(event.stream));
    assert.equal(events.length, 30);
    for (const [index, event] of events.entries()) {
      assert.ok(index === 0 || event.position > (events[index - 1]?.position ?? 0));
    }
    same(
      ends.map((end) => events.find((event) => event.position === end)?.revision),
      [4, 4, 9, 9, 14, 14],
    );
  },

  'a subscription begins behind a position and delivers everything once, in pages of the size asked': async ({
    store,
  }) => {
    const stream = newStream();
    const start = await store.head();
    await store.append(stream, newEvents(10), 'absent');
    const pages = await pagesUntil(store, start, 3, ({ caughtUp }) => caughtUp);
    const events = pages.flatMap((page) => page.events).filter((event) => event.stream === stream);
    same(numbersOf(events), upTo(10));
    for (const page of pages) assert.ok(page.events.length <= 3);
    const fourth = events[4]?.position ?? START;
    const rest = await allEvents(store, fourth, 3);
    same(numbersOf(rest.filter((event) => event.stream === stream)), [5, 6, 7, 8, 9]);
  },

  'a page says up to where everything was delivered, and a subscription from there misses nothing': async ({
    store,
  }) => {
    const streams = [newStream(), newStream()];
    const start = await store.head();
    for (const stream of streams) await store.append(stream, newEvents(7), 'absent');
    const seen: StoredEvent[] = [];
    let after = start;
    for (let caughtUp = false; !caughtUp;) {
      const [page] = await pagesUntil(store, after, 4, () => true);
      assert.ok(page && page.upTo >= after);
      for (const { position } of page.events) assert.ok(position > after && position <= page.upTo);
      seen.push(...page.events);
      ({ upTo: after, caughtUp } = page);
    }
    same(
      streams.map((stream) => numbersOf(seen.filter((event) => event.stream === stream))),
      [upTo(7), upTo(7)],
    );
    assert.ok(after >= (seen.at(-1)?.position ?? start));
  },

  'a subscription says once that it has caught up, even if there is nothing to deliver': async ({
    store,
  }) => {
    const { position } = await store.append(newStream(), newEvents(4), 'absent');
    const [page] = await pagesUntil(store, position, 2, () => true);
    same(page?.caughtUp, true);
    assert.ok((page?.upTo ?? START) >= position);
    const [first] = await pagesUntil(store, START, 1, () => true);
    assert.ok(first?.events.length === 1 && !first.caughtUp);
  },

  'a subscription delivers what comes later, without being asked again': async ({ store }) => {
    const stream = newStream();
    const start = await store.head();
    const waiting = pagesUntil(store, start, 10, (page) =>
      page.events.some(({ revision }) => revision === 2),
    );
    await store.append(stream, newEvents(1), 'absent');
    await store.append(stream, newEvents(2), 0);
    const events = (await waiting).flatMap((page) => page.events);
    same(
      events.filter((event) => event.stream === stream).map(({ revision }) => revision),
      [0, 1, 2],
    );
  },

  'many subscriptions do not disturb each other': async ({ store }) => {
    const stream = newStream();
    const start = await store.head();
    const followers = upTo(8).map((number) =>
      pagesUntil(store, start, number + 1, ({ events }) => events.some(({ revision }) => revision === 19)),
    );
    for (const number of upTo(20)) {
      await store.append(stream, newEvents(1), number === 0 ? 'absent' : number - 1);
    }
    for (const follower of followers) {
      const events = (await follower).flatMap((page) => page.events);
      same(
        events.filter((event) => event.stream === stream).map(({ revision }) => revision),
        upTo(20),
      );
    }
  },

  'a subscription is over when its signal aborts, also while it waits': async ({ store }) => {
    const { position } = await store.append(newStream(), newEvents(1), 'absent');
    const ending = new AbortController();
    const pages: LogPage[] = [];
    const following = (async () => {
      for await (const page of store.subscribe(position, { signal: ending.signal, pageEvents: 10 })) {
        pages.push(page);
      }
    })();
    while (pages.length === 0) await new Promise((resolve) => setImmediate(resolve));
    ending.abort();
    await following;
    const heard = pages.length;
    await store.append(newStream(), newEvents(1), 'absent');
    assert.equal(pages.length, heard);
    const over = store.subscribe(position, { signal: AbortSignal.abort(), pageEvents: 10 });
    for await (const page of over) assert.fail(`${page.events.length} events after it was over`);
  },

  'the events of the log are the events of the streams': async ({ store }) => {
    const stream = newStream();
    const start = await store.head();
    await store.append(stream, newEvents(4), 'absent');
    const all = (await allEvents(store, start)).filter((event) => event.stream === stream);
    assert.equal(all.length, 4);
    same(all, await store.readStream(stream, 0, 10));
  },

  'nothing becomes visible below a position already served, with 64 writers and a reader behind them':
    async ({ store }) => {
      const start = await store.head();
      const writers = upTo(64).map(newStream);
      const written = Promise.all(
        writers.map(async (stream) => {
          for (const number of upTo(10)) {
            const events = newEvents((number % 3) + 1);
            const before = (await store.readStream(stream, 0, 100)).length;
            await store.append(stream, events, before === 0 ? 'absent' : before - 1);
          }
        }),
      );
      const end = newStream();
      const ended = written.then(() => store.append(end, newEvents(1), 'absent'));
      const pages = await pagesUntil(store, start, 50, ({ events }) =>
        events.some(({ stream }) => stream === end),
      );
      await ended;
      const followed = pages.flatMap((page) => page.events);
      followed.push(...(await allEvents(store, pages.at(-1)?.upTo)));
      const mine = followed.filter((event) => writers.includes(event.stream));
      const positions = mine.map((event) => event.position);
      same(
        positions,
        (await allEvents(store, start))
          .filter((event) => writers.includes(event.stream))
          .map((event) => event.position),
      );
      assert.equal(positions.length, 64 * 19);
      for (const stream of writers) {
        same(
          mine.filter((event) => event.stream === stream).map((event) => event.revision),
          upTo(19),
        );
      }
    },

  'a reader never sees a part of an append': async ({ store }) => {
    const streams = upTo(8).map(newStream);
    let writing = true;
    const written = Promise.all(
      streams.map(async (stream) => {
        for (const number of upTo(10))
          await store.append(stream, newEvents(20), number === 0 ? 'absent' : number * 20 - 1);
      }),
    ).finally(() => {
      writing = false;
    });
    while (writing) {
      for (const stream of streams) assert.equal((await store.readStream(stream, 0, 1_000)).length % 20, 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await written;
    for (const stream of streams) assert.equal((await store.readStream(stream, 0, 1_000)).length, 200);
  },

  'a stream is read from a revision on, up to a limit': async ({ store }) => {
    const stream = newStream();
    await store.append(stream, newEvents(10), 'absent');
    same(numbersOf(await store.readStream(stream, 4, 3)), [4, 5, 6]);
    same(numbersOf(await store.readStream(stream, 8, 10)), [8, 9]);
    same(await store.readStream(stream, 10, 10), []);
    same(await store.readStream(stream, 99, 10), []);
  },

  'a stream that does not exist has no events, whatever its neighbours have': async ({ store }) => {
    const stream = newStream();
    await store.append(`${stream}0`, newEvents(2), 'absent');
    same(await store.readStream(stream, 0, 10), []);
    assert.equal((await store.readStream(`${stream}0`, 0, 10)).length, 2);
  },

  'names of streams are compared by every character': async ({ store }) => {
    const stream = newStream();
    const names = [
      `${stream}-a`,
      `${stream}-A`,
      `${stream}-ä`,
      `${stream}-a.b`,
      `${stream}-a_b`,
      `${stream}-a%b`,
    ];
    for (const [number, name] of names.entries()) await store.append(name, [newEvent({ number })], 'absent');
    for (const [number, name] of names.entries()) {
      same(numbersOf(await store.readStream(name, 0, 10)), [number]);
    }
  },

  'single events are read by reference, in the order asked': async ({ store }) => {
    const [one, other] = [newStream(), newStream()];
    for (const stream of [one, other]) await store.append(stream, newEvents(10), 'absent');
    const events = [...(await store.readStream(one, 0, 10)), ...(await store.readStream(other, 0, 10))];
    assert.equal(events.length, 20);
    const wanted = [events[19], events[0], events[5], events[12], events[0]] as readonly StoredEvent[];
    same(await store.readReferences(wanted), wanted);
    const unplaced = wanted.map(({ stream, revision }) => ({ stream, revision }));
    same(await store.readReferences(unplaced), wanted);
    same(await store.readReferences([]), []);
  },

  'references that name no event are left out': async ({ store }) => {
    const stream = newStream();
    await store.append(stream, newEvents(2), 'absent');
    const [, event] = await store.readStream(stream, 0, 2);
    const references = [
      { stream, revision: 2 },
      { stream, revision: 1 },
      { stream: newStream(), revision: 0 },
    ];
    assert.ok(event);
    same(await store.readReferences(references), [event]);
  },

  'as many references as are allowed are read at once': async ({ store }) => {
    const stream = newStream();
    await store.append(stream, newEvents(MAX_APPEND_EVENTS), 'absent');
    const references = upTo(MAX_REFERENCES).map((number) => ({
      stream,
      revision: number % MAX_APPEND_EVENTS,
    }));
    const events = await store.readReferences(references);
    same(
      events.map(({ revision }) => revision),
      references.map(({ revision }) => revision),
    );
    await assert.rejects(store.readReferences([...references, { stream, revision: 0 }]), RangeError);
  },

  'an event is read by the position that was served with it': async ({ store }) => {
    const stream = newStream();
    const { position } = await store.append(stream, newEvents(3), 'absent');
    const [first, , last] = await store.readStream(stream, 0, 10);
    assert.ok(first && last && last.position === position);
    same(await store.readAt(position), last);
    same(await store.readAt(first.position), first);
    assert.equal(await store.readAt(START), null);
  },

  'a probe writes what no reader sees': async ({ store }) => {
    const stream = newStream();
    const { position } = await store.append(stream, newEvents(1), 'absent');
    await store.probe();
    await store.probe();
    same(await allEvents(store, position), []);
    assert.equal((await store.readStream(stream, 0, 10)).length, 1);
  },

  'the head is the position of the last event': async ({ store }) => {
    const before = await store.head();
    const { position } = await store.append(newStream(), newEvents(3), 'absent');
    assert.ok(position > before);
    assert.ok((await store.head()) >= position);
  },

  'the bell rings after an append with its position or a later one, until it is stopped': async ({
    store,
  }) => {
    const rung: Position[] = [];
    const waiting: (() => void)[] = [];
    const stop = store.onAppended((position) => {
      rung.push(position);
      for (const wake of waiting.splice(0)) wake();
    });
    const { position } = await store.append(newStream(), newEvents(2), 'absent');
    const deadline = AbortSignal.timeout(3_000);
    while (!rung.some((heard) => heard >= position)) {
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        deadline.addEventListener('abort', () => reject(new Error('the bell did not ring within 3 s')));
      });
    }
    stop();
    const heard = rung.length;
    await store.append(newStream(), newEvents(1), 'absent');
    assert.equal(rung.length, heard);
  },

  'a refused append does not ring': async ({ store }) => {
    const rung: Position[] = [];
    const stream = newStream();
    const stop = store.onAppended((position) => rung.push(position));
    await outcomeOf(store.append(stream, newEvents(1), 5));
    stop();
    same(rung, []);
    await store.append(stream, newEvents(1), 'absent');
    assert.equal((await store.readStream(stream, 0, 1)).length, 1);
  },

  'text of every kind comes back as it was': async ({ store }) => {
    const stream = newStream();
    const text = 'NUL \u0000 tab \t quote " back \\ line \u2028 café Ω 漢字 👩‍🚀 \u{10ffff} half \ud83d';
    const metadata = { ...METADATA, reason: text, next: { step: 'send', at: 5, gate: 'ä' } };
    await store.append(stream, [newEvent({ text, [text]: text }, metadata)], 'absent');
    const [event] = await store.readStream(stream, 0, 1);
    same(event?.data, { text, [text]: text });
    same(event?.metadata, metadata);
  },

  'what was acknowledged is there after a restart, and the stream goes on': async (fixture) => {
    const stream = newStream();
    const start = await fixture.store.head();
    await fixture.store.append(stream, newEvents(5), 'absent');
    const before = await fixture.store.readStream(stream, 0, 10);
    const reopened = await fixture.reopen();
    assert.equal(before.length, 5);
    same(await reopened.readStream(stream, 0, 10), before);
    await refusesRevision(reopened, stream, 'absent', 4);
    const next = await reopened.append(stream, newEvents(1), 4);
    assert.equal(next.revision, 5);
    assert.ok(next.position > (before.at(-1)?.position ?? start));
  },

  'any history of appends, right and wrong, gives the streams that a list would': async ({ store }) => {
    await seeded(async (chance) => {
      const streams = upTo(5).map(newStream);
      const expectedIds = new Map<string, string[]>(streams.map((stream) => [stream, []]));
      const start = await store.head();
      for (let round = 0; round < 40; round += 1) {
        const stream = chance.pick(streams);
        const ids = expectedIds.get(stream) ?? [];
        const right: ExpectedRevision = ids.length === 0 ? 'absent' : ids.length - 1;
        const expected = chance.pick<ExpectedRevision>([right, right, right, 'absent', chance.below(20)]);
        const events = newEvents(1 + chance.below(8));
        const outcome = await outcomeOf(store.append(stream, events, expected));
        assert.equal('won' in outcome, expected === right, `${stream} at ${right}, expected ${expected}`);
        if ('won' in outcome) {
          ids.push(...events.map((event) => event.id));
          assert.equal(outcome.won.revision, ids.length - 1);
        }
      }
      const all = await allEvents(store, start, 1 + chance.below(20));
      for (const [stream, ids] of expectedIds) {
        same(
          (await store.readStream(stream, 0, 1_000)).map((event) => event.id),
          ids,
        );
        same(
          all.filter((event) => event.stream === stream).map((event) => event.id),
          ids,
        );
      }
    });
  },
};

/** Runs the contract of the EventStore port. */
export const eventStoreContract = (name: string, open: () => Promise<EventStoreFixture>): void =>
  runContract(`${name} keeps the contract of EventStore`, eventStoreCases, open);
