import { systemClock, type Clock, type Random } from '@seatbook/kernel';
import { hasCode, type OpenedStores } from '@seatbook/runtime';
import { openEventStoreDb } from '@seatbook/store-eventstoredb';
import { openMongoStores, type MongoStores } from '@seatbook/store-mongodb';
import { SEALING_KEY, type BackEnd, type StoresLife } from './back-end.js';
import { EventStoreDb, type AppendFate } from './event-store-db/event-store-db.js';
import { MongoServer, NOT_WRITABLE_PRIMARY, type Asked, type Fault } from './mongodb/server.js';
import { Unanswered } from './unanswered.js';

/** Collections by the port that they belong to. */
const COLLECTIONS: Readonly<Record<string, RegExp>> = {
  reads: /@|^modelCheckpoints$|^snapshot/,
  progress: /^(?:runnerCheckpoints|parkedWork)$/,
  leases: /^leases$/,
  secrets: /^(?:secrets|sealingKey)$/,
  directory: /^persons$/,
};
const READS: ReadonlySet<string> = new Set(['find', 'getMore', 'distinct', 'aggregate']);
const WRITE_CONCERN_FAILED = { code: 64, codeName: 'WriteConcernFailed' };

/**
 * Waiting for a server takes the machine's time, not that of the product: a twentieth of what it usually is. A virtual
 * clock stands still meanwhile.
 */
const HURRIED: Clock = {
  ...systemClock,
  after: (delay, task) => systemClock.after(delay / 20, task),
};
const ANSWER_MS = 40_000;
/** A driver that has lost its server looks for it twice a second at most, unless it is told otherwise. */
const QUICK = 'serverSelectionTimeoutMS=200&minHeartbeatFrequencyMS=10';
/** Of all that arrives at a server, so much is slow, for so long. */
const SLOW_SHARE = 0.01;
const SLOW_MS = 5;

interface PlannedFault {
  readonly port: string;
  readonly fate: 'fails' | 'answer-lost';
}

/** EventStoreDB and MongoDB as doubles of both, which the real drivers speak to over sockets. */
export class ServerBackEnd implements BackEnd {
  #unanswered = new Unanswered();
  #appends: AppendFate[] = [];
  #faults: PlannedFault[] = [];
  #away = new Set<'log' | 'rest'>();

  private constructor(
    readonly log: EventStoreDb,
    readonly rest: MongoServer,
    private readonly random: Random,
  ) {
    log.fateOfAppend = () => this.#fateOfAppend();
    rest.hurt((asked) => this.#faultOf(asked));
  }

  static async start(random: Random): Promise<ServerBackEnd> {
    const [log, rest] = await Promise.all([EventStoreDb.start(), MongoServer.started()]);
    return new ServerBackEnd(log, rest, random);
  }

  async open({ clock, ids, random }: StoresLife): Promise<OpenedStores> {
    const unanswered = new Unanswered();
    this.#unanswered = unanswered;
    const url = this.rest.url.replace(/serverSelectionTimeoutMS=\d+/, QUICK);
    const { anchors, ...rest } = await this.#opened({ url, key: SEALING_KEY, clock, ids });
    try {
      const { address } = this.log;
      const options = { address, prefix: 'seatbook', anchors, clock: HURRIED, random, answerMs: ANSWER_MS };
      const { events } = await openEventStoreDb(options);
      let closed: Promise<void> | null = null;
      const close = async (): Promise<void> => {
        await events.close();
        await rest.close();
      };
      return { ...rest, ...unanswered.ofAll({ ...rest, events }), close: () => (closed ??= close()) };
    } catch (error) {
      await rest.close();
      throw error;
    }
  }

  strike(call: string, fate: 'fails' | 'answer-lost'): boolean {
    const [port = '', member] = call.split('.');
    if (call === 'events.append') {
      this.#appends.push(fate === 'answer-lost' ? 'cut-after' : this.#either('cut-before', 'not-ready'));
    } else if (port === 'events') {
      // The adapter reads again by itself, on another connection.
      if (member !== 'onAppended') this.log.wire.cut();
    } else {
      this.#faults.push({ port, fate });
    }
    return true;
  }

  /** A server leaves, and keeps its data. */
  async leave(which: 'log' | 'rest'): Promise<void> {
    this.#away.add(which);
    await (which === 'log' ? this.log.wire.close() : this.rest.stop());
  }

  async comeBack(which: 'log' | 'rest'): Promise<void> {
    if (!this.#away.has(which)) return;
    await (which === 'log' ? this.log.wire.open() : this.rest.start());
    this.#away.delete(which);
  }

  async calm(): Promise<void> {
    this.#appends = [];
    this.#faults = [];
    this.rest.stepUp();
    for (const which of [...this.#away]) await this.comeBack(which);
  }

  loseViews(): void {
    for (const name of this.#collections())
      if (COLLECTIONS['reads']?.test(name)) this.rest.run({ drop: name });
  }

  damageSnapshot(): boolean {
    return false;
  }

  get answered(): boolean {
    return this.#unanswered.none;
  }

  get away(): boolean {
    return this.#away.size > 0;
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.rest.stop();
  }

  /** On a busy machine a server that is there may be found late. */
  async #opened(options: Parameters<typeof openMongoStores>[0]): Promise<MongoStores> {
    for (;;) {
      try {
        return await openMongoStores(options);
      } catch (error) {
        const late = hasCode(error, 'STORE_UNAVAILABLE') && error.reason === 'MongoServerSelectionError';
        if (!late || this.#away.has('rest')) throw error;
      }
    }
  }

  #collections(): readonly string[] {
    const { cursor } = this.rest.run({ listCollections: 1 }) as {
      cursor: { firstBatch: readonly { name: string }[] };
    };
    return cursor.firstBatch.map(({ name }) => name);
  }

  #fateOfAppend(): AppendFate {
    const planned = this.#appends.shift();
    if (planned !== undefined || this.random() >= SLOW_SHARE) return planned ?? 'well';
    systemClock.after(SLOW_MS, () => this.log.releaseHeld());
    return 'held';
  }

  #faultOf({ name, collection }: Asked): Fault | null {
    const met = this.#faults.find(({ port }) => COLLECTIONS[port]?.test(collection) === true);
    if (!met)
      return this.random() < SLOW_SHARE
        ? { after: new Promise((resolve) => void systemClock.after(SLOW_MS, resolve)) }
        : null;
    this.#faults = this.#faults.filter((other) => other !== met);
    if (met.fate === 'fails') return this.#either<Fault>('cut', { error: NOT_WRITABLE_PRIMARY });
    if (READS.has(name)) return 'lose-answer';
    return this.#either<Fault>('lose-answer', { writeConcernError: WRITE_CONCERN_FAILED });
  }

  #either<T>(one: T, other: T): T {
    return this.random() < 0.5 ? one : other;
  }
}
