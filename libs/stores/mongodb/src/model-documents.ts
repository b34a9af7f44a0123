import { MongoBulkWriteError, type AnyBulkWriteOperation, type Collection, type WriteError } from 'mongodb';
import type { Document, ModelRef, Position } from '@seatbook/kernel';
import {
  checkedQuery,
  readCursor,
  writeCursor,
  type FieldValue,
  type IndexQuery,
  type Page,
  type Placed,
} from '@seatbook/runtime';
import { scansOf } from './index-scan.js';
import { DELETED_INDEX, indexNameOf } from './model-indexes.js';
import { DUPLICATE_KEY } from './store-failure.js';
import { documentOf, placedOf, storedOf, type StoredDocument } from './stored-document.js';

/** Keys that one query asks for. */
const KEYS_AT_ONCE = 5_000;
/** Deletions that are forgotten at once, so that a commit is not held up by them. */
const FORGOTTEN_AT_ONCE = 1_000;

type Replacement = Extract<AnyBulkWriteOperation<StoredDocument>, { replaceOne: unknown }>;

/** The documents of one read model: a collection of its own for each generation. */
export class ModelDocuments {
  readonly #indexed: readonly string[];

  constructor(
    readonly collection: Collection<StoredDocument>,
    private readonly model: ModelRef,
  ) {
    this.#indexed = [...new Set(model.indexes.flatMap(({ fields }) => fields))];
  }

  async get<D extends Document>(key: string): Promise<D | null> {
    const stored = await this.collection.findOne({ _id: key, _live: true });
    return stored && documentOf<D>(stored);
  }

  async getMany<D extends Document>(keys: readonly string[]): Promise<ReadonlyMap<string, Placed<D>>> {
    const found = new Map<string, Placed<D>>();
    for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
      const part = keys.slice(start, start + KEYS_AT_ONCE);
      const cursor = this.collection.find(
        { _id: { $in: part } },
        { hint: { _id: 1 }, batchSize: KEYS_AT_ONCE },
      );
      for (const stored of await cursor.toArray()) found.set(stored._id, placedOf<D>(stored));
    }
    return found;
  }

  /** @throws InvalidCursor */
  async query<D extends Document>(query: IndexQuery): Promise<Page<D>> {
    const { identity, fields, free } = checkedQuery(this.model, query);
    const { limit, cursor, descending = false } = query;
    const after = cursor === undefined ? null : readCursor(identity, free.length, cursor);
    const hint = indexNameOf({ name: query.index, fields });
    const sort = Object.fromEntries([...free, '_id'].map((field) => [field, descending ? -1 : 1] as const));
    // One row more than asked for tells whether there is a next page.
    const rows: StoredDocument[] = [];
    for (const scan of scansOf(query, [...fields, '_id'], after)) {
      const wanted = limit + 1 - rows.length;
      const found = this.collection.find(
        { ...scan, _live: true },
        // A scan that its index cannot serve is an error, not a slow query.
        { hint, sort, limit: wanted, batchSize: wanted, allowDiskUse: false },
      );
      rows.push(...(await found.toArray()));
      if (rows.length > limit) break;
    }
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      rows: page.flatMap((stored) => documentOf<D>(stored) ?? []),
      next: last
        ? writeCursor(identity, { values: free.map((field) => fieldOf(last, field)), key: last._id })
        : null,
    };
  }

  /**
   * Writes each document unless a later event has touched it already. An insert that meets a document of that key is not
   * yet known to be too late, since another builder may have inserted an older one just now: it is repeated as an update,
   * and only one that then matches nothing is too late.
   */
  async write(changes: ReadonlyMap<string, Placed<Document>>): Promise<void> {
    const writes = [...changes].map(([key, placed]): Replacement => ({
      replaceOne: {
        filter: { _id: key, _position: { $lt: placed.position } },
        replacement: storedOf(placed, this.#indexed),
        upsert: true,
      },
    }));
    if (writes.length === 0) return;
    const met = await this.#upsert(writes);
    if (met.length === 0) return;
    const updates = met.flatMap((index): Replacement[] => {
      const write = writes[index];
      return write ? [{ replaceOne: { ...write.replaceOne, upsert: false } }] : [];
    });
    await this.collection.bulkWrite(updates, { ordered: false });
  }

  /** Those of the writes, by index, that met a document of their key. All other failures are thrown. */
  async #upsert(writes: readonly Replacement[]): Promise<readonly number[]> {
    try {
      await this.collection.bulkWrite([...writes], { ordered: false });
      return [];
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      const failures = [error.writeErrors].flat();
      const onlyMet = failures.length > 0 && failures.every(metDocument);
      if (!onlyMet || error.result.getWriteConcernError()) throw error;
      return failures.map(({ index }) => index);
    }
  }

  /** Forgets some of the deletions up to a position. True when none is left. */
  async forgetDeleted(upTo: Position): Promise<boolean> {
    const deleted = { _deleted: true, _position: { $lte: upTo } } as const;
    const found = await this.collection
      .find(deleted, {
        hint: DELETED_INDEX,
        projection: { _id: 1 },
        limit: FORGOTTEN_AT_ONCE,
        batchSize: FORGOTTEN_AT_ONCE,
      })
      .toArray();
    if (found.length > 0)
      await this.collection.deleteMany({ _id: { $in: found.map(({ _id }) => _id) }, ...deleted });
    return found.length < FORGOTTEN_AT_ONCE;
  }
}

const metDocument = ({ code, errmsg }: WriteError): boolean =>
  code === DUPLICATE_KEY && errmsg?.includes(' index: _id_ ') === true;

const fieldOf = (stored: StoredDocument, field: string): FieldValue =>
  (stored[field] as FieldValue | undefined) ?? null;
