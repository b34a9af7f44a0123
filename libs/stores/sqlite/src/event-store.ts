/// <reference lib="es2024.string" />
import type { Database, Statement } from 'better-sqlite3';
import { START, asPosition, type Clock, type Metadata, type Position, numberOf } from '@seatbook/kernel';
import {
  AppendTooLarge,
  CorruptEvent,
  MAX_APPEND_BYTES,
  MAX_APPEND_EVENTS,
  MAX_REFERENCES,
  StoreUnavailable,
  WrongExpectedRevision,
  bytesOf,
  type Appended,
  type EventReference,
  type EventStore,
  type ExpectedRevision,
  type LogPage,
  type NewEvent,
  type StoredEvent,
  type SubscribeOptions,
} from '@seatbook/runtime';
import { checksumOf } from './checksum.js';
import type { GroupCommit } from './group-commit.js';
import { asStoreFailure, isLasting } from './store-failure.js';
import { StreamTails, type StreamTail } from './stream-tails.js';
import { Transactions } from './transactions.js';

/** A subscription looks for new events this often even if none was announced. */
const POLL_MS = 1_000;
/** A reader of the log may be so many pages behind another and still get what that one has read: few, so that they die young. */
const REMEMBERED_PAGES = 2;
/** A reader lets others come up for so many turns at most: one that stands still keeps nobody. */
const TURNS_TO_COME_UP = 100;
/** Characters in the events of a page that is remembered. */
const REMEMBERED_LENGTH = 1_000_000;

type Row = [
  position: number,
  stream: string,
  revision: number,
  id: string,
  type: string,
  data: string,
  metadata: string,
  checksum: number,
];

const COLUMNS = 'e.position, s.name, e.revision, e.id, e.type, e.data, e.metadata, e.checksum';
// CROSS JOIN keeps SQLite from reversing the loops: events in order first, then the name of each.
const EVENTS = `SELECT ${COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream`;

/**
 * The log in events.db. One connection of one process writes; any number of others read, each append becoming visible
 * to them whole. The writer counts positions without gaps, so a missing row is noticed like a changed one: every read
 * checks both.
 */
export class SqliteEventStore implements EventStore {
  readonly #database: Database;
  readonly #transactions: Transactions;
  readonly #commits: GroupCommit | null;
  readonly #clock: Clock;
  readonly #tails = new StreamTails();
  readonly #listeners = new Set<(position: Position) => void>();
  readonly #findStream: Statement<[string], [number, number]>;
  readonly #head: Statement<[], number | null>;
  readonly #all: Statement<[number, number], Row>;
  readonly #ofStream: Statement<[number, number, number], Row>;
  readonly #one: Statement<[string, number], Row>;
  readonly #at: Statement<[number], Row>;
  readonly #addStream: Statement<[string, number]> | null;
  readonly #moveStream: Statement<[number, number]> | null;
  readonly #addEvent: Statement<[number, number, number, string, string, string, string, number]> | null;
  readonly #probe: Statement<[]> | null;
  /** Position of the last event written; null when it is to be looked up. */
  #last: number | null = null;
  /** The first damage that was met. It does not pass: a backup has to be restored. */
  #damage: Error | null = null;
  /**
   * The pages that were read last, by the position before them, where the log is only read: the builders of the read
   * models go through it together, and parse it once. Empty for one that was not full or is too large.
   */
  readonly #pages = new Map<number, readonly StoredEvent[]>();
  /** Where each subscription is that has more to read at once, as far as is known. */
  readonly #behind = new Map<symbol, number>();
  /** How often appends were announced, so that a subscription notices those that came while it was not listening. */
  #rings = 0;

