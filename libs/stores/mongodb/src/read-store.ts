import type { Db } from 'mongodb';
import {
  START,
  type Clock,
  type Document,
  type Milliseconds,
  type ModelRef,
  type Position,
} from '@seatbook/kernel';
import type { CheckpointMove, IndexQuery, Page, Placed, ReadStore, Sieve, Snapshot } from '@seatbook/runtime';
import { Checkpoints, type CheckpointDocument, type Mark } from './checkpoints.js';
import { ModelDocuments } from './model-documents.js';
import { prepareIndexes } from './model-indexes.js';
import { OldVersions } from './old-versions.js';
import { Snapshots } from './snapshots.js';
import { asked } from './store-failure.js';
import type { StoredDocument } from './stored-document.js';

/** Deletions are kept as long as a builder may still be about that read before them. */
const KEEP_DELETED_MS: Milliseconds = 24 * 3_600_000;

interface Prepared {
  readonly model: ModelRef;
  readonly generation: number;
  readonly documents: ModelDocuments;
}

export interface MongoReadStoreOptions {
  readonly database: Db;
  readonly clock: Clock;
  /** Told what an operator should know, a line each. */
  readonly notice: (line: string) => void;
}

/**
 * Documents and snapshots in MongoDB, without transactions: documents are written first, each unless it is further
 * already, then the checkpoint is moved if it is still where it was. A builder whose checkpoint was taken over may still
 * write documents; they are what its successor writes too.
 */
export class MongoReadStore implements ReadStore {
  readonly #database: Db;
  readonly #clock: Clock;
  readonly #notice: (line: string) => void;
  readonly #checkpoints: Checkpoints;
  readonly #snapshots: Snapshots;
  readonly #oldVersions: OldVersions;
  readonly #models = new Map<string, Prepared>();
  readonly #marks = new Map<string, Mark>();

