import { ANY } from '@eventstore/db-client';
import type { Clock, Milliseconds, Position, Random } from '@seatbook/kernel';
import {
  MAX_REFERENCES,
  type Appended,
  type EventReference,
  type EventStore,
  type ExpectedRevision,
  type LogAnchors,
  type LogPage,
  type NewEvent,
  type StoredEvent,
  type SubscribeOptions,
} from '@seatbook/runtime';
import { Appender } from './appender.js';
import { Connection, type Purpose } from './connection.js';
import { KnownLog, jsonEvent } from './known-log.js';
import { LogFollower } from './log-follower.js';
import { inOrderOf, runsOf } from './references.js';
import { ServerReads, forCallers } from './server-reads.js';
import { storedEvent } from './stored-event.js';
import { StreamNames } from './stream-names.js';

export interface EventStoreDbOptions {
  /** `esdb://` or `esdb+discover://`, with credentials and TLS as the client understands them. */
  readonly address: string;
  /** Word that all names of our streams begin with on the server, e.g. `seatbook`. It must never change. */
  readonly prefix: string;
  /** Where it is kept what this deployment has seen of the log: with the checkpoints. */
  readonly anchors: LogAnchors;
  readonly clock: Clock;
  readonly random?: Random;
  /** A call without an answer for this long is given up; an append is then sent again. 5 s by default. */
  readonly answerMs?: Milliseconds;
}

/**
 * Calls at once, below the 100 of a connection. Appends share one call, in which 16 may wait to be written: what waits
 * behind these fails, when the connection breaks, with a rejection that nobody hears, and that ends the process.
 */
const CALLS: Readonly<Record<Purpose, number>> = { appends: 15, reads: 64, subscriptions: 90 };
const ANSWER_MS: Milliseconds = 5_000;

/**
 * The log in EventStoreDB. Open one per process: the client has one table for the appends of all its connections, so
 * one that breaks takes those of the others with it.
 */
export class EventStoreDbEventStore implements EventStore {
  readonly #names: StreamNames;
  readonly #connections: Readonly<Record<Purpose, Connection>>;
  readonly #reads: ServerReads;
  readonly #log: KnownLog;
  readonly #appender: Appender;
  readonly #follower: LogFollower;
  readonly #listeners = new Set<(position: Position) => void>();
  readonly #ending = new AbortController();

  /** @throws AddressInvalid, RangeError for a prefix that is none */
  constructor(options: EventStoreDbOptions) {
    const { address, prefix, anchors, clock, random = Math.random, answerMs = ANSWER_MS } = options;
    const names = new StreamNames(prefix);
    const renewed = (): void => this.#log.suspect();
    const connected = (purpose: Purpose): Connection =>
      new Connection({ address, purpose, clock, answerMs, renewed, calls: CALLS[purpose] });
    const appends = connected('appends');
    const reads = new ServerReads(connected('reads'), names);
    this.#names = names;
    this.#connections = { appends, reads: reads.connection, subscriptions: connected('subscriptions') };
    this.#reads = reads;
    this.#log = new KnownLog({ appends, reads }, names, anchors);
    const { subscriptions } = this.#connections;
    const each = { log: this.#log, names, clock, random };
    this.#appender = new Appender({ ...each, connection: appends, reads, answerMs });
    this.#follower = new LogFollower({ ...each, connection: subscriptions });
  }

  /** Resolves when the server was found to be the right one. @throws EventStoreDbUnusable, StoreUnavailable */
  ready(): Promise<void> {
    return forCallers(this.#log.ready());
  }

  async append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    const appended = await this.#appender.append(stream, events, expected);
    const last = events.at(-1);
    if (last) this.#log.seen(appended.position, last.id);
    for (const listener of this.#listeners) listener(appended.position);
    return appended;
  }

  async readStream(stream: string, from: number, limit: number): Promise<readonly StoredEvent[]> {
    await this.ready();
    return forCallers(this.#reads.ofStream(stream, from, limit));
  }

  async *subscribe(after: Position, { signal, pageEvents }: SubscribeOptions): AsyncGenerator<LogPage> {
    const either = AbortSignal.any([signal, this.#ending.signal]);
    yield* this.#follower.follow(after, { signal: either, pageEvents });
  }

  async readReferences(references: readonly EventReference[]): Promise<readonly StoredEvent[]> {
    if (references.length > MAX_REFERENCES) {
      throw new RangeError(`${references.length} references at once (${MAX_REFERENCES} at most)`);
    }
    await this.ready();
    const reads = runsOf(references).map(({ stream, from, to }) =>
      this.#reads.ofStream(stream, from, to - from + 1),
    );
    return inOrderOf(references, (await forCallers(Promise.all(reads))).flat());
  }

  async readAt(position: Position): Promise<StoredEvent | null> {
    await this.ready();
    const event = await forCallers(this.#reads.at(position));
    return event && this.#names.isOurs(event.streamId) ? storedEvent(event, this.#names) : null;
  }

  head(): Promise<Position> {
    return forCallers(this.#log.head());
  }

  async probe(): Promise<void> {
    await this.ready();
    const event = jsonEvent('seatbook.probed', {});
    // Twice is as good as once here, and nobody reads it.
    const probing = this.#connections.appends.call((client) =>
      client.appendToStream(this.#names.probe, event, { expectedRevision: ANY, requiresLeader: true }),
    );
    await forCallers(probing);
  }

  onAppended(listener: (position: Position) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Ends subscriptions, and appends that are in doubt; closes the connections. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#appender.close();
    for (const connection of Object.values(this.#connections)) await connection.close();
  }
}
