import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import type { Ids } from '@seatbook/kernel';
import { flushFolder, keepPrivate } from './folder.js';
import { asStoreFailure, isSqliteError } from './store-failure.js';

/** 'SEAT': distinguishes our files from any other database. */
const APPLICATION_ID = 0x53454154;
const FORMAT = 1;

/**
 * Events and all else that no rebuild can bring back. Revisions and positions are counted by the one writer; there is
 * no unique index on event ids, which are random and would halve the append rate: repeats are recognised per stream.
 */
const SCHEMA = `
  CREATE TABLE log (id TEXT NOT NULL) STRICT;
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_of_stream ON events (stream, revision);
  CREATE TABLE probe (count INTEGER NOT NULL) STRICT;
  INSERT INTO probe VALUES (0);
  CREATE TABLE checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL, epoch INTEGER NOT NULL) STRICT;
  CREATE TABLE parked (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    stream TEXT NOT NULL,
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL,
    source INTEGER NOT NULL,
    place INTEGER NOT NULL,
    parkedAt INTEGER NOT NULL,
    retryWanted INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX parked_in_order ON parked (source, place, id);
  CREATE INDEX parked_of_stream ON parked (stream, source, place, id);
  CREATE INDEX parked_to_retry ON parked (source, place, id) WHERE retryWanted = 1;
  CREATE TABLE leases (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, holder TEXT) STRICT;
  CREATE TABLE secrets (name TEXT PRIMARY KEY, keyId TEXT NOT NULL, iv BLOB NOT NULL, sealed BLOB NOT NULL) STRICT;
  CREATE TABLE sealingKey (one INTEGER PRIMARY KEY CHECK (one = 1), keyId TEXT NOT NULL, iv BLOB NOT NULL, sealed BLOB NOT NULL) STRICT;
  CREATE TABLE persons (
    userId TEXT NOT NULL,
    uId TEXT NOT NULL,
    clientUserId TEXT NOT NULL,
    email TEXT,
    name TEXT,
    managedAppleId TEXT,
    idHash TEXT,
    inviteCode TEXT,
    findable TEXT NOT NULL,
    PRIMARY KEY (userId, uId)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX persons_at_location ON persons (uId, clientUserId);
  CREATE INDEX persons_by_account ON persons (uId, idHash);
`;

/**
 * How long a write waits for a lock, in milliseconds. Nobody else writes, so only an operator's tool can hold one; the
 * whole process is blocked meanwhile.
 */
export const BUSY_MS = 250;

/** The file exists but is not a log that this build can use. It is never replaced: an operator must decide that. */
export class LogUnusable extends Error {
  constructor(file: string, why: string, cause?: unknown) {
    super(`${file} cannot be used: ${why}`, { cause });
    this.name = 'LogUnusable';
  }
}

/** An open events.db. */
export interface EventsFile {
  readonly database: Database.Database;
  /** Random; distinguishes this log from every other, so that views of another one are noticed. */
  readonly logId: string;
}

/** Opens the log for its one writer and creates it on first start. @throws LogUnusable */
export function openEventsFile(file: string, ids: Ids): EventsFile {
  return opened(file, () => {
    if (!existsSync(file)) create(file, ids);
    keepPrivate(file);
    const database = new Database(file, { timeout: BUSY_MS });
    try {
      checkFormat(file, database);
      database.pragma('journal_mode = WAL');
      // SQLite's own default for WAL loses the last commits in a power cut: an acknowledged event must not be lost.
      database.pragma('synchronous = FULL');
      database.pragma('wal_autocheckpoint = 4000');
      database.pragma('journal_size_limit = 67108864');
      database.pragma('cache_size = -32000');
      // What is deleted here are persons and secrets: they are overwritten, not only unlinked.
      database.pragma('secure_delete = ON');
      checkEnd(file, database);
      return { database, logId: logIdOf(database) };
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Opens an existing log for reading beside its writer, e.g. from another thread. @throws LogUnusable */
export function openEventsFileForReading(file: string): EventsFile {
  return opened(file, () => {
    if (!existsSync(file)) throw new LogUnusable(file, 'there is no such file');
    const database = new Database(file, { readonly: true, timeout: 5_000 });
    try {
      checkFormat(file, database);
      database.pragma('cache_size = -16000');
      return { database, logId: logIdOf(database) };
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function opened(file: string, open: () => EventsFile): EventsFile {
  try {
    return open();
  } catch (error) {
    if (isSqliteError(error)) {
      throw new LogUnusable(
        file,
        `${error.message} (${error.code}); restore it from a backup`,
        asStoreFailure(file, error),
      );
    }
    throw error;
  }
}

/** Under another name first: a log that has its name is complete, so an empty one was emptied by somebody. */
function create(file: string, ids: Ids): void {
  const unfinished = `${file}.new`;
  for (const suffix of ['', '-journal']) rmSync(`${unfinished}${suffix}`, { force: true });
  keepPrivate(unfinished);
  const database = new Database(unfinished);
  try {
    database
      .transaction(() => {
        database.exec(SCHEMA);
        database.prepare('INSERT INTO log (id) VALUES (?)').run(ids.next());
        database.pragma(`application_id = ${APPLICATION_ID}`);
        database.pragma(`user_version = ${FORMAT}`);
      })
      .immediate();
  } finally {
    database.close();
  }
  renameSync(unfinished, file);
  flushFolder(dirname(file));
}

function checkFormat(file: string, database: Database.Database): void {
  if (database.pragma('schema_version', { simple: true }) === 0) {
    throw new LogUnusable(file, 'it is empty, which no first start leaves behind; restore it from a backup');
  }
  if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new LogUnusable(file, 'it is not a log of Seatbook');
  }
  const format = Number(database.pragma('user_version', { simple: true }));
  if (format !== FORMAT) {
    throw new LogUnusable(
      file,
      `it has format ${format} and this build knows ${FORMAT}; run the version that wrote it`,
    );
  }
  if (schemaOf(database) !== expectedSchema()) {
    throw new LogUnusable(file, 'its tables are not those that were made; restore it from a backup');
  }
}

/** The tables as SQLite stores them: as text, in which one damaged letter means another table. */
const schemaOf = (database: Database.Database): string =>
  database
    .prepare<[], string | null>('SELECT sql FROM sqlite_schema ORDER BY type, name')
    .pluck()
    .all()
    .join(';\n');

let schemaText: string | null = null;

function expectedSchema(): string {
  if (schemaText !== null) return schemaText;
  const fresh = new Database(':memory:');
  fresh.exec(SCHEMA);
  schemaText = schemaOf(fresh);
  fresh.close();
  return schemaText;
}

/** The sequence remembers the last position that was ever assigned, so a lost end of the log is noticed at start. */
function checkEnd(file: string, database: Database.Database): void {
  const last = database.prepare<[], number | null>('SELECT max(position) FROM events').pluck().get() ?? 0;
  const given =
    database.prepare<[], number>(`SELECT seq FROM sqlite_sequence WHERE name = 'events'`).pluck().get() ?? 0;
  if (last !== given) {
    throw new LogUnusable(
      file,
      `its last event should be at position ${given} and is at ${last}; restore it from a backup`,
    );
  }
}

const logIdOf = (database: Database.Database): string =>
  database.prepare<[], string>('SELECT id FROM log').pluck().get() ?? '';
