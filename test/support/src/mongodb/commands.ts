import { Aggregator, Query } from 'mingo';
import {
  Collection,
  CommandFailure,
  type BeforeInsert,
  type Index,
  type UpdateStatement,
} from './collection.js';
import { int64, type Fields } from './wire.js';

/** Rows of an answer, unless a command asks for another number. */
const FIRST_BATCH = 101;

type Run = (database: string, command: Fields) => Fields;

/** The data of a server and what its commands do with them. Each command is done before the next one begins. */
export class Databases {
  readonly #collections = new Map<string, Collection>();
  readonly #cursors = new Map<number, { readonly namespace: string; rest: readonly Fields[] }>();
  #lastCursor = 0;

  constructor(private readonly beforeInsert: BeforeInsert) {}

  /** @throws CommandFailure */
  run(database: string, command: Fields): Fields {
    const [name = ''] = Object.keys(command);
    const run = this.#commands[name];
    if (!run) throw new CommandFailure(59, 'CommandNotFound', `no such command: '${name}'`);
    if ('txnNumber' in command || 'startTransaction' in command)
      throw new CommandFailure(20, 'IllegalOperation', 'neither transactions nor retryable writes here');
    return run(database, command);
  }

  readonly #commands: Readonly<Record<string, Run>> = {
    ping: () => ({}),
    endSessions: () => ({}),
    insert: (database, { insert, documents, ordered }) =>
      this.#writes(documents, ordered, (document) => {
        this.#collection(database, insert).insert(document);
        return { n: 1 };
      }),
    update: (database, { update, updates, ordered }) =>
      this.#writes(updates, ordered, (statement) => {
        const { matched, upsertedId } = this.#collection(database, update).update(
          statement as unknown as UpdateStatement,
        );
        return upsertedId === undefined ? { n: matched, changed: matched } : { n: 1, upsertedId };
      }),
    delete: (database, { delete: name, deletes, ordered }) =>
      this.#writes(deletes, ordered, ({ q, limit }) => ({
        n: this.#known(database, name)?.delete(q as Fields, limit as number) ?? 0,
      })),
    findAndModify: (database, command) => this.#findAndModify(database, command),
    find: (database, command) => this.#find(database, command),
    getMore: (database, { getMore, batchSize, collection }) => {
      const cursor = this.#cursors.get(Number(getMore));
      if (!cursor) throw new CommandFailure(43, 'CursorNotFound', `cursor id ${String(getMore)} not found`);
      this.#cursors.delete(Number(getMore));
      const size = (batchSize as number | undefined) ?? Infinity;
      return this.#batch(`${database}.${String(collection)}`, cursor.rest, size, 'nextBatch');
    },
    killCursors: (_database, { cursors }) => {
      for (const cursor of cursors as unknown[]) this.#cursors.delete(Number(cursor));
      return { cursorsKilled: cursors };
    },
    aggregate: (database, { aggregate, pipeline }) => {
      const rows = this.#known(database, aggregate)?.find({}) ?? [];
      const answer = new Aggregator(pipeline as Fields[]).run<Fields>([...rows]);
      return this.#batch(`${database}.${String(aggregate)}`, answer, Infinity);
    },
    distinct: (database, { distinct, key, query }) => {
      const rows = this.#known(database, distinct)?.find((query as Fields | undefined) ?? {}) ?? [];
      return { values: [...new Set(rows.map((row) => row[key as string]))] };
    },
    createIndexes: (database, { createIndexes, indexes }) => {
      const collection = this.#collection(database, createIndexes);
      for (const index of indexes as Index[]) collection.createIndex(index);
      return {};
    },
    listIndexes: (database, { listIndexes }) => {
      const indexes = [...this.#existing(database, listIndexes).indexes.values()];
      const shown = indexes.map((index) => ({ v: 2, ...index }));
      return this.#batch(`${database}.${String(listIndexes)}`, shown, Infinity);
    },
    dropIndexes: (database, { dropIndexes, index }) => {
      this.#existing(database, dropIndexes).indexes.delete(String(index));
      return {};
    },
    listCollections: (database, { filter }) => {
      const query = new Query((filter as Fields | undefined) ?? {});
      const names = [...this.#collections.keys()].filter((name) => name.startsWith(`${database}.`));
      const shown = names.map((name) => ({ name: name.slice(database.length + 1), type: 'collection' }));
      const found = shown.filter((collection) => query.test(collection));
      return this.#batch(`${database}.$cmd.listCollections`, found, Infinity);
    },
    drop: (database, { drop }) => {
      const { namespace } = this.#existing(database, drop);
      this.#collections.delete(namespace);
      return {};
    },
  };

  #find(database: string, command: Fields): Fields {
    const { find, filter = {}, sort = {}, hint, limit = 0, batchSize, projection } = command;
    const collection = this.#known(database, find);
    const rows = collection?.inOrder(filter as Fields, sort as Fields, hint) ?? [];
    const wanted = limit === 0 ? rows : rows.slice(0, limit as number);
    const shown = wanted.map((row) => projected(row, projection as Fields | undefined));
    return this.#batch(
      `${database}.${String(find)}`,
      shown,
      (batchSize as number | undefined) ?? FIRST_BATCH,
    );
  }

  #findAndModify(database: string, command: Fields): Fields {
    const { findAndModify, query, update, upsert, new: after } = command;
    const statement = { q: query, u: update, upsert } as unknown as UpdateStatement;
    const done = this.#collection(database, findAndModify).update(statement);
    const updatedExisting = done.matched > 0;
    return {
      value: after === true ? done.after : done.before,
      lastErrorObject: { n: done.matched, updatedExisting },
    };
  }

  /** Runs statements one by one; those that fail are told of, and end the command if it is ordered. */
  #writes(statements: unknown, ordered: unknown, write: (statement: Fields) => Fields): Fields {
    let n = 0;
    let nModified = 0;
    const upserted: Fields[] = [];
    const writeErrors: Fields[] = [];
    for (const [index, statement] of (statements as Fields[]).entries()) {
      try {
        const done = write(statement);
        n += done['n'] as number;
        nModified += (done['changed'] as number | undefined) ?? 0;
        if (done['upsertedId'] !== undefined) upserted.push({ index, _id: done['upsertedId'] });
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        writeErrors.push({ index, code: error.code, errmsg: error.message, ...error.more });
        if (ordered !== false) break;
      }
    }
    return {
      n,
      nModified,
      ...(upserted.length > 0 && { upserted }),
      ...(writeErrors.length > 0 && { writeErrors }),
    };
  }

  #batch(ns: string, rows: readonly Fields[], size: number, field = 'firstBatch'): Fields {
    const rest = rows.slice(size);
    if (rest.length === 0) return { cursor: { id: int64(0), ns, [field]: rows } };
    this.#lastCursor += 1;
    this.#cursors.set(this.#lastCursor, { namespace: ns, rest });
    return { cursor: { id: int64(this.#lastCursor), ns, [field]: rows.slice(0, size) } };
  }

  #known(database: string, name: unknown): Collection | undefined {
    return this.#collections.get(`${database}.${String(name)}`);
  }

  #existing(database: string, name: unknown): Collection {
    const known = this.#known(database, name);
    if (known) return known;
    throw new CommandFailure(26, 'NamespaceNotFound', `ns does not exist: ${database}.${String(name)}`);
  }

  #collection(database: string, name: unknown): Collection {
    const namespace = `${database}.${String(name)}`;
    const known = this.#collections.get(namespace);
    if (known) return known;
    const made = new Collection(namespace, this.beforeInsert);
    this.#collections.set(namespace, made);
    return made;
  }
}

/** Only fields that are asked for, and the key unless it is not wanted. */
function projected(row: Fields, projection: Fields | undefined): Fields {
  if (!projection || Object.keys(projection).length === 0) return row;
  const { _id = 1, ...fields } = projection;
  const names = [...(_id === 0 ? [] : ['_id']), ...Object.keys(fields)];
  return Object.fromEntries(names.filter((name) => name in row).map((name) => [name, row[name]]));
}
