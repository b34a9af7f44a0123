import type { Database, Statement } from 'better-sqlite3';
import { START, type Position, numberOf } from '@seatbook/kernel';
import {
  CheckpointMoved,
  readCursor,
  writeCursor,
  type CheckpointMove,
  type CheckpointPlace,
  type Page,
  type ParkedQuery,
  type ParkedWork,
  type Progress,
} from '@seatbook/runtime';
import type { GroupCommit } from './group-commit.js';
import { asStoreFailure } from './store-failure.js';

/** A row of the table: `index` is a word of SQL. */
type Row = Omit<ParkedWork, 'index'> & { readonly place: number };
type Values = [string, string, string, string, string, string | null, number, number, number, number];
type Place = [source: number, place: number, id: string];

const COLUMNS = 'id, kind, stream, name, payload, reason, attempts, source, place, parkedAt';
const FIRST: Place = [-1, 0, ''];

/** Durable state of the runners in events.db, written through the queue of the log and as durable as it. */
export class SqliteProgress implements Progress {
  readonly #file: string;
  readonly #commits: GroupCommit;
  readonly #checkpoint: Statement<[string], CheckpointPlace>;
  readonly #setCheckpoint: Statement<[string, number, number]>;
  readonly #park: Statement<Values>;
  readonly #all: Statement<[...Place, string | null, number], Row>;
  readonly #ofStream: Statement<[string, ...Place, string | null, number], Row>;
  readonly #isParked: Statement<[string, string], number>;
  readonly #requestRetry: Statement<[string]>;
  readonly #toRetry: Statement<[number], Row>;
  readonly #unpark: Statement<[string]>;
  readonly #count: Statement<[], number>;

  constructor(database: Database, commits: GroupCommit) {
    this.#file = database.name;
    this.#commits = commits;
    this.#checkpoint = database.prepare('SELECT position, epoch FROM checkpoints WHERE name = ?');
    this.#setCheckpoint = database.prepare(
      'REPLACE INTO checkpoints (name, position, epoch) VALUES (?, ?, ?)',
    );
    this.#park = database.prepare(
      `INSERT INTO parked (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, attempts = excluded.attempts, retryWanted = 0
       WHERE excluded.reason IS NOT NULL`,
    );
    const after =
      '(source, place, id) > (?, ?, ?) AND kind = ifnull(?, kind) ORDER BY source, place, id LIMIT ?';
    this.#all = database.prepare(`SELECT ${COLUMNS} FROM parked WHERE ${after}`);
    this.#ofStream = database.prepare(`SELECT ${COLUMNS} FROM parked WHERE stream = ? AND ${after}`);
    this.#isParked = database
      .prepare<[string, string], number>('SELECT 1 FROM parked WHERE stream = ? AND kind = ? LIMIT 1')
      .pluck();
    this.#requestRetry = database.prepare('UPDATE parked SET retryWanted = 1 WHERE id = ?');
    this.#toRetry = database.prepare(
      `SELECT ${COLUMNS} FROM parked WHERE retryWanted = 1 ORDER BY source, place, id LIMIT ?`,
    );
    this.#unpark = database.prepare('DELETE FROM parked WHERE id = ?');
    this.#count = database.prepare<[], number>('SELECT count(*) FROM parked').pluck();
  }

  takeOver(name: string, epoch: number): Promise<Position> {
    return this.#commits.submit({
      check: () => {
        const { position, epoch: actual } = this.#placeOf(name);
        if (actual > epoch) throw new CheckpointMoved(name, { position, epoch }, { position, epoch: actual });
      },
      apply: () => {
        const { position } = this.#placeOf(name);
        this.#setCheckpoint.run(name, numberOf(position), epoch);
        return position;
      },
    });
  }

  async checkpoint(name: string): Promise<Position> {
    return this.#guarded(() => this.#placeOf(name).position);
  }

  async saveCheckpoint(name: string, { from, to, epoch }: CheckpointMove): Promise<void> {
    await this.#commits.submit({
      check: () => {
        const actual = this.#placeOf(name);
        const expected = { position: from, epoch };
        if (actual.position !== from || actual.epoch !== epoch)
          throw new CheckpointMoved(name, expected, actual);
      },
      apply: () => this.#setCheckpoint.run(name, numberOf(to), epoch),
    });
  }

  async park(work: readonly ParkedWork[]): Promise<void> {
    if (work.length === 0) return;
    await this.#commits.submit({
      apply: () => {
        for (const { id, kind, stream, name, payload, reason, attempts, source, index, parkedAt } of work) {
          this.#park.run(
            id,
            kind,
            stream,
            name,
            payload,
            reason,
            attempts,
            numberOf(source),
            index,
            parkedAt,
          );
        }
      },
    });
  }

  async parked({ kind, stream, limit, cursor }: ParkedQuery): Promise<Page<ParkedWork>> {
    const identity = JSON.stringify(['parked', kind ?? null, stream ?? null]);
    const after = cursor === undefined ? FIRST : placeOf(identity, cursor);
    return this.#guarded(() => {
      // One more than asked for tells whether there is a next page.
      const rows =
        stream === undefined
          ? this.#all.all(...after, kind ?? null, limit + 1)
          : this.#ofStream.all(stream, ...after, kind ?? null, limit + 1);
      const last = rows[limit - 1];
      const next = rows.length > limit && last;
      return {
        rows: rows.slice(0, limit).map(workOf),
        next: next
          ? writeCursor(identity, { values: [numberOf(next.source), next.place], key: next.id })
          : null,
      };
    });
  }

  async parkedStreams(kind: ParkedWork['kind'], streams: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#guarded(() => {
      return new Set(streams.filter((stream) => this.#isParked.get(stream, kind) !== undefined));
    });
  }

  async requestRetry(id: string): Promise<boolean> {
    const changes = await this.#commits.submit({ apply: () => this.#requestRetry.run(id).changes });
    return changes > 0;
  }

  async retryRequests(limit: number): Promise<readonly ParkedWork[]> {
    return this.#guarded(() => this.#toRetry.all(limit).map(workOf));
  }

  async unpark(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    return this.#commits.submit({
      apply: () => ids.reduce((deleted, id) => deleted + this.#unpark.run(id).changes, 0),
    });
  }

  async countParked(): Promise<number> {
    return this.#guarded(() => this.#count.get() ?? 0);
  }

  #placeOf(name: string): CheckpointPlace {
    return this.#checkpoint.get(name) ?? { position: START, epoch: 0 };
  }

  #guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw asStoreFailure(this.#file, error);
    }
  }
}

const workOf = ({ place, ...row }: Row): ParkedWork => ({ ...row, index: place });

/** @throws InvalidCursor */
function placeOf(identity: string, cursor: string): Place {
  const { values, key } = readCursor(identity, 2, cursor);
  return [Number(values[0]), Number(values[1]), key];
}
