import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Statement } from 'better-sqlite3';
import { chunksOf, type Ids } from '@seatbook/kernel';
import type { Directory, PersonEntry, PersonSeen } from '@seatbook/runtime';
import type { GroupCommit } from './group-commit.js';
import { readFrom } from './store-failure.js';

/** Persons looked up or written at once, so that nobody else waits long. */
const PART = 1_000;
const PURGE_ATTEMPTS = 100;
const PURGE_PAUSE_MS = 50;

/**
 * The directory in events.db, in a table of its own: the one place that holds personal data. Deleted rows are
 * overwritten with zeros (`secure_delete`), and `forget` resolves only after the write-ahead log, which still holds the
 * pages of before, has been emptied. Blocks that the file system gave up and backups are beyond its reach.
 */
export class SqliteDirectory implements Directory {
  readonly #database: Database;
  readonly #commits: GroupCommit;
  readonly #ids: Ids;
  readonly #find: Statement<[string, string], PersonEntry>;
  readonly #entry: Statement<[string], PersonEntry>;
  readonly #add: Statement<[string, string, string, string | null, string | null, string | null]>;
  readonly #update: Statement<[string | null, string | null, string | null, string]>;
  readonly #remove: Statement<[string]>;
  readonly #after: Statement<[string, number], PersonEntry>;
  readonly #restore: Statement<PersonEntry>;

  constructor(database: Database, commits: GroupCommit, ids: Ids) {
    this.#database = database;
    this.#commits = commits;
    this.#ids = ids;
    const columns = 'userId, uId, clientUserId, email, name, idHash';
    this.#find = database.prepare(`SELECT ${columns} FROM persons WHERE uId = ? AND clientUserId = ?`);
    this.#entry = database.prepare(`SELECT ${columns} FROM persons WHERE userId = ?`);
    this.#add = database.prepare(`INSERT INTO persons (${columns}) VALUES (?, ?, ?, ?, ?, ?)`);
    this.#update = database.prepare('UPDATE persons SET email = ?, name = ?, idHash = ? WHERE userId = ?');
    this.#after = database.prepare(`SELECT ${columns} FROM persons WHERE userId > ? ORDER BY userId LIMIT ?`);
    this.#restore = database.prepare(
      `REPLACE INTO persons (${columns}) VALUES (@userId, @uId, @clientUserId, @email, @name, @idHash)`,
    );
    this.#remove = database.prepare('DELETE FROM persons WHERE userId = ?');
  }

  async userIdsOf(uId: string, seen: readonly PersonSeen[]): Promise<readonly string[]> {
    const userIds: string[] = [];
    for (const part of chunksOf(seen, PART)) {
      const known = readFrom(this.#database.name, () => part.map((person) => this.#known(uId, person)));
      // Usually everybody is known and nothing has changed: then there is nothing to write.
      if (known.every((userId) => userId !== null)) userIds.push(...known);
      else
        userIds.push(
          ...(await this.#commits.submit({ apply: () => part.map((person) => this.#upsert(uId, person)) })),
        );
    }
    return userIds;
  }

  async entries(userIds: readonly string[]): Promise<readonly PersonEntry[]> {
    return readFrom(this.#database.name, () => userIds.flatMap((userId) => this.#entry.get(userId) ?? []));
  }

  async everybody(after: string | null, limit: number): Promise<readonly PersonEntry[]> {
    return readFrom(this.#database.name, () => this.#after.all(after ?? '', limit));
  }

  async restore(entries: readonly PersonEntry[]): Promise<void> {
    for (const part of chunksOf(entries, PART)) {
      await this.#commits.submit({
        apply: () => {
          for (const entry of part) this.#restore.run(entry);
        },
      });
    }
  }

  async forget(userId: string): Promise<void> {
    await this.#commits.submit({ apply: () => this.#remove.run(userId) });
    await this.#purge();
  }

  /** The person's id if everything that was seen is already stored; null if there is something to write. */
  #known(uId: string, person: PersonSeen): string | null {
    const entry = this.#find.get(uId, person.clientUserId);
    return entry && !differs(entry, person) ? entry.userId : null;
  }

  #upsert(uId: string, person: PersonSeen): string {
    const entry = this.#find.get(uId, person.clientUserId);
    if (!entry) {
      const userId = this.#ids.next();
      this.#add.run(
        userId,
        uId,
        person.clientUserId,
        person.email ?? null,
        person.name ?? null,
        person.idHash ?? null,
      );
      return userId;
    }
    if (differs(entry, person)) {
      this.#update.run(
        given(person.email, entry.email),
        given(person.name, entry.name),
        given(person.idHash, entry.idHash),
        entry.userId,
      );
    }
    return entry.userId;
  }

  /** Empties the write-ahead log. A reader in the middle of a page keeps it for a moment. */
  async #purge(): Promise<void> {
    for (let attempt = 1; attempt <= PURGE_ATTEMPTS; attempt += 1) {
      const [done] = this.#database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
      if (done.busy === 0) return;
      await pause(PURGE_PAUSE_MS);
    }
    throw new Error('the person was removed, but older pages still lie in the write-ahead log: forget again');
  }
}

/** What was not seen stays as it is; null clears it. */
const given = (seen: string | null | undefined, known: string | null): string | null =>
  seen === undefined ? known : seen;

const differs = (entry: PersonEntry, person: PersonSeen): boolean =>
  given(person.email, entry.email) !== entry.email ||
  given(person.name, entry.name) !== entry.name ||
  given(person.idHash, entry.idHash) !== entry.idHash;
