import type { CursorPlace, FieldValue, IndexQuery } from '@seatbook/runtime';

/** A part of a page: rows that lie next to each other in the index. */
export type IndexScan = Readonly<Record<string, unknown>>;

type Kind = 'null' | 'boolean' | 'number' | 'string';

/**
 * As MongoDB orders an index by itself. Other stores put booleans before numbers and text, but no field of a model mixes
 * them, so nobody sees the difference.
 */
const ORDER: readonly Kind[] = ['null', 'number', 'string', 'boolean'];

/** Every value of a kind; a comparison in MongoDB only finds values of the kind that it compares with. */
const ALL_OF: Readonly<Record<Kind, unknown>> = {
  null: null,
  boolean: { $gte: false },
  number: { $gte: -Infinity },
  string: { $gte: '' },
};

const kindOf = (value: FieldValue): Kind => (value === null ? 'null' : (typeof value as Kind));

/**
 * The rows of a query, as scans to be read one after the other: a single one from the beginning. Behind a cursor each kind
 * is a scan of its own, since to MongoDB nothing of one kind is greater than what is of another. A range has ends of one
 * kind and only finds values of that kind.
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
    return [range ? { ...fixed, [first]: range } : fixed];
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
    const kinds = inDirection(ORDER, descending);
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
}

function rangeOf({ range }: IndexQuery): Bounds | null {
  const { from, after, to } = range ?? {};
  const ends = [from, after, to].filter((end) => end !== undefined);
  if (ends.length === 0) return null;
  const [first = null, ...others] = ends;
  if (ends.includes(null)) throw new RangeError('a range has no end at null; ask for null with equals');
  if (others.some((end) => kindOf(end) !== kindOf(first)))
    throw new RangeError('the ends of a range are of one kind');
  return {
    // Without a lower end it begins where values of the kind begin.
    ...(from !== undefined && { $gte: from }),
    ...(after !== undefined && { $gt: after }),
    ...(to !== undefined && { $lte: to }),
  };
}

/** The end of a range that a page has not come to yet. The cursor lies within the range. */
const ahead = ({ $gte, $gt, $lte }: Bounds, descending: boolean): Bounds =>
  descending
    ? { ...($gte !== undefined && { $gte }), ...($gt !== undefined && { $gt }) }
    : { ...($lte !== undefined && { $lte }) };

const inDirection = (kinds: readonly Kind[], descending: boolean): readonly Kind[] =>
  descending ? [...kinds].reverse() : kinds;
