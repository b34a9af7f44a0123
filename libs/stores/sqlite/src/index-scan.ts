import type { CursorPlace, FieldValue, IndexQuery } from '@seatbook/runtime';

/** A value as a column stores it: SQLite has no booleans, and a missing field is NULL. */
export type ColumnValue = string | number | null;

/** A part of a page: rows that lie next to each other in the index. */
export interface IndexScan {
  readonly where: string;
  readonly values: readonly ColumnValue[];
}

/** Value of an index column. @throws TypeError for what cannot be ordered */
export function columnValue(value: unknown): ColumnValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  throw new TypeError(`a field of an index must be text, a number, a boolean or null, not ${typeof value}`);
}

interface Bound {
  readonly sql: string;
  readonly value: ColumnValue;
}

/**
 * The rows of a query after a cursor, as scans to be read one after the other.
 * `(a, b, key) > (?, ?, ?)` would be shorter but is neither true nor false if a field is NULL. NULL comes before all
 * values, as in the index, and a range never includes it.
 * @param columns the columns of the index behind `equals`, ending with the key
 */
export function scansOf(
  query: IndexQuery,
  equalColumns: readonly string[],
  columns: readonly string[],
  after: CursorPlace | null,
): readonly IndexScan[] {
  const equals: Bound[] = equalColumns.map((column, index) => ({
    sql: `${column} IS ?`,
    value: columnValue(query.equals[index]),
  }));
  const ranged = columns[0] ?? 'key';
  const lower: Bound[] = [];
  const upper: Bound[] = [];
  const { from, after: above, to } = query.range ?? {};
  if (from !== undefined) lower.push({ sql: `${ranged} >= ?`, value: bound(from) });
  if (above !== undefined) lower.push({ sql: `${ranged} > ?`, value: bound(above) });
  if (to !== undefined) upper.push({ sql: `${ranged} <= ?`, value: bound(to) });
  const hasRange = lower.length + upper.length > 0;

  if (!after) {
    // A range without a lower end still leaves out NULL: `<=` is never true for it.
    return [scan([...equals, ...lower, ...upper])];
  }
  const place = [...after.values.map(columnValue), after.key];
  const scans: IndexScan[] = [];
  for (let level = columns.length - 1; level >= 0; level -= 1) {
    const same = columns
      .slice(0, level)
      .map((column, index) => ({ sql: `${column} IS ?`, value: place[index] ?? null }));
    const column = columns[level] ?? 'key';
    const value = place[level] ?? null;
    // The place lies within the range. Only the end that is still ahead is asked for: with two conditions on one side
    // SQLite might start at the range's beginning and read again all pages before.
    if (!query.descending) {
      const ahead = level === 0 ? upper : [];
      // -9e999 is minus infinity, which only NULL precedes; IS NOT NULL would read all NULL rows first.
      const beyond =
        value === null ? { sql: `${column} >= -9e999`, value: null } : { sql: `${column} > ?`, value };
      scans.push(scan([...equals, ...same, beyond, ...ahead]));
    } else if (value !== null) {
      const ahead = level === 0 ? lower : [];
      scans.push(scan([...equals, ...same, { sql: `${column} < ?`, value }, ...ahead]));
      const withNull = column !== 'key' && !(level === 0 && hasRange);
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
