import type { AnyBulkWriteOperation, Collection, WriteError } from 'mongodb';
import { chunksOf, type Document, type ModelRef, type Position } from '@seatbook/kernel';
import {
  checkedQuery,
  readCursor,
  writeCursor,
  type FieldValue,
  type IndexQuery,
  type Page,
  type Placed,
  type Sieve,
} from '@seatbook/runtime';
import { scansOf } from './index-scan.js';
import { DELETED_INDEX, indexNameOf } from './model-indexes.js';
import { DUPLICATE_KEY, expectedFailures } from './store-failure.js';
import { documentOf, placedOf, storedOf, type StoredDocument } from './stored-document.js';

/** Keys that one query asks for. */
const KEYS_AT_ONCE = 5_000;
/** Rows of one answer of the server. */
const ROWS_AT_ONCE = 1_001;
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
    for (const part of chunksOf(keys, KEYS_AT_ONCE)) {
      const cursor = this.collection.find(
        { _id: { $in: part } },
        { hint: { _id: 1 }, batchSize: KEYS_AT_ONCE },
      );
      for (const stored of await cursor.toArray()) found.set(stored._id, placedOf<D>(stored));
    }
    return found;
  }

  /** @throws InvalidCursor */
  async query<D extends Document>(query: IndexQuery, sieve?: Sieve<D>): Promise<Page<D>> {
    const { identity, fields, free } = checkedQuery(this.model, query);
    const { limit, cursor, descending = false } = query;
    const after = cursor === undefined ? null : readCursor(identity, free.length, cursor);
    const hint = indexNameOf({ name: query.index, fields });
    const sort = Object.fromEntries([...free, '_id'].map((field) => [field, descending ? -1 : 1] as const));
    const lookAt = sieve?.lookAt ?? limit;
    const rows: D[] = [];
    let looked = 0;
    let last: StoredDocument | undefined;
    for (const scan of scansOf(query, [...fields, '_id'], after)) {
      // One row more than may be looked at tells whether there is a next page.
      const wanted = lookAt + 1 - looked;
      const found = this.collection.find(
        { ...scan, _live: true },
        // A scan that its index cannot serve is an error, not a slow query.
        { hint, sort, limit: wanted, batchSize: Math.min(wanted, ROWS_AT_ONCE), allowDiskUse: false },
      );
      for await (const stored of found) {
        if (last && (looked === lookAt || rows.length === limit)) {
          const { _id: key } = last;
          const values = free.map((field) => fieldOf(last, field));
          return { rows, next: writeCursor(identity, { values, key }) };
        }
        last = stored;
        looked += 1;
        const document = documentOf<D>(stored);
        if (document && (!sieve || sieve.keeps(document))) rows.push(document);
      }
    }
    return { rows, next: null };
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
      return expectedFailures(error, metDocument).map(({ index }) => index);
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

const fieldOf = (stored: StoredDocument | undefined, field: string): FieldValue =>
  (stored?.[field] as FieldValue | undefined) ?? null;
