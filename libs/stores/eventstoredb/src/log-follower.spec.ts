import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from '@jest/globals';
import { START, numberOf, systemClock, type Clock, type Position } from '@seatbook/kernel';
import { hasCode, type LogPage, type StoredEvent } from '@seatbook/runtime';
import { allEvents } from '@seatbook/test-support/all-events';
import { ServedLog, hurried, newEvents, pagesUntil } from '@seatbook/test-support/event-store-db/served-log';
import { json } from '@seatbook/test-support/event-store-db/server-log';
import { eventually } from '@seatbook/test-support/eventually';
import { sized } from '@seatbook/test-support/full-size';
import type { EventStoreDbEventStore } from './event-store.js';

let log: ServedLog;

beforeEach(async () => {
  log = await ServedLog.start();
});

afterEach(() => log.close());

async function fill(store: EventStoreDbEventStore, stream: string, appends: number, size = 1): Promise<void> {
  for (let number = 0; number < appends; number += 1) {
    await store.append(stream, newEvents(size), number === 0 ? 'absent' : number * size - 1);
  }
}

/** Ours, written at once and past the client, so that a subscription meets a burst. */
function burst(stream: string, count: number): void {
  const events = Array.from({ length: count }, (_, number) => ({
    ...json('asset.licenses-assigned', { number }),
    metadata: Buffer.from('{"version":1}'),
  }));
  log.server.log.append(`seatbook.${stream}`, 'any', events);
}

function inOrderOnce(events: readonly StoredEvent[], count: number): void {
  assert.equal(events.length, count);
  const ours = log.server.log.all.filter(({ stream }) => stream.startsWith('seatbook.'));
  assert.deepEqual(
    events.map(({ id }) => id),
    ours.map(({ id }) => id),
  );
}

/** Reads until that many events have come; calls back after each page. */
async function follow(
  store: EventStoreDbEventStore,
  count: number,
  onPage: (page: LogPage, soFar: number) => void = () => undefined,
): Promise<readonly StoredEvent[]> {
  let soFar = 0;
  const pages = await pagesUntil(
    store,
    (page) => {
      soFar += page.events.length;
      onPage(page, soFar);
      return soFar >= count;
    },
    { pageEvents: 20 },
  );
  return pages.flatMap(({ events }) => events);
}

test('forty foreign events after ours, then silence: caught up without any timer having to pass', async () => {
  const timeless: Clock = { ...systemClock, after: () => () => undefined };
  const store = await log.open({ clock: timeless });
  await fill(store, 'asset-1', 3);
  log.writeForeign(40);
  const pages = await pagesUntil(store, ({ caughtUp }) => caughtUp);
  assert.equal(pages.flatMap(({ events }) => events).length, 3);
  const upTo = pages.at(-1)?.upTo ?? START;
  assert.ok(upTo >= (await store.head()));
  assert.equal(upTo, Number(log.server.log.all.at(-1)?.position));
  // The end is another application's event; a subscription goes on from there all the same.
  await store.append('asset-1', newEvents(1), 2);
  assert.equal((await allEvents(store, upTo)).length, 1);
});

test('the head is the last event of ours, however many foreign ones follow', async () => {
  const store = await log.open();
  assert.equal(await store.head(), START);
  log.writeForeign(600);
  assert.equal(await store.head(), START);
  const { position } = await store.append('asset-1', newEvents(2), 'absent');
  log.writeForeign(600);
  assert.equal(await store.head(), position);
  await log.closeStores();
  assert.equal(await (await log.open()).head(), position);
});

test('the place to go on from moves over what is not ours, also while nothing of ours comes', async () => {
  const store = await log.open();
  await fill(store, 'asset-1', 1);
  const places: Position[] = [];
  const following = pagesUntil(store, ({ upTo, caughtUp }) => {
    if (caughtUp) places.push(upTo);
    return places.length === 3;
  });
  const write = async (): Promise<boolean> => {
    log.writeForeign(100);
    await store.head();
    return places.length === 3;
  };
  await eventually('two checkpoints after the end', write);
  await following;
  assert.equal(log.server.subscriptions, 1);
  assert.deepEqual(
    [...new Set(places)].sort((a, b) => numberOf(a) - numberOf(b)),
    places,
  );
  assert.deepEqual(await allEvents(store, places.at(-1)), []);
  await store.append('asset-1', newEvents(1), 0);
  for (const place of places) assert.equal((await allEvents(store, place)).length, 1);
});

