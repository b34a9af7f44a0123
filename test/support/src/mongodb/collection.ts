import { update } from 'mingo';
import { Context } from 'mingo/core';
import * as operators from 'mingo/operators/query';
import { Query } from 'mingo/query';
import { compareBson } from './bson-order.js';
import type { Fields } from './wire.js';

/** An index as `listIndexes` shows it. */
export interface Index {
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: boolean;
  readonly partialFilterExpression?: Fields;
}

/** What a command answers instead of a result. */
export class CommandFailure extends Error {
  constructor(
    readonly code: number,
    readonly codeName: string,
    message: string,
    readonly more: Fields = {},
  ) {
    super(message);
  }
}

/** Each query of mingo copies all operators that it may use: these are the ones of filters. */
const FILTERS = { context: Context.init({ query: { ...operators } }) };

export interface UpdateStatement {
  readonly q: Fields;
  readonly u: Fields;
  readonly multi?: boolean;
  readonly upsert?: boolean;
}

export interface Updated {
  readonly matched: number;
  readonly before: Fields | null;
  readonly after: Fields | null;
  readonly upsertedId?: unknown;
}

/** Called when an upsert has found nothing and is about to insert: what happens here is what a race can do. */
export type BeforeInsert = (namespace: string, document: Fields) => void;

/** A collection with its indexes. Filters and updates are mingo's; keys, order and uniqueness are made here. */
export class Collection {
  readonly #documents = new Map<string, Fields>();
  /** By unique index: which document has these values. */
  readonly #unique = new Map<string, Map<string, string>>();
  readonly indexes = new Map<string, Index>([['_id_', { name: '_id_', key: { _id: 1 } }]]);

  constructor(
    readonly namespace: string,
    private readonly beforeInsert: BeforeInsert,
  ) {}

  find(filter: Fields): readonly Fields[] {
    const candidates = this.#candidates(filter);
    if (candidates.length === 0) return [];
    const glances = glancesOf(filter);
    const rest = Object.entries(filter).filter(([field]) => !glances.has(field));
    // A query of mingo costs more than most of what is done with it.
    let whole: Query | null = null;
    const others = rest.length === 0 ? null : new Query(Object.fromEntries(rest), FILTERS);
    return candidates.filter((document) => {
      for (const [field, values] of glances) {
        const value = document[field];
        if (!isPlainValue(value)) return (whole ??= new Query(filter, FILTERS)).test(document);
        if (!values.has(value)) return false;
      }
      return others?.test(document) ?? true;
    });
  }

  insert(document: Fields): void {
    this.#checkUnique(document, null);
    this.#set(document['_id'], undefined, document);
  }

  update({ q, u, multi = false, upsert = false }: UpdateStatement): Updated {
    const found = this.find(q);
    const chosen = multi ? found : found.slice(0, 1);
    for (const before of chosen) {
      const after = changed(before, u);
      this.#checkUnique(after, before);
      this.#set(before['_id'], before, after);
      if (!multi) return { matched: 1, before, after };
    }
    if (chosen.length > 0 || !upsert) return { matched: chosen.length, before: null, after: null };
    const after = newDocument(q, u);
    this.beforeInsert(this.namespace, after);
    this.insert(after);
    return { matched: 0, before: null, after, upsertedId: after['_id'] };
  }

  delete(filter: Fields, limit: number): number {
    const found = this.find(filter);
    const chosen = limit === 0 ? found : found.slice(0, limit);
    for (const document of chosen) this.#set(document['_id'], document, null);
    return chosen.length;
  }

