import { isDeepStrictEqual } from 'node:util';
import { randomInt, randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { allModels } from '@seatbook/application';
import { chunksOf, earliest, systemClock, type Position } from '@seatbook/kernel';
import { licensingRegistry } from '@seatbook/licensing';
import {
  EventLog,
  Processor,
  type EventStore,
  type ProcessorLimits,
  type ReadStore,
  type Tenure,
} from '@seatbook/runtime';
import { openEventStoreDb } from '@seatbook/store-eventstoredb';
import { openMongoStores } from '@seatbook/store-mongodb';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { manyLocations } from '@seatbook/test-support/many-locations';
import { MongoServer, NOT_WRITABLE_PRIMARY, type Fault } from '@seatbook/test-support/mongodb/server';
import { seededIds, seededRandom } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';

/** `EVENTS=100000` takes minutes, so by hand; `MONGODB_URL` names a server to build on instead of the double. */
const EVENTS = Number(process.env['EVENTS'] ?? 2_000);
const SERVER = process.env['MONGODB_URL'];
const BUILDERS = 12;
/** Of the moves of checkpoints, so many fail, and a tenth as many of all else; in a long history there are enough of both. */
const FAULT_SHARE = Math.min(0.2, 4_000 / EVENTS);
/** A driver that has lost its server looks for it twice a second at most, unless it is told otherwise. */
const QUICK = 'serverSelectionTimeoutMS=500&minHeartbeatFrequencyMS=10';
const WITHIN_MS = 120_000 + EVENTS * 20;
const FAULTS: readonly Fault[] = [
  'cut',
  'lose-answer',
  { error: NOT_WRITABLE_PRIMARY },
  { writeConcernError: { code: 64, codeName: 'WriteConcernFailed' } },
];

/** A builder of all read models that may lose what it holds at any moment. */
class Builder {
  readonly #processor: Processor;
  #epoch: number | null;

  constructor(log: EventLog, reads: ReadStore, epoch: number, limits: Partial<ProcessorLimits> = {}) {
    this.#epoch = epoch;
    const tenure: Tenure = {
      epoch: () => this.#epoch,
      onGained: () => () => undefined,
      giveAway: async () => undefined,
    };
    this.#processor = new Processor({
      events: log,
      reads,
      models: allModels,
      clock: systemClock,
      log: () => undefined,
      limits: { attempts: 1_000, retryDelayMs: 1, ...limits },
      tenureOf: () => tenure,
    });
  }

  /** Resolves when all models have got so far. */
  async reach(goal: Position): Promise<void> {
    while (!(await this.#processor.start().then(started, failed)));
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#processor.status().every(({ position }) => position >= goal)) resolve();
      };
      this.#processor.onAdvance(look);
      look();
    });
  }

  /** Writes what it has folded. */
  stop(): Promise<void> {
    return this.#processor.stop();
  }

  /** Writes nothing more, but for what is on its way. */
  async lose(): Promise<void> {
    this.#epoch = null;
    await this.#processor.stop();
  }
}

const started = (): boolean => true;
const failed = (): boolean => false;

