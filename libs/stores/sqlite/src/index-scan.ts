import type { FieldValue, IndexQuery } from '@seatbook/runtime';

/** A value as a column stores it: whole numbers in as few bytes as they need, no booleans, and NULL for a missing field. */
export type ColumnValue = string | number | bigint | null;

/** A part of a page: rows that lie next to each other in the index. */
export interface IndexScan {
  readonly where: string;
  readonly values: readonly ColumnValue[];
}

/** Value of an index column. @throws TypeError for what cannot be ordered */
export function columnValue(value: unknown): ColumnValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return BigInt(value);
    return Number.isFinite(value) ? value : null;
  }
  throw new TypeError(`a field of an index must be text, a number, a boolean or null, not ${typeof value}`);
}

/** What a column is to have. */
export interface EqualColumn {
  readonly column: string;
  readonly value: ColumnValue;
}

interface Bound {
  readonly sql: string;
  readonly value: ColumnValue;
}

/**
 * The rows of a query after a place, as scans to be read one after the other.
 * `(a, b, key) > (?, ?, ?)` would be shorter but is neither true nor false if a field is NULL. NULL comes before all
 * values, as in the index, and a range never includes it.
 * @param equal what the first columns of the index are to have
 * @param columns the columns of the index behind `equals`
 * @param ofKey those of the key, which are never NULL
 * @param place what the row at the cursor has in these columns
 */
export function scansOf(
  query: IndexQuery,
  equal: readonly EqualColumn[],
  columns: readonly string[],
  ofKey: readonly string[],
  place: readonly ColumnValue[] | null,
): readonly IndexScan[] {
  const equals: Bound[] = equal.map(({ column, value }) => ({ sql: `${column} IS ?`, value }));
  const ranged = columns[0] ?? '';
  const lower: Bound[] = [];
  const upper: Bound[] = [];
  const { from, after: above, to, among } = query.range ?? {};
  if (from !== undefined) lower.push({ sql: `${ranged} >= ?`, value: bound(from) });
  if (above !== undefined) lower.push({ sql: `${ranged} > ?`, value: bound(above) });
  if (to !== undefined) upper.push({ sql: `${ranged} <= ?`, value: bound(to) });
  // One text for any number of values, so that the statement is prepared once.
  const some: Bound[] =
    among === undefined
      ? []
      : [{ sql: `${ranged} IN (SELECT value FROM json_each(?))`, value: JSON.stringify(among) }];
  const hasRange = lower.length + upper.length + some.length > 0;

  if (!place) {
    // A range without a lower end still leaves out NULL: `<=` is never true for it.
    return [scan([...equals, ...lower, ...upper, ...some])];
  }
  const scans: IndexScan[] = [];
  for (let level = columns.length - 1; level >= 0; level -= 1) {
    const same = columns
      .slice(0, level)
      .map((column, index) => ({ sql: `${column} IS ?`, value: place[index] ?? null }));
    const column = columns[level] ?? '';
    const value = place[level] ?? null;
    // The place lies within the range. Only the end that is still ahead is asked for: with two conditions on one side
    // SQLite might start at the range's beginning and read again all pages before.
    if (!query.descending) {
      const ahead = level === 0 ? [...upper, ...some] : [];
      // -9e999 is minus infinity, which only NULL precedes; IS NOT NULL would read all NULL rows first.
      const beyond =
        value === null ? { sql: `${column} >= -9e999`, value: null } : { sql: `${column} > ?`, value };
      scans.push(scan([...equals, ...same, beyond, ...ahead]));
    } else if (value !== null) {
      const ahead = level === 0 ? [...lower, ...some] : [];
      scans.push(scan([...equals, ...same, { sql: `${column} < ?`, value }, ...ahead]));
      const withNull = !ofKey.includes(column) && !(level === 0 && hasRange);
      if (withNull) scans.push(scan([...equals, ...same, { sql: `${column} IS NULL`, value: null }]));
    }
  }
  return scans;
}

function bound(value: FieldValue): ColumnValue {
  if (value === null) throw new RangeError('a range has no end at null; ask for null with equals');
  return columnValue(value);
}

const scan = (bounds: readonly Bound[]): IndexScan => ({
  where: bounds.map(({ sql }) => sql).join(' AND ') || 'true',
  values: bounds.filter(({ sql }) => sql.includes('?')).map(({ value }) => value),
});
