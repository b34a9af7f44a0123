import type { CursorPlace, FieldValue, IndexQuery } from '@seatbook/runtime';

/** A part of a page: rows that lie next to each other in the index. */
export type IndexScan = Readonly<Record<string, unknown>>;

type Kind = 'null' | 'boolean' | 'number' | 'string';

/** Null and missing, false, true, numbers, text in the order of its bytes: as in all stores. */
const ORDER: readonly Kind[] = ['null', 'boolean', 'number', 'string'];
/**
 * As MongoDB orders an index by itself. It holds within rows that are equal in the fields before: no field of a model
 * mixes booleans with numbers or text, so nobody sees the difference.
 */
const ORDER_BEHIND: readonly Kind[] = ['null', 'number', 'string', 'boolean'];

/** All values in the order of all stores: MongoDB by itself would put the last of the first ones behind the others. */
const FIRST_ONES = [null, false, true];
const ALL: readonly unknown[] = [{ $in: FIRST_ONES }, { $nin: FIRST_ONES }];

/** Every value of a kind; a comparison in MongoDB only finds values of the kind that it compares with. */
const ALL_OF: Readonly<Record<Kind, unknown>> = {
  null: null,
  boolean: { $gte: false },
  number: { $gte: -Infinity },
  string: { $gte: '' },
};

const kindOf = (value: FieldValue): Kind => (value === null ? 'null' : (typeof value as Kind));

/**
 * The rows of a query, as scans to be read one after the other. Behind a cursor each kind of value is a scan of its own,
 * since to MongoDB nothing of one kind is greater than what is of another. A range has ends of one kind and only finds
 * values of that kind.
 * @param fields the fields of the index, ending with the key
 */
export function scansOf(
  query: IndexQuery,
  fields: readonly string[],
  after: CursorPlace | null,
): readonly IndexScan[] {
  const { equals, descending = false } = query;
  const range = rangeOf(query);
  const fixed = valuesOf(fields, equals);
  const free = fields.slice(equals.length);
  if (!after) {
    const [first = '_id'] = free;
    if (first === '_id') return [fixed];
    if (range) return [{ ...fixed, [first]: range }];
    return inDirection(ALL, descending).map((values) => ({ ...fixed, [first]: values }));
  }
  const place: readonly FieldValue[] = [...after.values, after.key];
  const scans: IndexScan[] = [];
  for (let level = free.length - 1; level >= 0; level -= 1) {
    const field = free[level] ?? '_id';
    const value = place[level] ?? null;
    const rest = { ...fixed, ...valuesOf(free, place.slice(0, level)) };
    const bounds = level === 0 ? range : null;
    if (value !== null) {
      const beyond = descending ? { $lt: value } : { $gt: value };
      scans.push({ ...rest, [field]: { ...(bounds && ahead(bounds, descending)), ...beyond } });
    }
    if (bounds || field === '_id') continue;
    const kinds = inDirection(level === 0 ? ORDER : ORDER_BEHIND, descending);
    for (const kind of kinds.slice(kinds.indexOf(kindOf(value)) + 1))
      scans.push({ ...rest, [field]: ALL_OF[kind] });
  }
  return scans;
}

/** The first fields of an index, each with its value. */
const valuesOf = (fields: readonly string[], values: readonly FieldValue[]): IndexScan =>
  Object.fromEntries(values.map((value, index): [string, FieldValue] => [fields[index] ?? '_id', value]));

interface Bounds {
  readonly $gte?: FieldValue;
  readonly $gt?: FieldValue;
  readonly $lte?: FieldValue;
  readonly $in?: readonly FieldValue[];
}

function rangeOf({ range }: IndexQuery): Bounds | null {
  const { from, after, to, among } = range ?? {};
  const ends = [from, after, to, ...(among ?? [])].filter((end) => end !== undefined);
  if (ends.length === 0 && among === undefined) return null;
  const [first = null, ...others] = ends;
  if (ends.includes(null)) throw new RangeError('a range has no end at null; ask for null with equals');
  if (others.some((end) => kindOf(end) !== kindOf(first)))
    throw new RangeError('the ends of a range are of one kind');
  return {
    // Without a lower end it begins where values of the kind begin.
    ...(from !== undefined && { $gte: from }),
    ...(after !== undefined && { $gt: after }),
    ...(to !== undefined && { $lte: to }),
    ...(among !== undefined && { $in: among }),
  };
}

/** The end of a range that a page has not come to yet. The cursor lies within the range. */
const ahead = ({ $gte, $gt, $lte, $in }: Bounds, descending: boolean): Bounds => ({
  ...($in !== undefined && { $in }),
  ...(descending && $gte !== undefined && { $gte }),
  ...(descending && $gt !== undefined && { $gt }),
  ...(!descending && $lte !== undefined && { $lte }),
});

const inDirection = <T>(parts: readonly T[], descending: boolean): readonly T[] =>
  descending ? [...parts].reverse() : parts;
