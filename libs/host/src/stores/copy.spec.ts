import { START, systemClock, type Position } from '@seatbook/kernel';
import {
  MAX_APPEND_EVENTS,
  REACTOR_LEASE,
  type EventStore,
  type OpenedStores,
  type StoredEvent,
  type Stores,
} from '@seatbook/runtime';
import { openEventStoreDb } from '@seatbook/store-eventstoredb';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { chosenSeed } from '@seatbook/test-support/event-store-db/chosen-seed';
import { LogAnchorsInMemory } from '@seatbook/test-support/event-store-db/log-anchors-in-memory';
import { FaultyEventStore } from '@seatbook/test-support/faulty-event-store';
import { parkedStep } from '@seatbook/test-support/parked-step';
import { seededIds, seededRandom } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { CopyRefused, copyStores, refuseUnfinishedCopy } from './copy.js';

const seed = chosenSeed();
const random = seededRandom(seed);
const ids = seededIds(seed);
const whole = (below: number): number => Math.floor(random() * below);

let source: OpenedStores;
let target: OpenedStores;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  for (const made of [0, 1]) {
    const { stores, close } = await openTemporaryStores(systemClock);
    closing.push(close);
    if (made === 0) source = stores;
    else target = stores;
  }
});
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

/** Appends of one to 250 events to twenty streams, in any order. */
async function lived(events: EventStore, appends: number): Promise<void> {
  const revisions = new Map<string, number>();
  for (let number = 0; number < appends; number += 1) {
    const stream = `counter-${whole(20)}`;
    const count = whole(20) === 0 ? MAX_APPEND_EVENTS : 1 + whole(3);
    const before = revisions.get(stream);
    const added = Array.from({ length: count }, (_, index) => ({
      id: ids.next(),
      type: 'counter.increased',
      data: JSON.stringify({ by: index, text: 'ä 👩‍🚀', nested: { none: null, list: [1.5, -0.25] } }),
      metadata: JSON.stringify({ at: number, correlationId: `${number}` }),
    }));
    await events.append(stream, added, before ?? 'absent');
    revisions.set(stream, (before ?? -1) + count);
  }
}

async function all({ events }: Pick<Stores, 'events'>): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  const ending = new AbortController();
  for await (const page of events.subscribe(START, { signal: ending.signal, pageEvents: 1_000 })) {
    found.push(...page.events);
    if (page.caughtUp) break;
  }
  ending.abort();
  return found;
}

/** All of an event but where it lies in its store. */
const facts = ({ id, stream, revision, type, data, metadata }: StoredEvent) => ({
  id,
  stream,
  revision,
  type,
  data,
  metadata,
});

async function reactedTo({ progress }: Stores, position: Position): Promise<void> {
  await progress.takeOver(REACTOR_LEASE, 3);
  await progress.saveCheckpoint(REACTOR_LEASE, { from: START, to: position, epoch: 3 });
}

describe(`a copy of all stores (SEED=${seed})`, () => {
  it('has every event in its place, and all else that is permanent', async () => {
    await lived(source.events, 60);
    const events = await all(source);
    const [reacted, parked] = [events[40], events[17]] as [StoredEvent, StoredEvent];
    await reactedTo(source, reacted.position);
    await source.progress.park([{ ...parkedStep('order-1'), source: parked.position }]);
    await source.secrets.put('deployment/mdm-id', 'ours');
    await source.secrets.put('token/1', 'sealed elsewhere');
    const [userId = ''] = await source.directory.userIdsOf('7', [{ clientUserId: 'ann', name: 'Ann' }]);

    const copied = await copyStores(source, target);

    const found = await all(target);
    expect(found.map(facts)).toEqual(events.map(facts));
    expect(copied).toMatchObject({ events: events.length, secrets: 2, persons: 1, parked: 1 });
    expect(copied.streams).toBe(new Set(events.map(({ stream }) => stream)).size);
    expect(await target.progress.checkpoint(REACTOR_LEASE)).toBe(found[40]?.position);
    const { rows } = await target.progress.parked({ limit: 10 });
    expect(rows).toEqual([{ ...parkedStep('order-1'), source: found[17]?.position }]);
    expect(await target.secrets.get('deployment/mdm-id')).toBe('ours');
    expect(await target.secrets.get('token/1')).toBe('sealed elsewhere');
    expect(await target.directory.entries([userId])).toEqual(await source.directory.entries([userId]));
    await refuseUnfinishedCopy(target.secrets);
  });

  it('of nothing is nothing', async () => {
    expect(await copyStores(source, target)).toMatchObject({ events: 0, secrets: 0, parked: 0 });
    expect(await all(target)).toEqual([]);
  });

  it('breaks off anywhere, keeps everybody out until it is complete, and goes on', async () => {
    await lived(source.events, 40);
    const events = await all(source);
    await reactedTo(source, (events[5] as StoredEvent).position);
    const faulty = new FaultyEventStore(target.events);
    let broken = 0;
    for (;;) {
      const well = Array.from({ length: whole(12) }, () => 'well' as const);
      faulty.appends.splice(0, Infinity, ...well, random() < 0.5 ? 'fails' : 'doubtful');
      const failure = await copyStores(source, { ...target, events: faulty }).catch((error: Error) => error);
      if (!(failure instanceof Error)) break;
      broken += 1;
      await expect(refuseUnfinishedCopy(target.secrets)).rejects.toThrow(CopyRefused);
    }
    expect(broken).toBeGreaterThan(1);
    const found = await all(target);
    expect(found.map(facts)).toEqual(events.map(facts));
    expect(await target.progress.checkpoint(REACTOR_LEASE)).toBe(found[5]?.position);
    await refuseUnfinishedCopy(target.secrets);
  });

  it('is refused where the target holds anything else, which is left as it is', async () => {
    await lived(source.events, 5);
    await lived(target.events, 2);
    const before = await all(target);
    await expect(copyStores(source, target)).rejects.toThrow(/^nothing is copied: event 1 of the target is /);
    expect(await all(target)).toEqual(before);
    await refuseUnfinishedCopy(target.secrets);
  });

  it('is refused where the target has gone on, and whoever works there is not kept out', async () => {
    await lived(source.events, 5);
    await copyStores(source, target);
    await copyStores(source, target);
    const added = { id: ids.next(), type: 'counter.increased', data: '{}', metadata: '{}' };
    await target.events.append('counter-later', [added], 'absent');
    await expect(copyStores(source, target)).rejects.toThrow(/more events than the source/);
    await refuseUnfinishedCopy(target.secrets);
  });

  it('goes into EventStoreDB, whose positions are others', async () => {
    await lived(source.events, 30);
    const events = await all(source);
    await reactedTo(source, (events[20] as StoredEvent).position);
    const server = await EventStoreDb.start();
    const { events: log } = await openEventStoreDb({
      address: server.address,
      prefix: 'copied',
      anchors: new LogAnchorsInMemory(),
      clock: systemClock,
    });
    closing.push(async () => {
      await log.close();
      await server.close();
    });
    await copyStores(source, { ...target, events: log });
    const found = await all({ events: log });
    expect(found.map(facts)).toEqual(events.map(facts));
    expect(found[20]?.position).not.toBe(events[20]?.position);
    expect(await target.progress.checkpoint(REACTOR_LEASE)).toBe(found[20]?.position);
  });
});
