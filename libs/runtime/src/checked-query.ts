import type { ModelRef } from '@seatbook/kernel';
import type { IndexQuery } from './read-store.js';

/** A query of a declared index. */
export interface CheckedQuery {
  /** Names model and query in cursors: a cursor of another one is refused. */
  readonly identity: string;
  /** Fields of the index. */
  readonly fields: readonly string[];
  /** Those of them behind `equals`, which order the rows; the key breaks ties. */
  readonly free: readonly string[];
}

/** What every store asks of a query before it answers. @throws Error for one that its index cannot serve: a bug */
export function checkedQuery(model: ModelRef, query: IndexQuery): CheckedQuery {
  const title = `${model.name}@${model.version}`;
  const { index, equals, range, descending = false, limit } = query;
  const fields = model.indexes.find(({ name }) => name === index)?.fields;
  if (!fields) throw new Error(`${title} has no index ${index}`);
  const free = fields.slice(equals.length);
  if (equals.length > fields.length || (range && free.length === 0))
    throw new Error(`the index ${index} of ${title} has only the fields ${fields.join(', ')}`);
  const unordered = free.find((field) => model.shared?.includes(field));
  if (unordered !== undefined)
    throw new Error(
      `the index ${index} of ${title} is asked for a value of ${unordered}, never in its order`,
    );
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`a page of ${limit} rows`);
  return { identity: JSON.stringify([title, index, equals, range ?? null, descending]), fields, free };
}
