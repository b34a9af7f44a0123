/// <reference lib="es2024.string" />
import type { Database, Statement } from 'better-sqlite3';
import type { Metadata, Position } from '@seatbook/kernel';
import {
  AppendTooLarge,
  CorruptEvent,
  MAX_APPEND_BYTES,
  MAX_APPEND_EVENTS,
  WrongExpectedRevision,
  bytesOf,
  type Appended,
  type EventStore,
  type ExpectedRevision,
  type NewEvent,
  type StoredEvent,
} from '@seatbook/runtime';
import { checksumOf } from './checksum.js';
import type { GroupCommit } from './group-commit.js';
import { StorageFailed, asStorageFailure } from './storage-failed.js';
import { StreamTails, type StreamTail } from './stream-tails.js';

const MAX_READ_AT = 1_000;

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
// CROSS JOIN keeps SQLite from turning the loop round: events in order first, then the name of each.
const EVENTS = `SELECT ${COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream`;

/**
 * The log in events.db. One connection of one process writes; any number of others read, each append becoming visible
 * to them whole. Positions are counted by the writer without gaps, so a row that is missing is noticed like a row that
 * was changed: every read checks both.
 */
export class SqliteEventStore implements EventStore {
  readonly #database: Database;
  readonly #commits: GroupCommit | null;
  readonly #tails = new StreamTails();
  readonly #listeners = new Set<(position: Position) => void>();
  readonly #findStream: Statement<[string], [number, number]>;
  readonly #head: Statement<[], number | null>;
  readonly #all: Statement<[number, number], Row>;
  readonly #ofStream: Statement<[number, number, number], Row>;
  readonly #at: Statement<[number], Row>;
  readonly #addStream: Statement<[string, number]> | null;
  readonly #moveStream: Statement<[number, number]> | null;
  readonly #addEvent: Statement<[number, number, number, string, string, string, string, number]> | null;
  /** Position of the last event written; null when it is to be looked up. */
  #last: Position | null = null;

  /** `commits` is the queue of the writer; null opens the log for reading only. */
  constructor(database: Database, commits: GroupCommit | null) {
    this.#database = database;
    this.#commits = commits;
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
    this.#at = database.prepare<[number], Row>(`${EVENTS} WHERE e.position = ?`).raw();
    this.#addStream = commits && database.prepare('INSERT INTO streams (name, revision) VALUES (?, ?)');
    this.#moveStream = commits && database.prepare('UPDATE streams SET revision = ? WHERE id = ?');
    this.#addEvent =
      commits &&
      database.prepare(
        'INSERT INTO events (position, stream, revision, id, type, data, metadata, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      );
    let rung: Position | null = null;
    commits?.onRollback(() => {
      this.#tails.clear();
      this.#last = null;
    });
    commits?.onCommit(() => {
      if (this.#last === null || this.#last === rung) return;
      rung = this.#last;
      this.ring(rung);
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
        tail = this.#tailOf(stream);
        const actual = tail?.revision ?? 'absent';
        if (actual !== expected) throw new WrongExpectedRevision(stream, expected, actual);
      },
      apply: () => this.#write(stream, tail, events),
    });
  }

  async readStream(stream: string, from: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#guarded(() => {
      const [last, rows] = this.#snapshot(() => {
        const found = this.#findStream.get(stream);
        return found ? [found[1], this.#ofStream.all(found[0], from, limit)] : [-1, []];
      });
      rows.forEach((row, index) => {
        if (row[2] !== from + index) throw new CorruptEvent(stream, from + index, row[0]);
      });
      if (rows.length !== Math.max(0, Math.min(limit, last - from + 1))) {
        throw new CorruptEvent(stream, from + rows.length, 0);
      }
      return rows.map(storedEvent);
    });
  }

  async readAll(after: Position, limit: number): Promise<readonly StoredEvent[]> {
    return this.#guarded(() =>
      this.#all.all(after, limit).map((row, index) => {
        if (row[0] !== after + index + 1) throw new CorruptEvent('(missing)', -1, after + index + 1);
        return storedEvent(row);
      }),
    );
  }

  async readAt(positions: readonly Position[]): Promise<readonly StoredEvent[]> {
    if (positions.length > MAX_READ_AT)
      throw new RangeError(`${positions.length} positions at once (at most ${MAX_READ_AT})`);
    return this.#guarded(() =>
      [...new Set(positions)]
        .sort((a, b) => a - b)
        .flatMap((position) => {
          const row = this.#at.get(position);
          return row ? [storedEvent(row)] : [];
        }),
    );
  }

  async head(): Promise<Position> {
    return this.#guarded(() => this.#head.get() ?? 0);
  }

  /**
   * Reads the whole log and compares tables, indexes and the ends of the streams with it: finds damage that no read has
   * met yet. Takes the thread for as long as that lasts, so it is for a tool or for another thread.
   * @throws CorruptEvent, StorageFailed
   */
  async verify(): Promise<{ readonly events: number; readonly streams: number }> {
    return this.#guarded(() => {
      const [problem] = this.#database.pragma('integrity_check(1)') as [{ integrity_check: string }];
      if (problem.integrity_check !== 'ok') {
        throw new StorageFailed('SQLITE_CORRUPT', `${this.#database.name}: ${problem.integrity_check}`, null);
      }
      const unequal = this.#database
        .prepare<[], [string, number]>(
          'SELECT name, s.revision FROM streams s WHERE s.revision + 1 <> (SELECT count(*) FROM events e WHERE e.stream = s.id)',
        )
        .raw()
        .get();
      if (unequal) throw new CorruptEvent(...unequal, 0);
      let events = 0;
      for (const row of this.#all.iterate(0, -1)) {
        events += 1;
        if (row[0] !== events) throw new CorruptEvent('(missing)', -1, events);
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

  /** Rings the bell. A thread that only reads has no bell of its own: who hears the writer's passes it on with this. */
  ring(position: Position): void {
    for (const listener of this.#listeners) listener(position);
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
    return { revision, position };
  }

  /** The writer changes nothing while it reads; beside it a transaction keeps two reads on one state. */
  #snapshot<T>(read: () => T): T {
    return this.#commits ? read() : this.#database.transaction(read).deferred();
  }

  #guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw asStorageFailure(this.#database.name, error);
    }
  }
}

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
    throw new CorruptEvent(String(stream), revision, position);
  }
  return {
    id,
    stream,
    revision,
    position,
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
