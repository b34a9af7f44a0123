import Database from 'better-sqlite3';

/**
 * A row of a log.
 * @typedef {[position: number, stream: string, revision: number, id: string, type: string, data: string, metadata: string, checksum: number]} Row
 */

/**
 * The baseline that anyone would write: one table, prepared statements, the same rows, and a commit for every `batch`
 * rows that waits for the disk. It decides nothing, checks nothing and answers nobody.
 * @param {string} file
 * @param {boolean} uniqueIds whether event ids have a unique index, as in most event tables (ours needs none)
 */
export function openPlainLog(file, uniqueIds) {
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('wal_autocheckpoint = 4000');
  database.pragma('cache_size = -32000');
  database.exec(`
    CREATE TABLE events (
      position INTEGER PRIMARY KEY,
      stream TEXT NOT NULL,
      revision INTEGER NOT NULL,
      id TEXT NOT NULL ${uniqueIds ? 'UNIQUE' : ''},
      type TEXT NOT NULL,
      data TEXT NOT NULL,
      metadata TEXT NOT NULL,
      checksum INTEGER NOT NULL,
      UNIQUE (stream, revision)
    ) STRICT`);
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  return {
    /**
     * @param {readonly Row[]} rows
     * @param {number} batch
     */
    append(rows, batch) {
      for (let from = 0; from < rows.length; from += batch) {
        begin.run();
        for (const row of rows.slice(from, from + batch)) insert.run(...row);
        commit.run();
      }
    },
    count: () => Number(database.prepare('SELECT count(*) FROM events').pluck().get()),
    close: () => database.close(),
  };
}

/**
 * The rows of a product's log, as they stand in its file.
 * @param {string} file
 * @param {string} category only events of its streams
 */
export function rowsOf(file, category) {
  const database = new Database(file, { readonly: true });
  try {
    const rows = database
      .prepare(
        `SELECT e.position, s.name, e.revision, e.id, e.type, e.data, e.metadata, e.checksum
         FROM events e JOIN streams s ON s.id = e.stream WHERE s.name LIKE ? ORDER BY e.position`,
      )
      .raw()
      .all(`${category}-%`);
    return /** @type {Row[]} */ (rows);
  } finally {
    database.close();
  }
}
