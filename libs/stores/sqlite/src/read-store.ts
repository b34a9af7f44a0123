import { crc32 } from 'node:zlib';
import type { Database, Statement } from 'better-sqlite3';
import { START, type Document, type Position, type ModelRef, numberOf } from '@seatbook/kernel';
import {
  CheckpointMoved,
  StoreUnavailable,
  hasCode,
  type CheckpointMove,
  type CheckpointPlace,
  type IndexQuery,
  type Sieve,
  type Page,
  type Placed,
  type ReadStore,
  type Snapshot,
} from '@seatbook/runtime';
import { GroupCommit } from './group-commit.js';
import { textOfDeclaration, type Declaration } from './model-columns.js';
import { ModelTable } from './model-table.js';
import { SharedTexts } from './shared-texts.js';
import { asStoreFailure, isBusy, isDamage } from './store-failure.js';
import { Transactions } from './transactions.js';
import { CHECKPOINT_PAGES, condemn } from './views-file.js';

/** How long a commit waits for the other thread's write, in milliseconds. */
const BUSY_MS = 5_000;
/** A commit of so many events is one of a builder that is far behind: nobody waits for it. */
const BULK_EVENTS = 5_000;
/** Then pages are copied less often, since many of them are written several times. */
const BULK_CHECKPOINT_PAGES = 16_000;

interface ModelRow extends CheckpointPlace {
  readonly id: number;
  readonly declaration: string;
}

type SnapshotRow = Omit<Snapshot, 'stream' | 'chunks'> & { readonly chunks: number };

/**
 * Documents and snapshots in one file. Any number of threads read; one of them builds, another may save snapshots now
 * and then. Models are usable once prepared on this connection.
 */
export class SqliteReadStore implements ReadStore {
  readonly #database: Database;
  readonly #transactions: Transactions;
  /** Models that are committed in one turn share a transaction: what it costs is most of a small commit. */
  readonly #commits: GroupCommit;
  /** The first damaged page that was met. It does not pass before the stores are opened again. */
  #damage: StoreUnavailable | null = null;
  readonly #texts: SharedTexts;
  readonly #damaged: (reason: string) => void;
  readonly #tables = new Map<string, ModelTable>();
  #checkpointPages = CHECKPOINT_PAGES;
  readonly #model: Statement<[string, number], ModelRow>;
  readonly #places: Statement<[], [name: string, version: number, position: Position]>;
  readonly #addModel: Statement<[string, number, string]>;
  readonly #setDeclaration: Statement<[string, number]>;
  readonly #setPosition: Statement<[number, string, number]>;
  readonly #setEpoch: Statement<[number, number]>;
  readonly #removeModel: Statement<[number]>;
  readonly #snapshot: Statement<[string], SnapshotRow>;
  readonly #chunks: Statement<[string], { chunk: string; checksum: number }>;
  readonly #setSnapshot: Statement<[string, string, number, number, string, number]>;
  readonly #removeChunks: Statement<[string]>;
  readonly #addChunk: Statement<[string, number, string, number]>;