  constructor({ database, clock, notice }: MongoReadStoreOptions) {
    this.#database = database;
    this.#clock = clock;
    this.#notice = notice;
    this.#checkpoints = new Checkpoints(database.collection('modelCheckpoints'));
    this.#snapshots = new Snapshots(database);
    const checkpoints = this.#checkpoints;
    this.#oldVersions = new OldVersions({
      database,
      checkpoints,
      clock,
      notice,
      drop: (model) => this.drop(model),
    });
  }

  async prepare(models: readonly ModelRef[]): Promise<void> {
    await asked(async () => {
      await Promise.all(models.map((model) => this.#prepare(model)));
      await this.#oldVersions.review([...this.#models.values()].map(({ model }) => model));
    });
  }

  async takeOver(model: ModelRef, epoch: number): Promise<Position> {
    this.#prepared(model);
    return asked(async () => {
      const taken = await this.#checkpoints.takeOver(titleOf(model), epoch);
      this.#follow(model, taken);
      if (taken.mark) this.#marks.set(taken._id, taken.mark);
      else this.#marks.delete(taken._id);
      return taken.position;
    });
  }

  async checkpoint(model: ModelRef): Promise<Position> {
    const [position = START] = await this.checkpoints([model]);
    return position;
  }

  async checkpoints(models: readonly ModelRef[]): Promise<readonly Position[]> {
    if (models.length === 0) return [];
    return asked(async () => {
      const titles = models.map(titleOf);
      const found = await this.#checkpoints.collection.find({ _id: { $in: titles } }).toArray();
      const places = new Map(found.map((place) => [place._id, place]));
      return models.map((model) => {
        const place = places.get(titleOf(model));
        if (place) this.#follow(model, place);
        return place?.position ?? START;
      });
    });
  }

  get<D extends Document>(model: ModelRef<D>, key: string): Promise<D | null> {
    return asked(async () => this.#prepared(model).documents.get<D>(key));
  }

  getMany<D extends Document>(
    model: ModelRef<D>,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, Placed<D>>> {
    return asked(async () => this.#prepared(model).documents.getMany<D>(keys));
  }

  query<D extends Document>(model: ModelRef<D>, query: IndexQuery, sieve?: Sieve<D>): Promise<Page<D>> {
    return asked(async () => this.#prepared(model).documents.query<D>(query, sieve));
  }

  async commit(
    model: ModelRef,
    changes: ReadonlyMap<string, Placed<Document>>,
    move: CheckpointMove,
  ): Promise<void> {
    await asked(async () => {
      const { documents, generation } = this.#prepared(model);
      const mark = await this.#forgetDeleted(model, documents, move.to);
      await documents.write(changes);
      const where = { generation: generation === 0 ? { $exists: false } : generation };
      await this.#checkpoints.move(titleOf(model), move, { where, mark });
      if (mark) this.#marks.set(titleOf(model), mark);
    });
  }

  /**
   * The documents go into a new collection from here on: what a builder that does not know it yet writes goes into the
   * old one, which is removed when the model is prepared the next time.
   */
  async drop(model: ModelRef): Promise<void> {
    await asked(async () => {
      const known = await this.#checkpoints.find(titleOf(model));
      if (!known) return;
      const generation = (known.generation ?? 0) + 1;
      const isPrepared = this.#models.has(titleOf(model));
      if (isPrepared) await prepareIndexes(this.#collectionOf(model, generation), model);
      const dropped = await this.#checkpoints.collection.findOneAndUpdate(
        { _id: known._id, generation: known.generation ?? { $exists: false } },
        { $set: { generation, position: START }, $unset: { mark: '' } },
        { returnDocument: 'after' },
      );
      if (!dropped) return;
      if (isPrepared) this.#follow(model, dropped);
      else await this.#removeBefore(model, generation);
    });
  }

  loadSnapshot(stream: string): Promise<Snapshot | null> {
    return asked(() => this.#snapshots.load(stream));
  }

  saveSnapshot(snapshot: Snapshot): Promise<void> {
    return asked(() => this.#snapshots.save(snapshot));
  }

  async #prepare(model: ModelRef): Promise<void> {
    const generation = (await this.#checkpoints.find(titleOf(model)))?.generation ?? 0;
    const collection = this.#collectionOf(model, generation);
    const obsolete = await prepareIndexes(collection, model);
    for (const name of obsolete)
      this.#notice(
        `no read model asks for the index "${name}" of ${collection.collectionName}: it may be dropped`,
      );
    if (generation > 0) await this.#removeBefore(model, generation);
    const documents = new ModelDocuments(collection, model);
    this.#models.set(titleOf(model), { model, generation, documents });
  }

  /** What a checkpoint tells of the generation of its documents. */
  #follow(model: ModelRef, { _id, generation = 0 }: CheckpointDocument): void {
    const known = this.#models.get(_id);
    if (!known || known.generation === generation) return;
    const documents = new ModelDocuments(this.#collectionOf(model, generation), model);
    this.#models.set(_id, { model, generation, documents });
  }

  async #removeBefore(model: ModelRef, generation: number): Promise<void> {
    const names = Array.from({ length: generation }, (_, before) => collectionName(model, before));
    const found = await this.#database
      .listCollections({ name: { $in: names } }, { nameOnly: true })
      .toArray();
    for (const { name } of found) await this.#database.dropCollection(name);
  }

  /** Forgets deletions that are older than any builder. Answers the new mark, where it is time for one. */
  async #forgetDeleted(model: ModelRef, documents: ModelDocuments, to: Position): Promise<Mark | undefined> {
    const now = this.#clock.now();
    const mark = this.#marks.get(titleOf(model));
    // A clock that was ahead for a while puts nothing off for longer than a day.
    if (!mark || mark.at > now) return { position: to, at: now };
    if (now - mark.at < KEEP_DELETED_MS) return undefined;
    return (await documents.forgetDeleted(mark.position)) ? { position: to, at: now } : undefined;
  }

  #collectionOf(model: ModelRef, generation: number) {
    return this.#database.collection<StoredDocument>(collectionName(model, generation));
  }

  #prepared(model: ModelRef): Prepared {
    const prepared = this.#models.get(titleOf(model));
    if (!prepared) throw new Error(`the read model ${titleOf(model)} is not prepared`);
    return prepared;
  }
}

const titleOf = ({ name, version }: ModelRef): string => `${name}@${version}`;

/** The collection of a model's documents. */
export const collectionName = (model: ModelRef, generation = 0): string =>
  generation === 0 ? titleOf(model) : `${titleOf(model)}.${generation}`;
