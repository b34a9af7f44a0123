import { messageTo, reaction, type EventOf } from '@seatbook/kernel';
import {
  contextOf,
  counterRegistry,
  counterRunner,
  mended,
  type Counter,
  type CounterCommand,
  type CounterEvent,
} from '@seatbook/test-support/counter-domain';
import { FaultyEventStore } from '@seatbook/test-support/faulty-event-store';
import { calm, pass, until } from '@seatbook/test-support/let-happen';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { EventLog } from './event-log.js';
import { Parking } from './parking.js';
import type { ParkedQuery, ParkedWork, Progress } from './progress.js';
import { Reactor } from './reactor.js';

/** What a source stream says is done to the streams that its text names. */
const mirror = reaction<CounterEvent>('mirror', {
  'counter.added': ({ stream, data }) => {
    if (!stream.startsWith('counter-source')) return [];
    const targets = (data.text ?? 'counter-target').split(',');
    return targets.map((target) => messageTo<CounterCommand>(target, commandFor(data.n)));
  },
});
const commandFor = (n: number): CounterCommand =>
  n < 0
    ? { type: 'Break', why: `bug ${n}` }
    : n === 1_000
      ? { type: 'RefuseAbove', limit: -1 }
      : { type: 'Add', n };

describe('running reactions', () => {
  const clock = new VirtualClock();
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let store: FaultyEventStore;
  let parking: Parking;
  let reactor: Reactor;
  let said = 0;

  const newReactor = async (progress: Progress = temporary.stores.progress): Promise<Reactor> => {
    parking = new Parking(progress, clock);
    await parking.load();
    const runner = counterRunner({ events: store, reads: temporary.stores.reads, clock });
    return new Reactor(new EventLog(store, counterRegistry()), progress, runner, parking, [mirror], clock);
  };
  /** Events of source streams, each of which asks for one command. */
  const say = async (...numbers: readonly (number | [number, string])[]): Promise<void> => {
    for (const entry of numbers) {
      const [n, text] = Array.isArray(entry) ? entry : [entry, undefined];
      said += 1;
      const context = contextOf(`say-${said}`, { traceparent: `trace-${said}` });
      const metadata = JSON.stringify({ version: 1, ...context });
      const data = JSON.stringify({ n, ...(text === undefined ? {} : { text }) });
      await temporary.stores.events.append(
        `counter-source${said}`,
        [{ id: `said-${said}`, type: 'counter.added', data, metadata }],
        'absent',
      );
    }
  };
  const added = async (stream = 'counter-target'): Promise<number[]> =>
    (await temporary.stores.events.readStream(stream, 0, 1_000)).map(
      ({ data }) => (data as EventOf<CounterEvent, 'counter.added'>['data']).n,
    );
  const done = async (): Promise<void> => {
    reactor.ring();
    await until(
      clock,
      'all reacted to',
      async () => reactor.idle && reactor.position === (await store.head()),
    );
  };

  const parkedOf = async (stream: string): Promise<readonly ParkedWork[]> =>
    (await temporary.stores.progress.parked({ stream, limit: 1_000 })).rows;

  beforeEach(async () => {
    mended.clear();
    temporary = await openTemporaryStores(clock);
    store = new FaultyEventStore(temporary.stores.events);
    reactor = await newReactor();
  });
  afterEach(async () => {
    await reactor.stop();
    await temporary.close();
  });

  it('sends what follows from each event, with the event as its cause', async () => {
    await say(1, 2);
    await reactor.start();
    await done();
    expect(await added()).toEqual([1, 2]);
    const [event] = await store.readStream('counter-target', 0, 1);
    expect(event?.metadata).toMatchObject({
      commandId: 'said-1/mirror/0',
      causationId: 'said-1',
      cause: { stream: 'counter-source1', revision: 0 },
      correlationId: 'say-1',
      traceparent: 'trace-1',
      principal: 'owner',
    });
    expect(await temporary.stores.progress.checkpoint('reactor')).toBe(await store.head());
  });

  it('names a command for its event, its reaction and its number among those for the same target', async () => {
    await say([1, 'counter-a,counter-b,counter-a']);
    await reactor.start();
    await done();
    const ids = async (stream: string) =>
      (await store.readStream(stream, 0, 10)).map(({ metadata }) => metadata.commandId);
    expect(await ids('counter-a')).toEqual([`said-${said}/mirror/0`, `said-${said}/mirror/1`]);
    expect(await ids('counter-b')).toEqual([`said-${said}/mirror/0`]);
  });

  it('keeps the order of the events for each target', async () => {
    await say(
      ...Array.from({ length: 1_200 }, (_one, index): [number, string] => [
        index % 1_000,
        `counter-target${index % 3}`,
      ]),
    );
    await reactor.start();
    await done();
    for (const rest of [0, 1, 2]) {
      const expected = Array.from({ length: 1_200 }, (_one, index) => index).filter(
        (index) => index % 3 === rest,
      );
      expect(await added(`counter-target${rest}`)).toEqual(expected.map((index) => index % 1_000));
    }
  });

  it('does nothing twice when a batch comes again after a crash', async () => {
    await say(1, 2, 3);
    const crashing = Object.create(temporary.stores.progress, {
      saveCheckpoint: { value: () => Promise.reject(new Error('killed')) },
      takeOver: { value: (name: string, epoch: number) => temporary.stores.progress.takeOver(name, epoch) },
      parked: { value: (query: ParkedQuery) => temporary.stores.progress.parked(query) },
    }) as Progress;
    reactor = await newReactor(crashing);
    await reactor.start();
    await until(clock, 'failed', () => reactor.failure !== null);
    expect(await added()).toEqual([1, 2, 3]);
    await reactor.stop();
    reactor = await newReactor();
    await reactor.start();
    await done();
    expect(await added()).toEqual([1, 2, 3]);
    expect(reactor.failure).toBeNull();
  });

  it('takes a refusal for the end of a command', async () => {
    await say(1, 1_000, 2);
    await reactor.start();
    await done();
    expect(await added()).toEqual([1, 2]);
    expect(parking.count).toBe(0);
  });

  it('waits for a store that is down, for as long as it takes, and parks nothing', async () => {
    await say(1, 2);
    store.appends.push(...Array.from({ length: 60 }, () => 'fails' as const));
    await reactor.start();
    await done();
    expect(await added()).toEqual([1, 2]);
    expect(parking.count).toBe(0);
  });

  it('waits for a store that cannot be read, and parks nothing', async () => {
    await say(1);
    store.failingReads = 60;
    await reactor.start();
    await done();
    expect(await added()).toEqual([1]);
    expect(parking.count).toBe(0);
  });

  it('stops though the store is down, and goes on at the next start', async () => {
    await say(1);
    store.appends.push(...Array.from({ length: 10_000 }, () => 'fails' as const));
    await reactor.start();
    await calm();
    let stopped = false;
    const stopping = reactor.stop().then(() => (stopped = true));
    await pass(clock, 60_000);
    expect(stopped).toBe(true);
    await stopping;
    store.appends.length = 0;
    reactor = await newReactor();
    await reactor.start();
    await done();
    expect(await added()).toEqual([1]);
  });

  describe('a command that fails past its budget', () => {
    const parkedNow = async (): Promise<string[]> =>
      (await parkedOf('counter-target')).map(({ id, reason }) => `${id}: ${reason}`);

    it('is parked with the reason, and what comes behind it for the same target waits, in its order', async () => {
      await say(1, -1, 2, [7, 'counter-other'], 3);
      await reactor.start();
      await done();
      expect(await added()).toEqual([1]);
      expect(await added('counter-other')).toEqual([7]);
      const behind = null;
      const first = said - 3;
      expect(await parkedNow()).toEqual([
        `counter-target/said-${first}/mirror/0: TypeError: bug -1`,
        `counter-target/said-${first + 1}/mirror/0: ${behind}`,
        `counter-target/said-${first + 3}/mirror/0: ${behind}`,
      ]);
    });

    it('lets later batches for its target wait too, after a restart as well', async () => {
      await say(-1);
      await reactor.start();
      await done();
      await reactor.stop();
      reactor = await newReactor();
      await reactor.start();
      await say(5);
      await done();
      expect([await added(), parking.count]).toEqual([[], 2]);
    });

    it('is sent again on demand, with all that waits behind it', async () => {
      await say(-1, 2, 3);
      await reactor.start();
      await done();
      expect(await reactor.retry('counter-target')).toEqual({ sent: 0, failure: 'TypeError: bug -1' });
      mended.add('bug -1');
      expect(await reactor.retry('counter-target')).toEqual({ sent: 3, failure: null });
      expect([await added(), parking.count]).toEqual([[0, 2, 3], 0]);
      await say(4);
      await done();
      expect(await added()).toEqual([0, 2, 3, 4]);
    });

    it('takes those along that came while it was sent again', async () => {
      await say(-1);
      await reactor.start();
      await done();
      mended.add('bug -1');
      store.appends.push('held');
      const retrying = reactor.retry('counter-target');
      await calm();
      await say(5);
      reactor.ring();
      await until(clock, 'the next one parked', () => parking.count === 2);
      store.release();
      expect(await retrying).toEqual({ sent: 2, failure: null });
      expect([await added(), parking.count]).toEqual([[0, 5], 0]);
    });

    it('is tried four times before', async () => {
      await say(-1);
      await reactor.start();
      const before = clock.now();
      await until(clock, 'parked', () => parking.count === 1);
      expect(clock.now() - before).toBeGreaterThanOrEqual(200 + 400 + 800);
      expect((await parkedOf('counter-target'))[0]).toMatchObject({
        kind: 'reaction',
        name: 'mirror',
        parkedAt: clock.now(),
      });
    });
  });

  it('reacts with what is in the log only: the state of a target is the runner’s business', async () => {
    await say(1);
    await reactor.start();
    await done();
    const runner = counterRunner({ events: store, reads: temporary.stores.reads, clock });
    expect((await runner.load('counter-target')).state as Counter).toMatchObject({ sum: 1, events: 1 });
  });
});