  /** @throws CommandFailure where one of that name, or of that key, is another one */
  createIndex(index: Index): void {
    for (const known of this.indexes.values()) {
      const alike = JSON.stringify(known.key) === JSON.stringify(index.key);
      const same = JSON.stringify(definitionOf(known)) === JSON.stringify(definitionOf(index));
      if (known.name === index.name && same) return;
      if (known.name === index.name)
        throw new CommandFailure(
          86,
          'IndexKeySpecsConflict',
          `an index ${index.name} with other keys exists`,
        );
      if (alike && same)
        throw new CommandFailure(85, 'IndexOptionsConflict', `the index exists with the name ${known.name}`);
    }
    this.indexes.set(index.name, index);
    for (const document of [...this.#documents.values()]) {
      this.#checkUnique(document, document);
      this.#set(document['_id'], undefined, document);
    }
  }

  /** Rows in the order of a sort that an index serves. @throws CommandFailure for a hint or a sort that none serves */
  inOrder(filter: Fields, sort: Fields, hint: unknown): readonly Fields[] {
    const index = this.#hinted(filter, hint);
    const order = Object.entries(sort);
    if (order.length > 0 && !serves(index, filter, order))
      throw new CommandFailure(
        292,
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `${this.namespace}: ${JSON.stringify(sort)} of ${JSON.stringify(filter)} would be sorted in memory; the index is ${JSON.stringify(index.key)}`,
      );
    return [...this.find(filter)].sort((one, other) => {
      for (const [field, direction] of order) {
        const compared = compareBson(one[field], other[field]);
        if (compared !== 0) return direction === -1 ? -compared : compared;
      }
      return 0;
    });
  }

  #hinted(filter: Fields, hint: unknown): Index {
    if (hint === undefined || this.#documents.size === 0)
      return { name: '_id_', key: { _id: 1 }, ...this.#byHint(hint) };
    const index = this.#byHint(hint);
    const covers = Object.entries(index?.partialFilterExpression ?? {}).every(
      ([field, value]) => filter[field] === value,
    );
    if (index && covers) return index;
    throw new CommandFailure(
      2,
      'BadValue',
      'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
    );
  }

  #byHint(hint: unknown): Index | undefined {
    if (typeof hint === 'string') return this.indexes.get(hint);
    return [...this.indexes.values()].find(({ key }) => JSON.stringify(key) === JSON.stringify(hint));
  }

  #candidates(filter: Fields): readonly Fields[] {
    const id = filter['_id'];
    const many = (id as { $in?: readonly unknown[] } | null | undefined)?.$in;
    const ids = typeof id === 'string' ? [id] : many;
    if (!ids) return [...this.#documents.values()];
    const found = [...new Set(ids)].map((one) => this.#documents.get(keyOf(one)));
    return found.filter((document) => document !== undefined);
  }

  #checkUnique(document: Fields, before: Fields | null): void {
    if (before === null && this.#documents.has(keyOf(document['_id'])))
      throw this.#duplicate('_id_', { _id: 1 }, document);
    for (const { name, key, unique } of this.indexes.values()) {
      if (!unique) continue;
      const taken = this.#unique.get(name)?.get(valuesOf(key, document));
      if (taken !== undefined && taken !== keyOf(document['_id'])) throw this.#duplicate(name, key, document);
    }
  }

  #duplicate(index: string, key: Index['key'], document: Fields): CommandFailure {
    const keyValue = Object.fromEntries(Object.keys(key).map((field) => [field, document[field] ?? null]));
    const message = `E11000 duplicate key error collection: ${this.namespace} index: ${index} dup key: ${JSON.stringify(keyValue)}`;
    return new CommandFailure(11_000, 'DuplicateKey', message, { keyPattern: key, keyValue });
  }

  /** Replaces a document by another one of its key, or by none. */
  #set(id: unknown, before: Fields | undefined, after: Fields | null): void {
    for (const { name, key, unique } of this.indexes.values()) {
      if (!unique) continue;
      const taken = this.#unique.get(name) ?? new Map<string, string>();
      this.#unique.set(name, taken);
      if (before) taken.delete(valuesOf(key, before));
      if (after) taken.set(valuesOf(key, after), keyOf(id));
    }
    if (after) this.#documents.set(keyOf(id), after);
    else this.#documents.delete(keyOf(id));
  }
}

