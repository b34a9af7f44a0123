import fc from 'fast-check';
import { EventRegistry, asPosition, firstVersions, type Document, type ReadModel } from '@seatbook/kernel';
import { pass, until } from '@seatbook/test-support/let-happen';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { EventLog } from './event-log.js';
import type { NewEvent } from './event-store.js';
import { PROCESSOR_DEFAULTS, Processor, type ProcessorOptions } from './processor.js';
import type { ReadStore } from './read-store.js';
import { joinViews, reached } from './views.js';

type Moved = {
  readonly type: 'thing.moved';
  readonly data: { readonly keys: readonly string[]; readonly n: number };
};
interface Thing {
  sum: number;
  last: number;
}

const thing = (more: Partial<ReadModel<Thing, Moved>> = {}): ReadModel<Document> =>
  ({
    name: 'things',
    version: 1,
    handles: ['thing.moved'],
    keysOf: ({ data }) => data.keys,
    evolve: (before, { data, position }) =>
      data.n === 0 ? null : { sum: (before?.sum ?? 0) + data.n, last: position },
    indexes: [],
    ...more,
  }) satisfies ReadModel<Thing, Moved>;

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
  const running: Processor[] = [];

  const processor = (
    models: readonly ReadModel<Document>[],
    options: Partial<ProcessorOptions> = {},
    reads: ReadStore = temporary.stores.reads,
  ): Processor => {
    const made = new Processor(new EventLog(temporary.stores.events, registry), reads, models, clock, {
      ...PROCESSOR_DEFAULTS,
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
    until(clock, `${name} at ${position}`, () => built.position(name) >= position);

  beforeEach(async () => {
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
      fc.asyncProperty(log, sizes, async (moves, options) => {
        await append(...moves.map(({ n, keys }) => event(n, keys)));
        const head = await temporary.stores.events.head();
        const [one, other] = [thing({ version: (version += 1) }), thing({ version: (version += 1) })];
        const expected = processor([one], { batchEvents: 1_000, batchKeys: 100_000 });
        const split = processor([other], options);
        for (const built of [expected, split]) {
          await built.start();
          await at(built, head);
          await built.stop();
        }
        expect(await documents(other)).toEqual(await documents(one));
      }),
      { numRuns: 30 },
    );
  });

  it('goes on where it stopped', async () => {
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

  it('hears of new events by its bell, or by itself', async () => {
    const built = processor([thing()]);
    await built.start();
    await append(event(1, ['a']));
    built.ring();
    await at(built, 1);
    await append(event(2, ['a']));
    const before = clock.now();
    await at(built, 2);
    expect(clock.now() - before).toBeLessThanOrEqual(PROCESSOR_DEFAULTS.pollMs);
  });

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
    expect(built.status()).toEqual([
      { name: 'broken', version: 1, position: 0, halted: 'no such field' },
      { name: 'things', version: 1, position: 2, halted: null },
    ]);
  });

  it('tries again before it halts', async () => {
    let failures = PROCESSOR_DEFAULTS.attempts - 1;
    const model = thing();
    const flaky = thing({
      evolve: (before, envelope, key) => {
        if ((failures -= 1) >= 0) throw new Error('passing');
        return model.evolve(before, envelope, key) as Thing | null;
      },
    });
    await append(event(1, ['a']));
    const built = processor([flaky]);
    await built.start();
    await at(built, 1);
    expect([built.status()[0]?.halted, await documents()]).toEqual([null, { a: { sum: 1, last: 1 } }]);
  });

  it('waits at an event that is newer than this build, for as long as it takes, and skips nothing', async () => {
    await append(event(1, ['a']), event(2, ['a'], { version: 2 }), event(4, ['a']));
    const indifferent = thing({ name: 'others', handles: [] });
    const built = processor([thing(), indifferent], { batchEvents: 1 });
    await built.start();
    await at(built, 3, 'others');
    await pass(clock, 600_000);
    expect(built.status()).toMatchObject([
      { position: 1, halted: null },
      { position: 3, halted: null },
    ]);
    expect(await documents()).toEqual({ a: { sum: 1, last: 1 } });
  });

  it('loses a commit to another builder, looks again, applies nothing twice and goes on', async () => {
    await append(...Array.from({ length: 40 }, () => event(1, ['a', 'b'])));
    const both = [processor([thing()], { batchEvents: 3 }), processor([thing()], { batchEvents: 4 })];
    for (const built of both) await built.start();
    for (const built of both) await at(built, 40);
    for (const built of both) expect(built.status()[0]?.halted).toBeNull();
    expect(await documents()).toEqual({ a: { sum: 40, last: 40 }, b: { sum: 40, last: 40 } });
  });

  it('goes on after a commit that was done and whose answer was lost', async () => {
    await append(event(1, ['a']));
    const { reads } = temporary.stores;
    let lost = 1;
    const doubtful = Object.create(reads, {
      commit: {
        value: async (...commit: Parameters<ReadStore['commit']>) => {
          await reads.commit(...commit);
          if ((lost -= 1) >= 0) throw new Error('the connection broke');
        },
      },
    }) as ReadStore;
    for (const name of ['prepare', 'takeOver', 'checkpoint', 'getMany'] as const)
      Object.assign(doubtful, { [name]: reads[name].bind(reads) });
    const built = processor([thing()], {}, doubtful);
    await built.start();
    await at(built, 1);
    expect(await documents()).toEqual({ a: { sum: 1, last: 1 } });
  });

  it('tells who waits for a position, and who waited in vain', async () => {
    const built = processor([thing()]);
    const views = joinViews([built, processor([thing({ name: 'others' })])]);
    await views.start();
    const soon = reached(views, 'things', asPosition(1), clock, 5_000);
    const never = reached(views, 'things', asPosition(99), clock, 5_000);
    await append(event(1, ['a']));
    views.ring();
    await pass(clock, 5_000);
    expect([await soon, await never, await reached(views, 'things', asPosition(1), clock, 0)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(views.status().map(({ name }) => name)).toEqual(['things', 'others']);
  });
});