  /** `damaged` is called once, when a page turns out to be damaged. */
  constructor(database: Database, damaged: (reason: string) => void = () => undefined) {
    this.#database = database;
    this.#transactions = new Transactions(database);
    this.#commits = new GroupCommit(database);
    this.#commits.onRollback(() => this.#forget());
    this.#texts = new SharedTexts(database);
    this.#damaged = damaged;
    this.#model = database.prepare(
      'SELECT id, declaration, position, epoch FROM models WHERE name = ? AND version = ?',
    );
    this.#places = database
      .prepare<[], [name: string, version: number, position: Position]>(
        'SELECT name, version, position FROM models',
      )
      .raw();
    this.#addModel = database.prepare(
      'INSERT INTO models (name, version, declaration, position) VALUES (?, ?, ?, 0)',
    );
    this.#setDeclaration = database.prepare('UPDATE models SET declaration = ? WHERE id = ?');
    this.#setPosition = database.prepare('UPDATE models SET position = ? WHERE name = ? AND version = ?');
    this.#setEpoch = database.prepare('UPDATE models SET epoch = ? WHERE id = ?');
    this.#removeModel = database.prepare('DELETE FROM models WHERE id = ?');
    this.#snapshot = database.prepare(
      'SELECT schema, revision, position, eventId, chunks FROM snapshots WHERE stream = ?',
    );
    this.#chunks = database.prepare(
      'SELECT chunk, checksum FROM snapshotChunks WHERE stream = ? ORDER BY number',
    );
    this.#setSnapshot = database.prepare(
      'REPLACE INTO snapshots (stream, schema, revision, position, eventId, chunks) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#removeChunks = database.prepare('DELETE FROM snapshotChunks WHERE stream = ?');
    this.#addChunk = database.prepare(
      'INSERT INTO snapshotChunks (stream, number, chunk, checksum) VALUES (?, ?, ?, ?)',
    );
  }

  async prepare(models: readonly ModelRef[]): Promise<void> {
    this.#guarded(() => {
      for (const model of models) {
        const declaration = textOfDeclaration(model);
        const row = this.#model.get(model.name, model.version);
        // Usually everything exists already; the other thread may be in the middle of a commit.
        const id =
          row?.declaration === declaration ? row.id : this.#write(() => this.#makeRoom(model, declaration));
        this.#tables.set(titleOf(model), this.#tableAt(id, model));
      }
    });
  }

  async takeOver(model: ModelRef, epoch: number): Promise<Position> {
    return this.#guarded(() =>
      this.#write(() => {
        const row = this.#rowOf(model);
        const { position } = row;
        if (row.epoch > epoch) throw new CheckpointMoved(titleOf(model), { position, epoch }, row);
        this.#setEpoch.run(epoch, row.id);
        return position;
      }),
    );
  }

  async checkpoint(model: ModelRef): Promise<Position> {
    return this.#guarded(() => this.#position(model));
  }

  async checkpoints(models: readonly ModelRef[]): Promise<readonly Position[]> {
    // Pages in memory may still answer; whoever asks how far the models are must learn that they cannot be used.
    if (this.#damage) throw this.#damage;
    return this.#guarded(() => {
      const places = new Map(
        this.#places.all().map(([name, version, position]) => [titleOf({ name, version }), position]),
      );
      return models.map((model) => places.get(titleOf(model)) ?? START);
    });
  }

  async get<D extends Document>(model: ModelRef<D>, key: string): Promise<D | null> {
    return this.#guarded(() => this.#table(model).get<D>(key)?.document ?? null);
  }

  async getMany<D extends Document>(
    model: ModelRef<D>,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, Placed<D>>> {
    const get = (): ReadonlyMap<string, Placed<D>> => {
      const table = this.#table(model);
      const found = new Map<string, Placed<D>>();
      for (const key of keys) {
        const placed = table.get<D>(key);
        if (placed) found.set(key, placed);
      }
      return found;
    };
    // One read is of one state without a transaction, which takes longer than the read.
    return this.#guarded(() => (keys.length <= 1 ? get() : this.#read(get)));
  }

  async query<D extends Document>(model: ModelRef<D>, query: IndexQuery, sieve?: Sieve<D>): Promise<Page<D>> {
    const ask = (): Page<D> => this.#table(model).query<D>(query, sieve);
    // Without a cursor it is one read.
    return this.#guarded(() => (query.cursor === undefined ? ask() : this.#read(ask)));
  }

  async commit(
    model: ModelRef,
    changes: ReadonlyMap<string, Placed<Document>>,
    { from, to, epoch }: CheckpointMove,
  ): Promise<void> {
    const events = numberOf(to) - numberOf(from);
    const table = this.#table(model);
    try {
      await this.#commits.submit({
        check: () => {
          const actual = this.#rowOf(model);
          const expected = { position: from, epoch };
          if (actual.position !== from || actual.epoch !== epoch)
            throw new CheckpointMoved(titleOf(model), expected, actual);
        },
        apply: () => {
          this.#checkpointAfter(events >= BULK_EVENTS ? BULK_CHECKPOINT_PAGES : CHECKPOINT_PAGES);
          table.write(changes);
          this.#setPosition.run(numberOf(to), model.name, model.version);
        },
      });
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  /** Resolves when all commits that were asked for have been written or refused; refuses further ones. */
  close(): Promise<void> {
    return this.#commits.close();
  }

  async drop(model: ModelRef): Promise<void> {
    this.#guarded(() =>
      this.#write(() => {
        const row = this.#model.get(model.name, model.version);
        if (!row) return;
        const prepared = this.#tables.get(titleOf(model));
        if (prepared) {
          // The number stays, so that a connection which prepared the model earlier finds the new table.
          prepared.remove();
          prepared.create();
          this.#setPosition.run(0, model.name, model.version);
        } else {
          this.#tableAt(row.id, model).remove();
          this.#removeModel.run(row.id);
        }
      }),
    );
  }

  async loadSnapshot(stream: string): Promise<Snapshot | null> {
    return this.#guarded(() =>
      this.#read(() => {
        const row = this.#snapshot.get(stream);
        if (!row) return null;
        const chunks = this.#chunks.all(stream);
        // Decisions rest on it, so a damaged one is ignored.
        if (chunks.length !== row.chunks || chunks.some(({ chunk, checksum }) => crc32(chunk) !== checksum))
          return null;
        return {
          stream,
          schema: row.schema,
          revision: row.revision,
          position: row.position,
          eventId: row.eventId,
          chunks: chunks.map(({ chunk }) => JSON.parse(chunk) as unknown),
        };
      }),
    );
  }

  /**
   * Never waits: while the other thread writes, the snapshot is left out. It is a cache, the next one comes. Copying
   * pages is left to those who build.
   */
  async saveSnapshot({ stream, schema, revision, position, eventId, chunks }: Snapshot): Promise<void> {
    const texts = chunks.map((chunk) => JSON.stringify(chunk));
    this.#guarded(() => {
      this.#database.pragma('busy_timeout = 0');
      this.#checkpointAfter(0);
      try {
        this.#write(() => {
          this.#setSnapshot.run(stream, schema, revision, numberOf(position), eventId, texts.length);
          this.#removeChunks.run(stream);
          texts.forEach((text, number) => this.#addChunk.run(stream, number, text, crc32(text)));
        });
      } catch (error) {
        if (!isBusy(error)) throw error;
      } finally {
        this.#database.pragma(`busy_timeout = ${BUSY_MS}`);
        this.#checkpointAfter(CHECKPOINT_PAGES);
      }
    });
  }

  /**
   * Forgets everything if a checkpoint or a snapshot lies beyond the end of the log: the log was restored from a backup,
   * and a part of what the views show has not happened. Returns the line for the log of the process, or null.
   */
  resetIfAhead(head: Position): string | null {
    return this.#guarded(() => {
      const reached =
        this.#database.prepare<[], number | null>('SELECT max(position) FROM models').pluck().get() ?? 0;
      if (reached <= numberOf(head)) {
        // A model that is being rebuilt is behind, while a snapshot of lost events may still exist.
        const lost = 'SELECT stream FROM snapshots WHERE position > ?';
        this.#write(() => {
          this.#database.prepare(`DELETE FROM snapshotChunks WHERE stream IN (${lost})`).run(head);
          this.#database.prepare('DELETE FROM snapshots WHERE position > ?').run(head);
        });
        return null;
      }
      this.#write(() => {
        for (const id of this.#database.prepare<[], number>('SELECT id FROM models').pluck().all()) {
          this.#database.exec(`DROP TABLE model_${id}`);
        }
        this.#database.exec(
          'DELETE FROM models; DELETE FROM snapshots; DELETE FROM snapshotChunks; DELETE FROM texts',
        );
      });
      this.#tables.clear();
      this.#texts.forget();
      return `the views had reached position ${reached} and the log ends at ${head} (restored from a backup?): dropped them, they are rebuilt from the log`;
    });
  }

  #position(model: ModelRef): Position {
    return this.#model.get(model.name, model.version)?.position ?? START;
  }

  #rowOf(model: ModelRef): ModelRow {
    const row = this.#model.get(model.name, model.version);
    if (!row) throw notPrepared(model);
    return row;
  }

  #table(model: ModelRef): ModelTable {
    const table = this.#tables.get(titleOf(model));
    if (!table) throw notPrepared(model);
    return table;
  }

  #tableAt(id: number, model: ModelRef): ModelTable {
    return new ModelTable(this.#database, this.#texts, id, model);
  }

  /** Number of the model's table, which is as declared afterwards. */
  #makeRoom(model: ModelRef, declaration: string): number {
    const row = this.#model.get(model.name, model.version);
    if (!row) {
      const id = Number(this.#addModel.run(model.name, model.version, declaration).lastInsertRowid);
      this.#tableAt(id, model).create();
      return id;
    }
    // Another thread may have been faster.
    if (row.declaration !== declaration) {
      this.#tableAt(row.id, model).recreate(JSON.parse(row.declaration) as Declaration);
      this.#setDeclaration.run(declaration, row.id);
    }
    return row.id;
  }

  /** After how many pages the next commit copies them; 0 for not at all. */
  #checkpointAfter(pages: number): void {
    if (pages === this.#checkpointPages) return;
    this.#database.pragma(`wal_autocheckpoint = ${pages}`);
    this.#checkpointPages = pages;
  }

  #read<T>(read: () => T): T {
    return this.#transactions.read(read);
  }

  #write<T>(write: () => T): T {
    try {
      return this.#transactions.write(write);
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /** What is remembered may be of a transaction that was undone. */
  #forget(): void {
    this.#texts.forget();
    for (const table of this.#tables.values()) table.forget();
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  #failureOf(error: unknown): unknown {
    const failure = asStoreFailure(this.#database.name, error);
    return hasCode(failure, 'STORE_UNAVAILABLE') && isDamage(failure.reason)
      ? this.#condemned(failure)
      : failure;
  }

  #condemned({ message, reason }: StoreUnavailable): StoreUnavailable {
    if (this.#damage) return this.#damage;
    const damage = `${message}; the views are rebuilt from the log when they are opened again`;
    this.#damage = new StoreUnavailable(damage, reason);
    condemn(this.#database.name, message);
    this.#damaged(message);
    return this.#damage;
  }
}

const titleOf = ({ name, version }: Pick<ModelRef, 'name' | 'version'>): string => `${name}@${version}`;

const notPrepared = (model: ModelRef): Error => new Error(`the read model ${titleOf(model)} is not prepared`);
