import { randomInt } from 'node:crypto';
import {
  EventRegistry,
  asPosition,
  earliest,
  firstVersions,
  readModel,
  type Document,
  type Envelope,
  type ReadModel,
} from '@seatbook/kernel';
import { EventLog, Processor, type ProcessorLimits, type ReadStore, type Tenure } from '@seatbook/runtime';
import { until, watched } from '@seatbook/test-support/let-happen';
import { MongoServer, NOT_WRITABLE_PRIMARY, type Fault } from '@seatbook/test-support/mongodb/server';
import { seededIds, seededRandom } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { openMongoStores } from './open.js';

type Moved = {
  readonly type: 'thing.moved';
  readonly data: { readonly keys: readonly string[]; readonly n: number };
};

/** What was added up, and by how many events: an event that is counted twice, or not at all, shows. */
interface Thing {
  readonly sum: number;
  readonly events: number;
}

/** 0 deletes. */
const things = readModel<Thing, Moved>()({
  name: 'things',
  version: 1,
  on: {
    'thing.moved': ({ data: { keys, n } }: Envelope<Moved>) =>
      keys.map((key) => ({
        key,
        evolve: (before) =>
          n === 0 ? null : { sum: (before?.sum ?? 0) + n, events: (before?.events ?? 0) + 1 },
      })),
  },
  indexes: [{ name: 'by-sum', fields: ['sum'] }],
}) as ReadModel<Document>;

const registry = new EventRegistry(firstVersions<Moved>({ 'thing.moved': true }));
const EVENTS = 150;
const KEYS = Array.from({ length: 12 }, (_, index) => `thing ${index}`);
const FAULTS: readonly Fault[] = [
  'cut',
  'lose-answer',
  { error: NOT_WRITABLE_PRIMARY },
  { writeConcernError: { code: 64, codeName: 'WriteConcernFailed' } },
];

const heldIn = (epoch: number): Tenure => ({
  epoch: () => epoch,
  onGained: () => () => undefined,
  giveAway: async () => undefined,
});

it('a read model is built as on SQLite, whatever the server does and wherever its builders stop', async () => {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const clock = new VirtualClock();
  const temporary = await openTemporaryStores(clock);
  const server = await MongoServer.started();
  const mongo = await openMongoStores({
    url: server.url,
    key: Buffer.alloc(32, 7),
    clock,
    ids: seededIds(seed),
  });
  const processor = (reads: ReadStore, epoch: number, limits: Partial<ProcessorLimits>): Processor =>
    new Processor({
      events: new EventLog(temporary.stores.events, registry),
      reads: watched(reads),
      models: [things],
      clock,
      log: () => undefined,
      limits: { retryDelayMs: 1, ...limits },
      tenureOf: () => heldIn(epoch),
    });
  const built = async (reads: ReadStore): Promise<unknown> => {
    const documents = await reads.getMany(things, KEYS);
    return KEYS.map((key) => [key, documents.get(key)?.document ?? null]);
  };
  try {
    for (let number = 1; number <= EVENTS; number += 1) {
      const keys = KEYS.filter(() => random() < 0.25);
      const data = JSON.stringify({ keys, n: below(6) });
      const event = { id: `event ${number}`, type: 'thing.moved', data, metadata: '{"version":1}' };
      await temporary.stores.events.append(`thing-${number}`, [event], 'absent');
    }
    const head = await temporary.stores.events.head();
    const plain = processor(temporary.stores.reads, 1, {});
    await plain.start();
    await until(clock, 'built on SQLite', () => plain.position('things') === head);
    await plain.stop();

    let met = 0;
    const mend = server.hurt(({ name }) => {
      if (!['update', 'findAndModify', 'find'].includes(name) || random() > 0.15) return null;
      met += 1;
      return FAULTS[below(FAULTS.length)] ?? null;
    });
    await mongo.reads.prepare([things]).catch(() => undefined);
    let epoch = 0;
    for (let round = 1; round <= 6; round += 1) {
      // Each builder has other batches, and stops when it has come a little further, with or without a last write.
      const goal = earliest(head, asPosition(round * 25));
      epoch += 1;
      const builder = processor(mongo.reads, epoch, {
        batchEvents: 1 + below(20),
        batchKeys: 1 + below(15),
        attempts: 1_000,
      });
      for (let started = false; !started;)
        started = await builder.start().then(
          () => true,
          () => false,
        );
      await until(clock, `round ${round}`, () => builder.position('things') >= goal);
      await builder.stop();
    }
    mend();
    const last = processor(mongo.reads, epoch + 1, {});
    await last.start();
    await until(clock, 'built on MongoDB', () => last.position('things') === head);
    await last.stop();
    expect([seed, await built(mongo.reads)]).toEqual([seed, await built(temporary.stores.reads)]);
    expect(await mongo.reads.checkpoint(things)).toBe(head);
    expect(met).toBeGreaterThan(10);
  } catch (error) {
    throw new Error(`with SEED=${seed}`, { cause: error });
  } finally {
    await mongo.close();
    await server.stop();
    await temporary.close();
  }
}, 120_000);
