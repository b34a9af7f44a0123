import type { Document, ModelRef, Position } from '@seatbook/kernel';
import type { CheckpointMove, IndexQuery, Page, Placed, ReadStore, Sieve, Snapshot } from '@seatbook/runtime';
import type { SqliteReadStore } from './read-store.js';

/** Read models with a file of their own: another thread may write it at the same time. */
export interface ModelsApart {
  /** Its name in the data folder. */
  readonly file: string;
  /** Names of the models. */
  readonly models: readonly string[];
}

/** The read models of a folder as one store, wherever each is kept. Snapshots are beside the models of no other file. */
export class PartedReadStore implements ReadStore {
  readonly #main: SqliteReadStore;
  readonly #apart: ReadonlyMap<string, SqliteReadStore>;

  /** @param apart the stores of those models, by name, that are not in the main one */
  constructor(main: SqliteReadStore, apart: ReadonlyMap<string, SqliteReadStore>) {
    this.#main = main;
    this.#apart = apart;
  }

  async prepare(models: readonly ModelRef[]): Promise<void> {
    for (const [store, some] of this.#byStore(models)) await store.prepare(some);
  }

  takeOver(model: ModelRef, epoch: number): Promise<Position> {
    return this.#of(model).takeOver(model, epoch);
  }

  checkpoint(model: ModelRef): Promise<Position> {
    return this.#of(model).checkpoint(model);
  }

  async checkpoints(models: readonly ModelRef[]): Promise<readonly Position[]> {
    const found = new Map<ModelRef, Position>();
    for (const [store, some] of this.#byStore(models)) {
      const positions = await store.checkpoints(some);
      some.forEach((model, index) => found.set(model, positions[index] as Position));
    }
    return models.map((model) => found.get(model) as Position);
  }

  get<D extends Document>(model: ModelRef<D>, key: string): Promise<D | null> {
    return this.#of(model).get(model, key);
  }

  getMany<D extends Document>(
    model: ModelRef<D>,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, Placed<D>>> {
    return this.#of(model).getMany(model, keys);
  }

  query<D extends Document>(model: ModelRef<D>, query: IndexQuery, sieve?: Sieve<D>): Promise<Page<D>> {
    return this.#of(model).query(model, query, sieve);
  }

  commit(
    model: ModelRef,
    changes: ReadonlyMap<string, Placed<Document>>,
    move: CheckpointMove,
  ): Promise<void> {
    return this.#of(model).commit(model, changes, move);
  }

  drop(model: ModelRef): Promise<void> {
    return this.#of(model).drop(model);
  }

  loadSnapshot(stream: string): Promise<Snapshot | null> {
    return this.#main.loadSnapshot(stream);
  }

  saveSnapshot(snapshot: Snapshot): Promise<void> {
    return this.#main.saveSnapshot(snapshot);
  }

  #of({ name }: ModelRef): SqliteReadStore {
    return this.#apart.get(name) ?? this.#main;
  }

  #byStore(models: readonly ModelRef[]): ReadonlyMap<SqliteReadStore, readonly ModelRef[]> {
    const byStore = new Map<SqliteReadStore, ModelRef[]>();
    for (const model of models) {
      const store = this.#of(model);
      byStore.set(store, [...(byStore.get(store) ?? []), model]);
    }
    return byStore;
  }
}