/** Fields that have to be one of some plain values: with a thousand of them mingo would take long. */
function glancesOf(filter: Fields): ReadonlyMap<string, ReadonlySet<unknown>> {
  const glances = new Map<string, ReadonlySet<unknown>>();
  for (const [field, condition] of Object.entries(filter)) {
    const values = onlyIn(condition) ?? [condition];
    if (values.every(isPlainValue)) glances.set(field, new Set(values));
  }
  return glances;
}

/** The values of a condition that asks for nothing else. */
function onlyIn(condition: unknown): readonly unknown[] | null {
  if (typeof condition !== 'object' || condition === null || Object.keys(condition).length !== 1) return null;
  return (condition as { $in?: readonly unknown[] }).$in ?? null;
}

const isPlainValue = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

const valuesOf = (key: Index['key'], document: Fields): string =>
  JSON.stringify(Object.keys(key).map((field) => document[field] ?? null));

const keyOf = (id: unknown): string => (typeof id === 'string' ? `text ${id}` : JSON.stringify(id));

const definitionOf = ({ key, unique = false, partialFilterExpression = {} }: Index): unknown => [
  key,
  unique,
  partialFilterExpression,
];

/** Fields that are fixed by a filter are in no order; those behind them are in the index's. */
function serves(index: Index, filter: Fields, sort: readonly (readonly [string, unknown])[]): boolean {
  const left = [...sort];
  for (const [field, direction] of Object.entries(index.key)) {
    const [next] = left;
    if (!next) return true;
    const reversed = sort[0]?.[1] === -1;
    if (next[0] === field && (next[1] === direction) !== reversed) left.shift();
    else if (!isFixed(filter[field], field in filter)) return false;
  }
  return left.length === 0;
}

const isFixed = (condition: unknown, asked: boolean): boolean => asked && !isOperators(condition);

const isOperators = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).some((name) => name.startsWith('$'));

function changed(before: Fields, modifier: Fields): Fields {
  if (!isOperators(modifier)) return { _id: before['_id'], ...modifier };
  const applied = Object.fromEntries(
    Object.entries(modifier as Record<string, Fields>).filter(([name]) => name !== '$setOnInsert'),
  );
  if (changesWholeFields(applied)) return withFieldsChanged(before, applied);
  const after = { ...before };
  if (Object.keys(applied).length > 0) update(after, applied);
  return after;
}

/** What most updates are, for which mingo would take long. */
const changesWholeFields = (modifier: Readonly<Record<string, Fields>>): boolean =>
  Object.entries(modifier).every(
    ([name, fields]) => WHOLE_FIELDS.has(name) && !Object.keys(fields).some((field) => field.includes('.')),
  );

const WHOLE_FIELDS: ReadonlySet<string> = new Set(['$set', '$unset', '$inc']);

function withFieldsChanged(before: Fields, { $set, $unset = {}, $inc = {} }: Fields): Fields {
  const after: Fields = { ...before, ...($set as Fields | undefined) };
  for (const [field, by] of Object.entries($inc as Record<string, number>))
    after[field] = ((after[field] as number | undefined) ?? 0) + by;
  for (const field of Object.keys($unset as Fields)) delete after[field];
  return after;
}

/** What an upsert inserts: what the filter fixes, and then the update. */
function newDocument(filter: Fields, modifier: Fields): Fields {
  const fixed = Object.fromEntries(Object.entries(filter).filter(([, value]) => !isOperators(value)));
  if (!isOperators(modifier)) return { ...('_id' in fixed && { _id: fixed['_id'] }), ...modifier };
  const { $setOnInsert = {}, $set = {}, ...applied } = modifier as Record<string, Fields>;
  return changed({ ...fixed }, { ...applied, $set: { ...$setOnInsert, ...$set } });
}
