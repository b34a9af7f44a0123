import fc from 'fast-check';
import {
  EventRegistry,
  START,
  asPosition,
  firstVersions,
  readModel,
  type Document,
  type Envelope,
  type Position,
  type ReadModel,
  type ModelRef,
  numberOf,
} from '@seatbook/kernel';
import { pass, until } from '@seatbook/test-support/let-happen';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { keptLeases } from '@seatbook/test-support/kept-leases';
import { CheckpointMoved, CorruptEvent, StoreUnavailable } from './errors.js';
import { EventLog } from './event-log.js';
import type { EventStore, NewEvent } from './event-store.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { PROCESSOR_LIMITS, Processor, type ProcessorLimits, type ProcessorOptions } from './processor.js';
import type { Placed, ReadStore } from './read-store.js';
import { ALONE, leaseTenure, type Tenure, type TenureOf } from './tenure.js';
import { joinViews, reached } from './views.js';

type Moved = {
  readonly type: 'thing.moved';
  readonly data: { readonly keys: readonly string[]; readonly n: number };
};
interface Thing {
  sum: number;
  last: number;
}

const movedBy = (before: Thing | null, { data, position }: Envelope<Moved>): Thing | null =>
  data.n === 0 ? null : { sum: (before?.sum ?? 0) + data.n, last: numberOf(position) };

const thing = ({
  name = 'things',
  version = 1,
  evolve = movedBy,
}: { name?: string; version?: number; evolve?: typeof movedBy } = {}): ReadModel<Document> =>
  readModel<Thing, Moved>()({
    name,
    version,
    on: {
      'thing.moved': (event) =>
        event.data.keys.map((key) => ({ key, evolve: (before) => evolve(before, event) })),
    },
    indexes: [],
  });

/** Handles no event. */
const indifferent = readModel<Thing>()({ name: 'others', version: 1, on: {}, indexes: [] });

const registry = new EventRegistry(firstVersions<Moved>({ 'thing.moved': true }));
const event = (
  n: number,
  keys: readonly string[],
  more: { type?: string; version?: number } = {},
): NewEvent => ({
  id: `event-${Math.abs(n)}`,
  type: more.type ?? 'thing.moved',
  data: JSON.stringify({ keys, n }),
  metadata: JSON.stringify({ version: more.version ?? 1 }),
});