test('a subscription that is dropped after every fiftieth event, and by bursts, delivers each event once and in order', async () => {
  const store = await log.open({ clock: hurried, answerMs: 50_000 });
  log.server.dropAfter = 50;
  await fill(store, 'asset-1', 3, 200);
  const events = await follow(store, 2_100, ({ caughtUp }, soFar) => {
    // Three bursts, each when the reader is live and further than before.
    if (!caughtUp || soFar % 500 !== 100) return;
    for (let half = 0; half < 2; half += 1) burst(`asset-${soFar}`, 250);
  });
  inOrderOnce(events, 2_100);
  assert.ok(log.server.subscriptions >= 30);
});

test('a subscription that is cut a hundred times delivers every event in order, none left out', async () => {
  const store = await log.open({ clock: hurried, answerMs: 50_000 });
  await fill(store, 'asset-1', 10, 200);
  let cuts = 0;
  const events = await follow(store, 2_000, (_page, soFar) => {
    if (cuts >= 100 || soFar < cuts * 20) return;
    cuts += 1;
    log.server.wire.cut();
  });
  assert.equal(cuts, 100);
  inOrderOnce(events, 2_000);
});

test('reads and subscriptions that are left alone give their places back', async () => {
  const store = await log.open();
  await fill(store, 'asset-1', 2, 100);
  for (let number = 0; number < 150; number += 1) {
    const [first] = await pagesUntil(store, () => true, { pageEvents: 1 });
    assert.equal(first?.events.length, 1);
  }
  assert.equal((await store.append('asset-1', newEvents(1), 199)).revision, 200);
  assert.equal((await store.readStream('asset-1', 0, 1_000)).length, 201);
});

test('a server that was away is found within five seconds of its return, and meanwhile the log says so', async () => {
  const store = await log.open();
  await fill(store, 'asset-1', 1);
  const awayMs = sized(8_000, 15_000);
  let seen = 0;
  const following = pagesUntil(store, ({ events }) => {
    seen += events.length;
    return seen === 2;
  });
  await eventually('the subscription is live', () => seen === 1);
  await log.server.wire.close();
  const away = performance.now();
  await eventually(
    'it was away for long enough',
    async () => {
      await assert.rejects(store.probe(), (error) => hasCode(error, 'STORE_UNAVAILABLE'));
      return performance.now() - away > awayMs;
    },
    awayMs + 20_000,
  );
  await log.server.wire.open();
  const back = performance.now();
  burst('asset-2', 1);
  await following;
  assert.ok(performance.now() - back < 5_000, `after ${performance.now() - back} ms`);
  await store.probe();
});

test('a subscription begins while the server is away, and goes on when it is there', async () => {
  const store = await log.open();
  await fill(store, 'asset-1', 2);
  await log.server.wire.close();
  const pages = pagesUntil(store, ({ caughtUp }) => caughtUp);
  await assert.rejects(store.head(), (error) => hasCode(error, 'STORE_UNAVAILABLE'));
  await log.server.wire.open();
  assert.equal((await pages).flatMap(({ events }) => events).length, 2);
});

test('a stream that somebody deleted or cut short is not read as if it were whole', async () => {
  const store = await log.open();
  const isCorrupt = (error: unknown): boolean => hasCode(error, 'CORRUPT_EVENT');
  await fill(store, 'asset-1', 1, 10);
  log.server.log.truncate('seatbook.asset-1', 4);
  await assert.rejects(store.readStream('asset-1', 0, 10), isCorrupt);
  await fill(store, 'asset-2', 1, 2);
  log.server.log.tombstone('seatbook.asset-2');
  await assert.rejects(store.readStream('asset-2', 0, 10), isCorrupt);
  await assert.rejects(allEvents(store), isCorrupt);
});
