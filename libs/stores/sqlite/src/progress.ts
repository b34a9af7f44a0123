import type { Database, Statement } from 'better-sqlite3';
import type { Position } from '@seatbook/kernel';
import { CheckpointMoved, type ParkedWork, type Progress } from '@seatbook/runtime';
import type { GroupCommit } from './group-commit.js';

/** Durable state of the runners in events.db, written through the queue of the log and as durable as it. */
export class SqliteProgress implements Progress {
  readonly #commits: GroupCommit;
  readonly #checkpoint: Statement<[string], number>;
  readonly #move: Statement<[string, number]>;
  readonly #park: Statement<[string, string, string, string, string, string, number]>;
  readonly #page: Statement<[string, number], ParkedWork>;
  readonly #ofStream: Statement<[string], ParkedWork>;
  readonly #unpark: Statement<[string]>;
  readonly #count: Statement<[], number>;

  constructor(database: Database, commits: GroupCommit) {
    this.#commits = commits;
    this.#checkpoint = database
      .prepare<[string], number>('SELECT position FROM checkpoints WHERE name = ?')
      .pluck();
    this.#move = database.prepare(
      'INSERT INTO checkpoints (name, position) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position',
    );
    this.#park = database.prepare(
      `INSERT INTO parked (id, kind, stream, name, payload, reason, parkedAt) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET reason = excluded.reason`,
    );
    const columns = 'id, kind, stream, name, payload, reason, parkedAt';
    // By id: a page begins after an id that may be gone by then.
    this.#page = database.prepare(`SELECT ${columns} FROM parked WHERE id > ? ORDER BY id LIMIT ?`);
    this.#ofStream = database.prepare(`SELECT ${columns} FROM parked WHERE stream = ? ORDER BY sequence`);
    this.#unpark = database.prepare('DELETE FROM parked WHERE id = ?');
    this.#count = database.prepare<[], number>('SELECT count(*) FROM parked').pluck();
  }

  async checkpoint(name: string): Promise<Position> {
    return this.#checkpoint.get(name) ?? 0;
  }

  async saveCheckpoint(name: string, from: Position, to: Position): Promise<void> {
    await this.#commits.submit({
      check: () => {
        const actual = this.#checkpoint.get(name) ?? 0;
        if (actual !== from) throw new CheckpointMoved({ name, version: 1, indexes: [] }, from, actual);
      },
      apply: () => this.#move.run(name, to),
    });
  }

  async park(work: readonly ParkedWork[]): Promise<void> {
    if (work.length === 0) return;
    await this.#commits.submit({
      apply: () => {
        for (const { id, kind, stream, name, payload, reason, parkedAt } of work) {
          this.#park.run(id, kind, stream, name, payload, reason, parkedAt);
        }
      },
    });
  }

  async parked(limit: number, afterId = ''): Promise<readonly ParkedWork[]> {
    return this.#page.all(afterId, limit);
  }

  async parkedOf(stream: string): Promise<readonly ParkedWork[]> {
    return this.#ofStream.all(stream);
  }

  async unpark(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#commits.submit({
      apply: () => {
        for (const id of ids) this.#unpark.run(id);
      },
    });
  }

  async countParked(): Promise<number> {
    return this.#count.get() ?? 0;
  }
}
