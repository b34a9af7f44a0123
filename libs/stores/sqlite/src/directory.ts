import { setTimeout as pause } from 'node:timers/promises';
import type { Database, Statement } from 'better-sqlite3';
import { chunksOf, type Ids } from '@seatbook/kernel';
import {
  NOTHING_KNOWN,
  entryAfter,
  findableText,
  type Directory,
  type PersonEntry,
  type PersonSeen,
  type PlaceInDirectory,
} from '@seatbook/runtime';
import type { GroupCommit } from './group-commit.js';
import { readFrom } from './store-failure.js';

/** Persons looked up or written at once, so that nobody else waits long. */
const PART = 1_000;
const PURGE_ATTEMPTS = 100;
const PURGE_PAUSE_MS = 50;

const COLUMNS = 'userId, uId, clientUserId, email, name, managedAppleId, idHash, inviteCode';

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
  readonly #entries: Statement<[string], PersonEntry>;
  readonly #keep: Statement<PersonEntry & { findable: string }>;
  readonly #remove: Statement<[string]>;
  readonly #after: Statement<[string, string, number], PersonEntry>;
  readonly #matching: Statement<[string, string, number], { userId: string }>;
  readonly #sharing: Statement<[string, string], { userId: string }>;

  constructor(database: Database, commits: GroupCommit, ids: Ids) {
    this.#database = database;
    this.#commits = commits;
    this.#ids = ids;
    const select = `SELECT ${COLUMNS} FROM persons WHERE`;
    this.#find = database.prepare(`${select} uId = ? AND clientUserId = ?`);
    this.#entries = database.prepare(`${select} userId = ? ORDER BY uId`);
    this.#after = database.prepare(`${select} (userId, uId) > (?, ?) ORDER BY userId, uId LIMIT ?`);
    this.#matching = database.prepare(
      'SELECT DISTINCT userId FROM persons WHERE userId > ? AND instr(findable, ?) > 0 ORDER BY userId LIMIT ?',
    );
    this.#sharing = database.prepare(
      'SELECT userId FROM persons WHERE uId = ? AND idHash = ? ORDER BY userId',
    );
    const values = `${COLUMNS}, findable`.replaceAll(/\w+/g, (column) => `@${column}`);
    this.#keep = database.prepare(`REPLACE INTO persons (${COLUMNS}, findable) VALUES (${values})`);
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
    return readFrom(this.#database.name, () => userIds.flatMap((userId) => this.#entries.all(userId)));
  }

  async everybody(after: PlaceInDirectory | null, limit: number): Promise<readonly PersonEntry[]> {
    const { userId, uId } = after ?? { userId: '', uId: '' };
    return readFrom(this.#database.name, () => this.#after.all(userId, uId, limit));
  }

  async find(text: string, after: string | null, limit: number): Promise<readonly string[]> {
    const found = readFrom(this.#database.name, () =>
      this.#matching.all(after ?? '', text.toLowerCase(), limit),
    );
    return found.map(({ userId }) => userId);
  }

  async sharing(uId: string, idHash: string): Promise<readonly string[]> {
    return readFrom(this.#database.name, () => this.#sharing.all(uId, idHash)).map(({ userId }) => userId);
  }

  async keep(entries: readonly PersonEntry[]): Promise<void> {
    for (const part of chunksOf(entries, PART)) {
      await this.#commits.submit({
        apply: () => {
          for (const entry of part) this.#write(entry);
        },
      });
    }
  }

  async forget(userId: string): Promise<void> {
    await this.#commits.submit({
      apply: () => {
        const ours = this.#entries.all(userId).filter(({ clientUserId }) => clientUserId === userId);
        this.#remove.run(userId);
        for (const entry of ours) this.#write({ ...entry, ...NOTHING_KNOWN });
      },
    });
    await this.#purge();
  }

  #write(entry: PersonEntry): void {
    this.#keep.run({ ...entry, findable: findableText(entry) });
  }

  /** The person's id if everything that was seen is already stored; null if there is something to write. */
  #known(uId: string, person: PersonSeen): string | null {
    const entry = this.#find.get(uId, person.clientUserId);
    return entry && entryAfter(entry, person) === entry ? entry.userId : null;
  }

  #upsert(uId: string, person: PersonSeen): string {
    const { clientUserId } = person;
    const known = this.#find.get(uId, clientUserId);
    const ours = known ? undefined : this.#find.get('', clientUserId);
    const entry = known ?? { ...NOTHING_KNOWN, userId: ours?.userId ?? this.#ids.next(), uId, clientUserId };
    const after = entryAfter(entry, person);
    if (after !== known) this.#write(after);
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
