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
import { keptLeases } from '@seatbook/test-support/kept-leases';
import { calm, pass, until } from '@seatbook/test-support/let-happen';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { EventLog } from './event-log.js';
import type { LeaseKeeper } from './lease-keeper.js';
import type { ParkedWork, Progress } from './progress.js';
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
  let leases: LeaseKeeper;
  let lines: string[];
  let reactor: Reactor;
  let said = 0;

  const newReactor = (progress: Progress = temporary.stores.progress): Reactor => {
    const runner = counterRunner({ events: store, reads: temporary.stores.reads, clock });
    leases = keptLeases(temporary.stores.leases, clock);
    return new Reactor({
      events: new EventLog(store, counterRegistry()),
      progress,
      runner,
      leases,
      reactions: [mirror],
      clock,
      log: (message) => lines.push(message),
    });
  };
  /** The process ends, and gives its lease back. */
  const end = async (): Promise<void> => {
    await reactor.stop();
    await leases.stop();
  };
  /** Answers of the store that go wrong as they are told to. */
  const progressWith = (faults: Partial<Progress>): Progress =>
    new Proxy(temporary.stores.progress, {
      get(target, name) {
        const fault: unknown = Reflect.get(faults, name);
        const member: unknown = fault ?? Reflect.get(target, name);
        return typeof member === 'function'
          ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
          : member;
      },
    });
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
    lines = [];
    reactor = newReactor();
  });
  afterEach(async () => {
    await end();
    await temporary.close();
  });

  it('sends what follows from each event, with the event as its cause', async () => {
    await say(1, 2);
    reactor.start();
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
    reactor.start();
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
    reactor.start();
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
    await end();
    reactor = newReactor(progressWith({ saveCheckpoint: () => Promise.reject(new Error('killed')) }));
    reactor.start();
    await until(clock, 'failed', () => reactor.failure !== null);
    expect(await added()).toEqual([1, 2, 3]);
    await end();
    reactor = newReactor();
    reactor.start();
    await done();
    expect(await added()).toEqual([1, 2, 3]);
    expect(reactor.failure).toBeNull();
  });

  it('goes on after a checkpoint that was saved and whose answer was lost', async () => {
    await end();
    let lost = 0;
    const { progress } = temporary.stores;
    reactor = newReactor(
      progressWith({
        async saveCheckpoint(name, move) {
          await progress.saveCheckpoint(name, move);
          if ((lost += 1) <= 2) throw new Error('the connection broke');
        },
      }),
    );
    reactor.start();
    await say(1);
    await done();
    await say(2);
    await done();
    await say(3);
    await done();
    expect(await added()).toEqual([1, 2, 3]);
    expect(reactor.failure).toBeNull();
    expect(lines).toEqual(['a runner fails and keeps trying', 'a runner works again']);
  });

  it('goes on where its checkpoint turns out to have moved though nobody else has it', async () => {
    await end();
    const { progress } = temporary.stores;
    let lost = 0;
    reactor = newReactor(
      progressWith({
        // The first answer is lost; the driver sends it again and finds it done.
        async saveCheckpoint(name, move) {
          await progress.saveCheckpoint(name, move);
          if ((lost += 1) === 1) await progress.saveCheckpoint(name, move);
        },
      }),
    );
    reactor.start();
    await say(1);
    await done();
    await say(2);
    await done();
    expect([await added(), reactor.failure]).toEqual([[1, 2], null]);
  });

  it('gives its lease up when another one has the checkpoint, and reacts to nothing twice', async () => {
    reactor.start();
    await say(1);
    await done();
    const epoch = leases.epochOf('reactor') ?? 0;
    await temporary.stores.progress.takeOver('reactor', epoch + 1);
    await say(2);
    await until(clock, 'given up', () => leases.epochOf('reactor') === null);
    expect(await temporary.stores.progress.checkpoint('reactor')).not.toBe(await store.head());
    await done();
    expect(leases.epochOf('reactor')).toBeGreaterThan(epoch);
    expect(await added()).toEqual([1, 2]);
  });

  it('says that the log cannot be read, and goes on when it can', async () => {
    store.failingSubscriptions = 3;
    await say(1);
    reactor.start();
    await until(clock, 'it fails', () => reactor.failure !== null);
    expect(reactor.failure).toBe('Error: the connection broke');
    await done();
    expect([await added(), reactor.failure]).toEqual([[1], null]);
    expect(lines).toEqual(['a runner fails and keeps trying', 'a runner works again']);
  });

  it('does nothing without its lease', async () => {
    const other = keptLeases(temporary.stores.leases, clock);
    other.want('reactor', 15_000);
    await calm();
    reactor.start();
    await say(1);
    await pass(clock, 120_000);
    expect(await added()).toEqual([]);
    await other.stop();
    await done();
    expect(await added()).toEqual([1]);
  });

  it('takes a refusal for the end of a command', async () => {
    await say(1, 1_000, 2);
    reactor.start();
    await done();
    expect(await added()).toEqual([1, 2]);
    expect(await temporary.stores.progress.countParked()).toBe(0);
  });

  it('waits for a store that is down, for as long as it takes, and parks nothing', async () => {
    await say(1, 2);
    store.appends.push(...Array.from({ length: 60 }, () => 'fails' as const));
    reactor.start();
    await done();
    expect(await added()).toEqual([1, 2]);
    expect(await temporary.stores.progress.countParked()).toBe(0);
  });

  it('waits for a store that cannot be read, and parks nothing', async () => {
    await say(1);
    store.failingReads = 60;
    reactor.start();
    await until(clock, 'it says so', () => reactor.failure !== null);
    expect(reactor.failure).toMatch(/^TRANSIENT_STORE: /);
    await done();
    expect([await added(), reactor.failure]).toEqual([[1], null]);
    expect(await temporary.stores.progress.countParked()).toBe(0);
  });

  it('parks what is for a stream that fails alone while the store answers otherwise', async () => {
    store.broken.add('counter-bad');
    reactor.start();
    await say([1, 'counter-bad']);
    await say([2, 'counter-good']);
    await done();
    await say([3, 'counter-good'], [4, 'counter-bad']);
    await done();
    expect(await added('counter-good')).toEqual([2, 3]);
    const parked = await parkedOf('counter-bad');
    expect(parked.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^TRANSIENT_STORE/), null]);
    expect(reactor.failure).toBeNull();
  });

  describe('an event that this build does not know', () => {
    const newer = (type: string, version: number, stream = `counter-source${(said += 1)}`) => {
      const metadata = JSON.stringify({ version, ...contextOf(`say-${said}`) });
      const event = { id: `newer-${type}-${said}`, type, data: JSON.stringify({ n: 1 }), metadata };
      return temporary.stores.events.append(stream, [event], 'absent');
    };

    it.each([
      ['of an unknown type', 'counter.invented', 1],
      ['of a newer version of what it reacts to', 'counter.added', 2],
    ])(
      '%s stops it before that event, with the reason, and its lease is given away',
      async (_what, type, version) => {
        await say(1, 2);
        const before = await store.head();
        await newer(type, version);
        await say(3);
        reactor.start();
        await until(clock, 'it stops', () => reactor.failure !== null);
        expect(reactor.failure).toMatch(/run a newer Seatbook/);
        expect(await added()).toEqual([1, 2]);
        expect(await temporary.stores.progress.checkpoint('reactor')).toBe(before);
        expect(leases.epochOf('reactor')).toBeNull();
        await pass(clock, 300_000);
        expect([await added(), lines]).toEqual([[1, 2], ['a runner fails and keeps trying']]);
        // A newer worker takes over and goes on from there.
        const other = keptLeases(temporary.stores.leases, clock);
        other.want('reactor', 15_000);
        await until(clock, 'the newer one has it', () => other.epochOf('reactor') !== null);
        await other.stop();
      },
    );

    it('does not stop it where it does not react to that type', async () => {
      await newer('counter.waits', 7);
      await say(1);
      reactor.start();
      await done();
      expect([await added(), reactor.failure]).toEqual([[1], null]);
    });

    it('in a target stream parks what is for that stream, and the next to take over tries it again', async () => {
      await say([1, 'counter-newer'], 2);
      await newer('counter.waits', 2, 'counter-newer');
      reactor.start();
      await done();
      expect(await added()).toEqual([2]);
      const before = await parkedOf('counter-newer');
      expect(before).toMatchObject([{ reason: expect.stringMatching(/^TRANSIENT_NEWER_BUILD/) as string }]);
      await end();
      reactor = newReactor();
      reactor.start();
      await pass(clock, 5_000);
      expect((await parkedOf('counter-newer'))[0]?.attempts).toBe((before[0]?.attempts ?? 0) + 1);
    });
  });

  it('stops though the store is down, and goes on at the next start', async () => {
    await say(1);
    store.appends.push(...Array.from({ length: 10_000 }, () => 'fails' as const));
    reactor.start();
    await calm();
    await end();
    store.appends.length = 0;
    reactor = newReactor();
    reactor.start();
    await done();
    expect(await added()).toEqual([1]);
  });

  describe('a command that fails past its budget', () => {
    const parkedNow = async (): Promise<string[]> =>
      (await parkedOf('counter-target')).map(({ id, reason }) => `${id}: ${reason}`);

    it('is parked with the reason, and what comes behind it for the same target waits, in its order', async () => {
      await say(1, -1, 2, [7, 'counter-other'], 3);
      reactor.start();
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
      reactor.start();
      await done();
      await end();
      reactor = newReactor();
      reactor.start();
      await say(5);
      await done();
      expect([await added(), (await parkedNow()).length]).toEqual([[], 2]);
    });

    /** Somebody wants it, in another process. */
    const retry = async (): Promise<void> => {
      const { progress } = temporary.stores;
      for (const { id } of await parkedOf('counter-target')) await progress.requestRetry(id);
      await until(clock, 'answered', async () => (await progress.retryRequests(1)).length === 0);
    };

    it('is sent again on demand, with all that waits behind it', async () => {
      await say(-1, 2, 3);
      reactor.start();
      await done();
      const [first] = await parkedOf('counter-target');
      await retry();
      expect((await parkedOf('counter-target')).map(({ reason, attempts }) => [reason, attempts])).toEqual([
        ['TypeError: bug -1', (first?.attempts ?? 0) + 1],
        [`behind ${first?.id}, which failed again`, 0],
        [`behind ${first?.id}, which failed again`, 0],
      ]);
      mended.add('bug -1');
      await retry();
      expect([await added(), await parkedNow()]).toEqual([[0, 2, 3], []]);
      await say(4);
      await done();
      expect(await added()).toEqual([0, 2, 3, 4]);
    });

    it('takes those along that came while it was sent again, whenever they come', async () => {
      for (let turns = 0; turns < 12; turns += 1) {
        const target = `counter-late${turns}`;
        mended.clear();
        await say([-1, target]);
        reactor.start();
        await done();
        mended.add('bug -1');
        const { progress } = temporary.stores;
        for (const { id } of await parkedOf(target)) await progress.requestRetry(id);
        const next = clock.next(Infinity);
        if (next !== null) clock.moveTo(next);
        for (let turn = 0; turn < turns; turn += 1)
          await new Promise<void>((resolve) => setImmediate(resolve));
        await say([5, target]);
        await pass(clock, 5_000);
        expect([turns, await added(target), await parkedOf(target)]).toEqual([turns, [0, 5], []]);
        await reactor.stop();
      }
    });

    it('keeps the reason when it is parked again after a crash, and what waits behind it has none', async () => {
      await say(-1, 2);
      await end();
      reactor = newReactor(progressWith({ saveCheckpoint: () => Promise.reject(new Error('killed')) }));
      reactor.start();
      await until(clock, 'parked', async () => (await parkedNow()).length === 2);
      const before = await parkedNow();
      await end();
      reactor = newReactor();
      reactor.start();
      await done();
      expect(await parkedNow()).toEqual(before);
      expect((await parkedOf('counter-target')).map(({ reason }) => reason)).toEqual([
        'TypeError: bug -1',
        null,
      ]);
    });

    it('is sent once where two wishes meet', async () => {
      await say(-1, 2, 3);
      reactor.start();
      await done();
      mended.add('bug -1');
      await Promise.all([retry(), retry()]);
      expect([await added(), await temporary.stores.progress.countParked()]).toEqual([[0, 2, 3], 0]);
    });

    it('is tried four times before', async () => {
      await say(-1);
      reactor.start();
      const before = clock.now();
      await until(clock, 'parked', async () => (await parkedNow()).length === 1);
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
    reactor.start();
    await done();
    const runner = counterRunner({ events: store, reads: temporary.stores.reads, clock });
    expect((await runner.load('counter-target')).state as Counter).toMatchObject({ sum: 1, events: 1 });
  });
});