describe('building read models', () => {
  const clock = new VirtualClock();
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let appended = 0;
  let lines: string[];
  const running: Processor[] = [];

  const processor = (
    models: readonly ReadModel<Document>[],
    limits: Partial<ProcessorLimits> = {},
    more: Partial<ProcessorOptions> & { readonly store?: EventStore } = {},
  ): Processor => {
    const { stores } = temporary;
    const { store = stores.events, ...options } = more;
    const made = new Processor({
      events: new EventLog(store, registry),
      reads: stores.reads,
      models,
      clock,
      log: (message, facts) => void lines.push(`${message}: ${Object.values(facts).join(', ')}`),
      limits,
      ...options,
    });
    running.push(made);
    return made;
  };
  const append = async (...events: readonly NewEvent[]): Promise<void> => {
    for (const one of events)
      await temporary.stores.events.append(`thing-${(appended += 1)}`, [one], 'absent');
  };
  const documents = async (
    model = thing(),
    keys: readonly string[] = ['a', 'b', 'c', 'd'],
  ): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      [...(await temporary.stores.reads.getMany(model, keys))].map(([key, { document }]) => [key, document]),
    );
  const at = (built: Processor, position: number, name = 'things') =>
    until(clock, `${name} at ${position}`, () => built.position(name) >= asPosition(position));
  /** The read store, with some of its answers changed. */
  const readsWith = (changed: Partial<ReadStore>): ReadStore => {
    const { reads } = temporary.stores;
    return new Proxy(reads, {
      get(target, name) {
        const member: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  };
  /** The log, with some of its answers changed. */
  const logWith = (changed: Partial<EventStore>): EventStore => {
    const { events } = temporary.stores;
    return new Proxy(events, {
      get(target, name) {
        const member: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  };

  beforeEach(async () => {
    lines = [];
    temporary = await openTemporaryStores(clock);
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
    await temporary.close();
  });

  it('folds per key and deletes where the model says so', async () => {
    await append(event(1, ['a', 'b']), event(2, ['b']), event(0, ['a']), event(4, ['c']));
    const built = processor([thing()]);
    await built.start();
    await at(built, 4);
    expect(await documents()).toEqual({ b: { sum: 3, last: 2 }, c: { sum: 4, last: 4 } });
  });

  it('gives the same documents whatever the batches are', async () => {
    const log = fc.array(
      fc.record({
        n: fc.nat(3),
        keys: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    const sizes = fc.record({
      batchEvents: fc.integer({ min: 1, max: 13 }),
      batchKeys: fc.integer({ min: 1, max: 6 }),
    });
    let version = 1;
    await fc.assert(
      fc.asyncProperty(log, sizes, async (moves, limits) => {
        await append(...moves.map(({ n, keys }) => event(n, keys)));
        const head = await temporary.stores.events.head();
        const [one, other] = [thing({ version: (version += 1) }), thing({ version: (version += 1) })];
        const expected = processor([one], { batchEvents: 1_000, batchKeys: 100_000 });
        const split = processor([other], limits);
        for (const built of [expected, split]) {
          await built.start();
          await at(built, numberOf(head));
          await built.stop();
        }
        expect(await documents(other)).toEqual(await documents(one));
      }),
      { numRuns: 30 },
    );
  });

  it('commits whole events: one at least, and no more than fit into a batch', async () => {
    await append(event(1, ['a', 'b']), event(2, ['c']), event(3, ['a', 'b', 'c', 'd']), event(4, ['a']));
    const commits: [Position, number][] = [];
    const { reads } = temporary.stores;
    const counting = readsWith({
      commit(model, changes, move) {
        commits.push([move.to, changes.size]);
        return reads.commit(model, changes, move);
      },
    });
    const built = processor([thing()], { batchKeys: 3 }, { reads: counting });
    await built.start();
    await at(built, 4);
    expect(commits).toEqual([
      [2, 3],
      [3, 4],
      [4, 1],
    ]);
  });

  it('commits fewer documents at once where it keeps up, and lets others have their turn in between', async () => {
    const keys = Array.from({ length: 40 }, (_event, number) =>
      Array.from({ length: 100 }, (_key, key) => `${number}/${key}`),
    );
    const counted = async (pageEvents: number): Promise<number[]> => {
      const commits: number[] = [];
      let turns = 0;
      const watching = setInterval(() => (turns += 1), 0);
      const counting = readsWith({
        commit(model, changes, move) {
          commits.push(changes.size);
          return temporary.stores.reads.commit(model, changes, move);
        },
      });
      const limits = { batchEvents: pageEvents, batchKeys: 3_000, liveBatchKeys: 1_500 };
      const built = processor([thing({ version: pageEvents })], limits, { reads: counting });
      await built.start();
      await at(built, keys.length);
      await built.stop();
      clearInterval(watching);
      expect(turns).toBeGreaterThan(0);
      return commits;
    };
    await append(...keys.map((some) => event(1, some)));
    // One page that ends at the head, and pages of which only the last one does.
    expect(await counted(100)).toEqual([1_500, 1_500, 1_000]);
    expect(await counted(35)).toEqual([3_000, 1_000]);
  });

  it('passes over the events that a document already contains', async () => {
    await append(event(1, ['a', 'b']), event(2, ['a']), event(0, ['b']), event(4, ['a', 'b']));
    const { reads } = temporary.stores;
    const model = thing();
    await reads.prepare([model]);
    // Another builder wrote its documents and was cut off before the checkpoint.
    const ahead: ReadonlyMap<string, Placed<Thing>> = new Map([
      ['a', { document: { sum: 3, last: 2 }, position: asPosition(2) }],
      ['b', { document: null, position: asPosition(3) }],
    ]);
    const cutOff = readsWith({
      async getMany<D extends Document>(of: ModelRef<D>, keys: readonly string[]) {
        const found = new Map(await reads.getMany(of, keys));
        for (const key of keys) {
          const placed = ahead.get(key);
          if (placed && !found.has(key)) found.set(key, placed as Placed<Document> as Placed<D>);
        }
        return found;
      },
    });
    const built = processor([model], { batchEvents: 1 }, { reads: cutOff });
    await built.start();
    await at(built, 4);
    expect(await documents()).toEqual({ a: { sum: 7, last: 4 }, b: { sum: 4, last: 4 } });
  });

  it('reads no document of a model whose events say all that is in it, and counts none twice', async () => {
    const last = readModel<{ n: number }, Moved>()({
      name: 'last',
      version: 1,
      overwrites: true,
      on: {
        'thing.moved': ({ data: { keys, n } }) =>
          keys.map((key) => ({ key, evolve: () => (n === 0 ? null : { n }) })),
      },
      indexes: [],
    });
    await append(
      event(1, ['a', 'b']),
      event(2, ['a']),
      event(0, ['b']),
      event(3, ['b', 'c']),
      event(0, ['c']),
    );
    const unread = readsWith({ getMany: () => Promise.reject(new Error('nothing is to be read')) });
    const built = processor([last], { batchEvents: 2 }, { reads: unread });
    await built.start();
    await at(built, 5, 'last');
    expect(await documents(last)).toEqual({ a: { n: 2 }, b: { n: 3 } });
  });

  it('writes nothing of what was never there and no event made', async () => {
    await append(event(0, ['a', 'b']), event(1, ['b', 'c']), event(0, ['c']), event(0, ['d']));
    const { reads } = temporary.stores;
    const written: string[] = [];
    const watched = readsWith({
      commit(model, changes, move) {
        written.push(...[...changes].map(([key, { position }]) => `${key} ${numberOf(position)}`));
        return reads.commit(model, changes, move);
      },
    });
    const built = processor([thing()], {}, { reads: watched });
    await built.start();
    await at(built, 4);
    // What came and went is written: another builder may have it, from before it went.
    expect(written.sort()).toEqual(['b 2', 'c 3']);
    expect(await documents()).toEqual({ b: { sum: 1, last: 2 } });
  });

  it('goes on where it stopped, and writes at a stop what it has folded', async () => {
    await append(event(1, ['a']));
    const first = processor([thing()]);
    await first.start();
    await at(first, 1);
    await first.stop();
    await append(event(2, ['a']));
    const second = processor([thing()]);
    await second.start();
    await at(second, 2);
    expect(await documents()).toEqual({ a: { sum: 3, last: 2 } });
  });

  it('passes over what no model handles, and says how far it is all the same', async () => {
    await append(event(1, ['a']), event(2, ['a'], { type: 'other.happened' }));
    const built = processor([thing()]);
    await built.start();
    await at(built, 2);
    expect(await documents()).toEqual({ a: { sum: 1, last: 1 } });
  });

  it('hears of new events at once', async () => {
    const built = processor([thing()]);
    await built.start();
    const before = clock.now();
    await append(event(1, ['a']));
    await at(built, 1);
    expect(clock.now()).toBe(before);
  });

  describe('where something is wrong with an event', () => {
    it('halts a model that keeps failing, says why, and lets the others go on', async () => {
      const broken = thing({
        name: 'broken',
        evolve: () => {
          throw new Error('no such field');
        },
      });
      await append(event(1, ['a']));
      const built = processor([broken, thing()]);
      await built.start();
      await at(built, 1);
      await until(clock, 'halted', () => built.status()[0]?.halted !== null);
      await append(event(2, ['a']));
      await at(built, 2);
      const failure = 'Error: no such field';
      expect(built.status()).toEqual([
        { name: 'broken', version: 1, position: 0, halted: failure, failure },
        { name: 'things', version: 1, position: 2, halted: null, failure: null },
      ]);
      expect(lines).toEqual([
        `a runner fails and keeps trying: builder of broken, ${failure}`,
        `a read model has halted: broken, 1, ${failure}`,
      ]);
    });

    it('halts a model whose documents its store cannot hold', async () => {
      await append(event(1, ['a']));
      const reads = readsWith({
        commit: () => Promise.reject(new TypeError('a field of an index is an object')),
      });
      const built = processor([thing()], {}, { reads });
      await built.start();
      await until(clock, 'halted', () => built.status()[0]?.halted !== null);
    });

    it('tries again before it halts', async () => {
      let failures = PROCESSOR_LIMITS.attempts - 1;
      const flaky = thing({
        evolve: (before, event) => {
          if ((failures -= 1) >= 0) throw new Error('transient');
          return movedBy(before, event);
        },
      });
      await append(event(1, ['a']));
      const built = processor([flaky]);
      await built.start();
      await at(built, 1);
      expect(built.status()[0]).toMatchObject({ halted: null, failure: null });
      expect(await documents()).toEqual({ a: { sum: 1, last: 1 } });
      expect(lines).toHaveLength(2);
    });

    it.each([
      ['newer than this build', event(2, ['a'], { version: 2 }), 'NewerEventVersion'],
      [
        'of a type that this build does not know',
        event(2, ['a'], { type: 'thing.unheard-of' }),
        'UnknownEventType',
      ],
    ])(
      'waits at an event that is %s, says so for as long as it takes, and skips nothing',
      async (_, bad, name) => {
        await append(event(1, ['a']), bad, event(4, ['a']));
        const needing = { ...thing(), handles: ['thing.moved', 'thing.unheard-of'] };
        const built = processor([needing, indifferent], { batchEvents: 1 });
        await built.start();
        await at(built, 3, 'others');
        await pass(clock, 600_000);
        expect(built.status()).toMatchObject([
          { position: 1, halted: null, failure: expect.stringMatching(`^${name}: `) as unknown },
          { position: 3, halted: null, failure: null },
        ]);
        expect(await documents()).toEqual({ a: { sum: 1, last: 1 } });
        expect(lines).toHaveLength(1);
      },
    );

    it('waits with a model of all events too, unless that reads nothing but metadata', async () => {
      await append(event(1, ['a']), event(2, ['a'], { type: 'thing.unheard-of' }), event(3, ['a']));
      const every = (name: string, metadataOnly: boolean) =>
        readModel<{ last: Position }>()({
          name,
          version: 1,
          metadataOnly,
          on: { '*': ({ position }) => [{ key: 'a', evolve: () => ({ last: position }) }] },
          indexes: [],
        });
      const built = processor([every('every', false), every('metadata', true)], { batchEvents: 1 });
      await built.start();
      await at(built, 3, 'metadata');
      await pass(clock, 60_000);
      expect(built.position('every')).toBe(1);
    });
  });

  describe('where a store fails', () => {
    const down = (): Promise<never> =>
      Promise.reject(new StoreUnavailable('connection refused', 'ECONNREFUSED'));

    it('says that the log cannot be read, for as long as it takes, and goes on by itself', async () => {
      await append(event(1, ['a']));
      let readable = false;
      let reads = 0;
      const { events } = temporary.stores;
      const store = logWith({
        subscribe(after, options) {
          reads += 1;
          if (readable) return events.subscribe(after, options);
          throw new CorruptEvent('thing-1', 0, START);
        },
      });
      const built = processor([thing(), thing({ name: 'others' })], {}, { store });
      await built.start();
      await pass(clock, 3_600_000);
      for (const { halted, failure } of built.status()) {
        expect(halted).toBeNull();
        expect(failure).toMatch(/^CorruptEvent: .*does not match its checksum/);
      }
      // With growing pauses, of 30 seconds at most.
      expect(reads).toBeGreaterThan(120);
      expect(reads).toBeLessThan(140);
      readable = true;
      await at(built, 1);
      expect(built.status()).toMatchObject([{ failure: null }, { failure: null }]);
      expect(lines.map((line) => line.replace(/:.*/, ''))).toEqual([
        'a runner fails and keeps trying',
        'a runner fails and keeps trying',
        'a runner works again',
        'a runner works again',
      ]);
    });

    it.each(['getMany', 'commit'] as const)(
      'waits for a read store whose %s fails, and halts nothing',
      async (name) => {
        await append(event(1, ['a']));
        const broken: Partial<ReadStore> = { [name]: down };
        const reads = readsWith(broken);
        const built = processor([thing()], {}, { reads });
        await built.start();
        await pass(clock, 3_600_000);
        expect(built.status()[0]).toMatchObject({
          position: 0,
          halted: null,
          failure: 'StoreUnavailable: connection refused',
        });
        delete broken[name];
        await at(built, 1);
        expect(await documents()).toEqual({ a: { sum: 1, last: 1 } });
        expect(built.status()[0]?.failure).toBeNull();
      },
    );

    it('goes on although the clock was ahead while it failed', async () => {
      await append(event(1, ['a']));
      const broken: Partial<ReadStore> = { commit: down };
      clock.set(7 * 24 * 3_600_000);
      const built = processor([thing()], {}, { reads: readsWith(broken) });
      await built.start();
      await pass(clock, 60_000);
      delete broken.commit;
      clock.set(-7 * 24 * 3_600_000);
      await pass(clock, 60_000);
      expect(built.status()[0]).toMatchObject({ position: 1, failure: null });
    });

    it('reads on from where it was when a subscription breaks off', async () => {
      await append(event(1, ['a']), event(2, ['a']), event(3, ['b']));
      const { events } = temporary.stores;
      let broken = 0;
      const store = logWith({
        async *subscribe(after, options) {
          for await (const page of events.subscribe(after, options)) {
            if ((broken += 1) % 2 === 0) throw new StoreUnavailable('consumer too slow', 'ABORTED');
            yield page;
          }
        },
      });
      const built = processor([thing()], { batchEvents: 1 }, { store });
      await built.start();
      await at(built, 3);
      expect(await documents()).toEqual({ a: { sum: 3, last: 2 }, b: { sum: 3, last: 3 } });
    });

    it('goes on after a commit that was done and whose answer was lost', async () => {
      await append(event(1, ['a']));
      const { reads } = temporary.stores;
      let lost = 1;
      const doubtful = readsWith({
        async commit(...commit) {
          await reads.commit(...commit);
          if ((lost -= 1) >= 0) throw new StoreUnavailable('the connection broke', 'ECONNRESET');
        },
      });
      const built = processor([thing()], {}, { reads: doubtful });
      await built.start();
      await at(built, 1);
      expect(await documents()).toEqual({ a: { sum: 1, last: 1 } });
    });
  });

  describe('among several builders', () => {
    it('loses a commit to another one, looks again, applies nothing twice and goes on', async () => {
      await append(...Array.from({ length: 40 }, () => event(1, ['a', 'b'])));
      const both = [processor([thing()], { batchEvents: 3 }), processor([thing()], { batchEvents: 4 })];
      for (const built of both) await built.start();
      for (const built of both) await at(built, 40);
      for (const built of both) expect(built.status()[0]?.halted).toBeNull();
      expect(await documents()).toEqual({ a: { sum: 40, last: 40 }, b: { sum: 40, last: 40 } });
    });

    it('builds only while it holds the lease, and the next holder goes on where it was', async () => {
      const keepers = [1, 2].map(() => keptLeases(temporary.stores.leases, clock));
      const [first, second] = keepers.map((keeper) =>
        processor([thing()], {}, { tenureOf: () => leaseTenure(keeper, 'models/things') }),
      ) as [Processor, Processor];
      const [firstKeeper, secondKeeper] = keepers as [LeaseKeeper, LeaseKeeper];
      await append(event(1, ['a']));
      await first.start();
      await at(first, 1);
      await second.start();
      await append(event(2, ['a']));
      await at(first, 2);
      await pass(clock, 120_000);
      expect(second.position('things')).toBe(START);

      await first.stop();
      await firstKeeper.stop();
      await append(event(4, ['a']));
      await at(second, 3);
      expect(await documents()).toEqual({ a: { sum: 7, last: 3 } });
      await second.stop();
      await secondKeeper.stop();
      expect(lines).toEqual([]);
    });

    it('leaves a model whose lease has run out to others, and takes it up again in the same epoch', async () => {
      const held = { epoch: 1 as number | null, gained: () => undefined as void };
      const tenure: Tenure = {
        ...ALONE,
        epoch: () => held.epoch,
        onGained: (listener) => ((held.gained = listener), () => undefined),
      };
      const tenureOf: TenureOf = ({ name }) => (name === 'things' ? tenure : ALONE);
      const built = processor([thing(), indifferent], {}, { tenureOf });
      await built.start();
      await append(event(1, ['a']));
      await at(built, 1);
      held.epoch = null;
      await append(event(2, ['a']));
      await at(built, 2, 'others');
      await pass(clock, 60_000);
      expect([built.position('things'), built.status()[0]?.failure]).toEqual([1, null]);
      held.epoch = 1;
      held.gained();
      await at(built, 2);
      expect(await documents()).toEqual({ a: { sum: 3, last: 2 } });
    });

    it('writes nothing more when another one has taken over unnoticed, and says so', async () => {
      await append(event(1, ['a']));
      const built = processor([thing()]);
      await built.start();
      await at(built, 1);
      const other = processor([thing()], {}, { tenureOf: () => ({ ...ALONE, epoch: () => 2 }) });
      await other.start();
      await append(event(2, ['a']));
      await at(other, 2);
      await until(clock, 'refused', () => built.status()[0]?.failure !== null);
      expect(built.status()[0]).toMatchObject({
        position: 1,
        halted: null,
        failure: expect.stringMatching(`^${CheckpointMoved.name}: .*another worker has it`) as unknown,
      });
      expect(await documents()).toEqual({ a: { sum: 3, last: 2 } });
    });

    it('offers its lease where an event is for a newer build, and goes on with the rest when nobody wants it', async () => {
      await append(event(1, ['a']), event(2, ['a'], { version: 2 }));
      const keeper = keptLeases(temporary.stores.leases, clock);
      const tenureOf: TenureOf = ({ name }) => leaseTenure(keeper, `models/${name}`);
      const built = processor([thing(), indifferent], { batchEvents: 1 }, { tenureOf });
      await built.start();
      await until(clock, 'offered', async () => {
        const leases = await temporary.stores.leases.read(['models/things']);
        return leases.get('models/things')?.holder === null;
      });
      await append(event(4, ['a']));
      await at(built, 3, 'others');
      // It has its lease again, and goes as far as it can.
      await at(built, 1);
      await built.stop();
      await keeper.stop();
    });
  });

  it('tells who waits for a position, and who waited in vain', async () => {
    const built = processor([thing()]);
    const views = joinViews([built, processor([thing({ name: 'others' })])]);
    await views.start();
    const soon = reached(views, 'things', asPosition(1), clock, 5_000);
    const never = reached(views, 'things', asPosition(99), clock, 5_000);
    await append(event(1, ['a']));
    await pass(clock, 5_000);
    expect([await soon, await never, await reached(views, 'things', asPosition(1), clock, 0)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(views.status().map(({ name }) => name)).toEqual(['things', 'others']);
  });
});