  /** `commits` is the queue of the writer; null opens the log for reading only. */
  constructor(database: Database, commits: GroupCommit | null, clock: Clock) {
    this.#database = database;
    this.#transactions = new Transactions(database);
    this.#commits = commits;
    this.#clock = clock;
    this.#findStream = database
      .prepare<[string], [number, number]>('SELECT id, revision FROM streams WHERE name = ?')
      .raw();
    this.#head = database.prepare<[], number | null>('SELECT max(position) FROM events').pluck();
    this.#all = database
      .prepare<[number, number], Row>(`${EVENTS} WHERE e.position > ? ORDER BY e.position LIMIT ?`)
      .raw();
    this.#ofStream = database
      .prepare<[number, number, number], Row>(
        `${EVENTS} WHERE e.stream = ? AND e.revision >= ? ORDER BY e.revision LIMIT ?`,
      )
      .raw();
    this.#one = database
      .prepare<[string, number], Row>(
        `${EVENTS} WHERE e.stream = (SELECT id FROM streams WHERE name = ?) AND e.revision = ?`,
      )
      .raw();
    this.#at = database.prepare<[number], Row>(`${EVENTS} WHERE e.position = ?`).raw();
    this.#addStream = commits && database.prepare('INSERT INTO streams (name, revision) VALUES (?, ?)');
    this.#moveStream = commits && database.prepare('UPDATE streams SET revision = ? WHERE id = ?');
    this.#addEvent =
      commits &&
      database.prepare(
        'INSERT INTO events (position, stream, revision, id, type, data, metadata, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      );
    this.#probe = commits && database.prepare('UPDATE probe SET count = count + 1');
    let rung: number | null = null;
    commits?.onRollback((failure) => {
      if (isLasting(failure)) this.#damage ??= failure;
      this.#tails.clear();
      this.#last = null;
    });
    commits?.onCommit(() => {
      if (this.#last === null || this.#last === rung) return;
      rung = this.#last;
      this.ring(asPosition(rung));
    });
  }

  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    if (!this.#commits) return Promise.reject(new Error('this log was opened for reading'));
    const bytes = events.reduce((sum, event) => sum + bytesOf(event), 0);
    if (events.length === 0 || events.length > MAX_APPEND_EVENTS || bytes > MAX_APPEND_BYTES) {
      return Promise.reject(new AppendTooLarge(stream, events.length, bytes));
    }
    if (!isWellFormed(stream, events)) {
      return Promise.reject(
        new TypeError(`${stream}: text with half a surrogate pair cannot be stored as it is`),
      );
    }
    // Between check and apply nothing else is written, so the end of the stream is looked up once.
    let tail: StreamTail | undefined;
    return this.#commits.submit({
      bytes,
      check: () => {
        tail = this.#guarded(() => this.#tailOf(stream));
        const actual = tail?.revision ?? 'absent';
        if (actual !== expected) throw new WrongExpectedRevision(stream, expected, actual);
      },
      apply: () => this.#guarded(() => this.#write(stream, tail, events)),
    });
  }