/** The same store; keys that are written are noted by the title of their model. */
function noting(reads: ReadStore, keys: Map<string, Set<string>>): ReadStore {
  const commit: ReadStore['commit'] = (model, changes, move) => {
    const known = keys.get(model.name) ?? new Set();
    keys.set(model.name, known);
    for (const key of changes.keys()) known.add(key);
    return reads.commit(model, changes, move);
  };
  return new Proxy(reads, {
    get(target, name) {
      if (name === 'commit') return commit;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

async function openServer(database: string) {
  const server = SERVER === undefined ? await MongoServer.started() : null;
  const url = server?.url.replace(/serverSelectionTimeoutMS=\d+/, QUICK) ?? SERVER ?? '';
  const options = { url, database, key: Buffer.alloc(32, 7), clock: systemClock, ids: seededIds(1) };
  const stores = await openMongoStores(options);
  const close = async (): Promise<void> => {
    await stores.close();
    await server?.stop();
  };
  return { server, stores, close };
}

/** The log, with the positions of its events. */
async function written(events: EventStore, count: number, random: () => number): Promise<Position[]> {
  const positions: Position[] = [];
  for (const { stream, before, events: those } of manyLocations(count, random)) {
    const { position } = await events.append(stream, those, before < 0 ? 'absent' : before);
    positions.push(position);
  }
  return positions;
}

interface Compared {
  readonly documents: number;
  readonly differences: readonly unknown[];
}

/** All documents that were ever written, in both stores. */
async function compare(stores: readonly [ReadStore, ReadStore], keys: ReadonlyMap<string, Set<string>>) {
  let documents = 0;
  const differences: unknown[] = [];
  for (const model of allModels) {
    for (const part of chunksOf([...(keys.get(model.name) ?? [])], 5_000)) {
      const [one, other] = [await stores[0].getMany(model, part), await stores[1].getMany(model, part)];
      for (const key of part) {
        const [a, b] = [one, other].map((found) => found.get(key)?.document ?? null);
        if (a) documents += 1;
        if (!isDeepStrictEqual(a, b)) differences.push([model.name, key, a, b]);
      }
    }
  }
  return { documents, differences } satisfies Compared;
}

it(
  `all read models of ${EVENTS} events are on MongoDB what they are on SQLite, in whatever batches and restarts they are built`,
  async () => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const sqlite = await openTemporaryStores(systemClock);
    const mongo = await openServer(`seatbook-test-${randomUUID()}`);
    const double = await EventStoreDb.start();
    const { anchors } = mongo.stores;
    const { events } = await openEventStoreDb({
      address: double.address,
      prefix: 'seatbook',
      anchors,
      clock: systemClock,
    });
    const log = new EventLog(events, licensingRegistry());
    const keys = new Map<string, Set<string>>();
    try {
      const began = Date.now();
      const positions = await written(events, EVENTS, random);
      const head = await log.head();
      const onServer = Date.now();
      const plain = new Builder(log, noting(sqlite.stores.reads, keys), 1);
      await plain.reach(head);
      await plain.stop();
      const onSqlite = Date.now();

      let met = 0;
      const mend = mongo.server?.hurt(({ name, collection }) => {
        if (!['update', 'findAndModify', 'find'].includes(name)) return null;
        // Documents that are written while their checkpoint is not: these are folded again.
        const often = name === 'update' && collection === 'modelCheckpoints';
        if (random() > (often ? FAULT_SHARE : FAULT_SHARE / 10)) return null;
        met += 1;
        return FAULTS[below(FAULTS.length)] ?? null;
      });
      const reads = noting(mongo.stores.reads, keys);
      const ended: Promise<void>[] = [];
      for (let epoch = 1; epoch <= BUILDERS; epoch += 1) {
        const limits = { batchEvents: 1 + below(500), batchKeys: Math.ceil(2 ** (3 + 9 * random())) };
        const builder = new Builder(log, reads, epoch, limits);
        const goal = positions[Math.floor((positions.length * epoch) / (BUILDERS + 2))] ?? head;
        await builder.reach(earliest(head, goal));
        // The next one begins beside those that have lost what they held and do not know it yet.
        if (random() < 0.5) await builder.stop();
        else ended.push(builder.lose());
      }
      mend?.();
      const last = new Builder(log, reads, BUILDERS + 1);
      await last.reach(head);
      await last.stop();
      await Promise.all(ended);
      const onMongo = Date.now();

      const { documents, differences } = await compare([sqlite.stores.reads, mongo.stores.reads], keys);
      console.log(
        `seed ${seed}: ${documents} documents of ${EVENTS} events, written in ${onServer - began} ms, built on SQLite in ${onSqlite - onServer} ms, on MongoDB in ${onMongo - onSqlite} ms by ${BUILDERS + 1} builders with ${met} faults`,
      );
      expect(differences.slice(0, 5)).toEqual([]);
      expect([...keys.keys()].sort()).toEqual(allModels.map(({ name }) => name).sort());
      for (const { reads: built } of [sqlite.stores, mongo.stores])
        expect(new Set(await built.checkpoints(allModels))).toEqual(new Set([head]));
    } catch (error) {
      throw new Error(`with SEED=${seed}`, { cause: error });
    } finally {
      await events.close();
      await double.close();
      await mongo.close();
      await sqlite.close();
    }
  },
  WITHIN_MS,
);
