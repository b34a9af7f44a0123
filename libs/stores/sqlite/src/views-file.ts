import { existsSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { keepPrivate } from './folder.js';
import { isDamage, isSqliteError } from './store-failure.js';

const APPLICATION_ID = 0x53454156;
const FORMAT = 3;

/** One row per read model and version; its documents are in the table `model_{id}`, see `ModelTable`. */
const SCHEMA = `
  CREATE TABLE log (id TEXT NOT NULL) STRICT;
  CREATE TABLE models (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    declaration TEXT NOT NULL,
    position INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    UNIQUE (name, version)
  ) STRICT;
  CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE snapshots (
    stream TEXT PRIMARY KEY,
    schema TEXT NOT NULL,
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    eventId TEXT NOT NULL,
    chunks INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE snapshotChunks (
    stream TEXT NOT NULL,
    number INTEGER NOT NULL,
    chunk TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (stream, number)
  ) STRICT;
`;

/** Pages that are written before they are copied: more at once would be read models that stand still for longer. */
export const CHECKPOINT_PAGES = 4_000;

/** An open file of read models, and what was done to it on the way as lines for the log of the process. */
export interface ViewsFile {
  readonly database: Database.Database;
  readonly notices: readonly string[];
}

/**
 * Opens the views of a log and creates them on first start. Everything in them is made from the log, so a file that is
 * damaged, not a database, of another format or of another log is deleted and created again; a notice says so.
 * Only for the process that holds the folder's lock, before anybody else opens the file.
 */
export function openViewsFile(file: string, logId: string): ViewsFile {
  const notices: string[] = [];
  const why = existsSync(file) ? unusable(file, logId) : null;
  if (why !== null) {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
    notices.push(`${file} ${why}: deleted it, the views are rebuilt from the log`);
  }
  rmSync(condemned(file), { force: true });
  return { database: opened(file, logId), notices };
}

/**
 * Opens the views beside the process's main thread, which has opened them before. `damaged` is called when they cannot
 * be used any more.
 */
export function openViewsFileBeside(
  file: string,
  logId: string,
  damaged: (reason: string) => void = () => undefined,
): Database.Database {
  if (!existsSync(file)) throw new Error(`${file} is missing: the main thread opens it first`);
  const why = unusable(file, logId);
  if (why === null) return opened(file, logId);
  const reason = `${file} ${why}`;
  if (!isCondemned(file)) condemn(file, reason);
  damaged(reason);
  throw new Error(`${reason}: it is rebuilt from the log when the main thread opens it again`);
}

/** Notes that a page turned out to be damaged: whoever opens the file next begins with an empty one. */
export function condemn(file: string, why: string): void {
  try {
    writeFileSync(condemned(file), why, { mode: 0o600 });
  } catch {
    // The disk takes nothing: the damage is met again.
  }
}

export const isCondemned = (file: string): boolean => existsSync(condemned(file));

const condemned = (file: string): string => `${file}.condemned`;

/** Why the file cannot be used; null when it can. */
function unusable(file: string, logId: string): string | null {
  if (isCondemned(file)) return 'was found damaged while in use';
  let database: Database.Database | null = null;
  try {
    database = new Database(file, { timeout: 5_000 });
    // A first start that broke off leaves an empty file.
    if (database.pragma('schema_version', { simple: true }) === 0) return null;
    if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID)
      return 'is no file of Seatbook';
    const format = Number(database.pragma('user_version', { simple: true }));
    if (format !== FORMAT) return `has format ${format} and this build writes ${FORMAT}`;
    if (database.prepare<[], string>('SELECT id FROM log').pluck().get() !== logId)
      return 'belongs to another log';
    database.prepare('SELECT * FROM models').all();
    return null;
  } catch (error) {
    if (isSqliteError(error) && (isDamage(error.code) || error.code === 'SQLITE_ERROR')) {
      return `is damaged (${error.message})`;
    }
    throw error;
  } finally {
    database?.close();
  }
}

function opened(file: string, logId: string): Database.Database {
  keepPrivate(file);
  const database = new Database(file, { timeout: 5_000 });
  try {
    database.pragma('journal_mode = WAL');
    // A power cut may take the last commits, never half of one: documents and checkpoint go back together, and what
    // is missing is folded again from the log.
    database.pragma('synchronous = NORMAL');
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.pragma('journal_size_limit = 67108864');
    database.pragma('cache_size = -32000');
    database.pragma('temp_store = MEMORY');
    if (database.pragma('schema_version', { simple: true }) === 0) create(database, logId);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function create(database: Database.Database, logId: string): void {
  database
    .transaction(() => {
      database.exec(SCHEMA);
      database.prepare('INSERT INTO log (id) VALUES (?)').run(logId);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${FORMAT}`);
    })
    .immediate();
}