  async readStream(stream: string, from: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#guarded(() => {
      const [last, rows] = this.#snapshot(() => {
        const found = this.#findStream.get(stream);
        return found ? [found[1], this.#ofStream.all(found[0], from, limit)] : [-1, []];
      });
      rows.forEach((row, index) => {
        if (row[2] !== from + index) throw new CorruptEvent(stream, from + index, asPosition(row[0]));
      });
      if (rows.length !== Math.max(0, Math.min(limit, last - from + 1))) {
        throw new CorruptEvent(stream, from + rows.length, START);
      }
      return rows.map(storedEvent);
    });
  }

  async *subscribe(after: Position, options: SubscribeOptions): AsyncGenerator<LogPage> {
    const { signal, pageEvents } = options;
    const reader = Symbol();
    let position = after;
    this.#behind.set(reader, numberOf(after));
    try {
      for (let caughtUp = false; !signal.aborted;) {
        const heard = this.#rings;
        const events = this.#guarded(() => this.#page(position, pageEvents));
        const more = events.length === pageEvents;
        if (events.length > 0 || (!caughtUp && !more)) {
          caughtUp = !more;
          position = events.at(-1)?.position ?? position;
          yield { events, upTo: position, caughtUp };
        }
        if (more) this.#behind.set(reader, numberOf(position));
        else this.#behind.delete(reader);
        // SQLite answers in the same turn: without a pause, catching up would keep everything else from its turn.
        if (more || heard !== this.#rings) await nextTurn();
        else if (!signal.aborted) await this.#newEvents(signal);
        if (more) await this.#othersComeUp(numberOf(position));
      }
    } finally {
      this.#behind.delete(reader);
    }
  }

  async readReferences(references: readonly EventReference[]): Promise<readonly StoredEvent[]> {
    if (references.length > MAX_REFERENCES)
      throw new RangeError(`${references.length} references at once (${MAX_REFERENCES} at most)`);
    return this.#guarded(() =>
      references.flatMap(({ stream, revision }) => {
        const row = this.#one.get(stream, revision);
        return row ? [storedEvent(row)] : [];
      }),
    );
  }

  async readAt(position: Position): Promise<StoredEvent | null> {
    return this.#guarded(() => {
      const row = this.#at.get(numberOf(position));
      return row ? storedEvent(row) : null;
    });
  }

  async head(): Promise<Position> {
    return this.#guarded(() => asPosition(this.#head.get() ?? 0));
  }

  async probe(): Promise<void> {
    if (!this.#commits) throw new Error('this log was opened for reading');
    if (this.#damage) throw this.#damage;
    await this.#commits.submit({ apply: () => this.#probe?.run() });
  }

  /**
   * Reads the whole log and compares tables, indexes and the ends of the streams with it: finds damage that no read has
   * met yet. Blocks the thread meanwhile, so it is for a tool or for another thread.
   * @throws CorruptEvent, StoreUnavailable
   */
  async verify(): Promise<{ readonly events: number; readonly streams: number }> {
    return this.#guarded(() => {
      const [problem] = this.#database.pragma('integrity_check(1)') as [{ integrity_check: string }];
      if (problem.integrity_check !== 'ok') {
        const message = `${this.#database.name}: ${problem.integrity_check}`;
        throw new StoreUnavailable(message, 'SQLITE_CORRUPT', null, true);
      }
      const unequal = this.#database
        .prepare<[], [string, number]>(
          'SELECT name, s.revision FROM streams s WHERE s.revision + 1 <> (SELECT count(*) FROM events e WHERE e.stream = s.id)',
        )
        .raw()
        .get();
      if (unequal) throw new CorruptEvent(...unequal, START);
      let events = 0;
      for (const row of this.#all.iterate(0, -1)) {
        events += 1;
        if (row[0] !== events) throw missing(events);
        storedEvent(row);
      }
      const streams = this.#database.prepare<[], number>('SELECT count(*) FROM streams').pluck().get() ?? 0;
      return { events, streams };
    });
  }

  onAppended(listener: (position: Position) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Wakes subscriptions and listeners. A thread that only reads learns of new events by this alone. */
  ring(position: Position): void {
    this.#rings += 1;
    for (const listener of this.#listeners) listener(position);
  }

  #page(after: Position, limit: number): readonly StoredEvent[] {
    const last = numberOf(after);
    const known = this.#pages.get(last);
    if (known?.length === limit) return known;
    let length = 0;
    const page = this.#all.all(last, limit).map((row, index) => {
      if (row[0] !== last + index + 1) throw missing(last + index + 1);
      length += row[5].length + row[6].length;
      return storedEvent(row);
    });
    if (!this.#commits)
      this.#remember(last, page.length === limit && length <= REMEMBERED_LENGTH ? page : []);
    return page;
  }

  /** Who is about to read a page that would push out one that another reader still needs lets that one read it first. */
  async #othersComeUp(position: number): Promise<void> {
    const last = [...this.#pages.keys()].at(-REMEMBERED_PAGES);
    if (last === undefined || this.#pages.has(position)) return;
    const isNeeded = (): boolean => [...this.#behind.values()].includes(last);
    for (let turn = 0; turn < TURNS_TO_COME_UP && isNeeded(); turn += 1) await nextTurn();
  }

  #remember(after: number, page: readonly StoredEvent[]): void {
    this.#pages.set(after, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= REMEMBERED_PAGES) return;
      this.#pages.delete(oldest);
    }
  }

  /** Resolves when an append is announced, when it is time to look, or when the signal aborts. */
  #newEvents(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        unsubscribe();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const unsubscribe = this.onAppended(wake);
      const cancel = this.#clock.after(POLL_MS, wake);
      signal.addEventListener('abort', wake);
    });
  }

  #tailOf(stream: string): StreamTail | undefined {
    const known = this.#tails.get(stream);
    if (known) return known;
    const found = this.#findStream.get(stream);
    if (!found) return undefined;
    const tail = { id: found[0], revision: found[1] };
    this.#tails.set(stream, tail);
    return tail;
  }

  #write(stream: string, tail: StreamTail | undefined, events: readonly NewEvent[]): Appended {
    let revision = tail?.revision ?? -1;
    const end = revision + events.length;
    let id: number;
    if (tail) {
      id = tail.id;
      this.#moveStream?.run(end, id);
    } else {
      id = Number(this.#addStream?.run(stream, end).lastInsertRowid);
    }
    let position = this.#last ?? this.#head.get() ?? 0;
    for (const event of events) {
      position += 1;
      revision += 1;
      const { id: eventId, type, data, metadata } = event;
      const checksum = checksumOf({ stream, revision, position, id: eventId, type, data, metadata });
      this.#addEvent?.run(position, id, revision, eventId, type, data, metadata, checksum);
    }
    this.#last = position;
    this.#tails.set(stream, { id, revision });
    return { revision, position: asPosition(position) };
  }

  /** The writer changes nothing while it reads; for others a transaction keeps two reads on one state. */
  #snapshot<T>(read: () => T): T {
    return this.#commits ? read() : this.#transactions.read(read);
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const failure = asStoreFailure(this.#database.name, error);
      if (isLasting(failure)) this.#damage ??= failure;
      throw failure;
    }
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const missing = (position: number): CorruptEvent => new CorruptEvent('(missing)', -1, asPosition(position));

function storedEvent(row: Row): StoredEvent {
  const [position, stream, revision, id, type, data, metadata, checksum] = row;
  // A damaged row header turns text into bytes or into nothing.
  const isText =
    typeof stream === 'string' &&
    typeof id === 'string' &&
    typeof type === 'string' &&
    typeof data === 'string' &&
    typeof metadata === 'string';
  if (!isText || checksumOf({ stream, revision, position, id, type, data, metadata }) !== checksum) {
    throw new CorruptEvent(String(stream), revision, asPosition(position));
  }
  return {
    id,
    stream,
    revision,
    position: asPosition(position),
    type,
    data: JSON.parse(data) as unknown,
    metadata: JSON.parse(metadata) as Metadata,
  };
}

function isWellFormed(stream: string, events: readonly NewEvent[]): boolean {
  return (
    stream.isWellFormed() &&
    events.every(
      (event) =>
        event.id.isWellFormed() &&
        event.type.isWellFormed() &&
        event.data.isWellFormed() &&
        event.metadata.isWellFormed(),
    )
  );
}
