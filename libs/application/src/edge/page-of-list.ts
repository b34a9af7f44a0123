import { InvalidCursor, type Page } from '@seatbook/runtime';
import type { ListPart } from './reader.js';

const MARK = 'then:';

/**
 * A page of rows that were folded from the log, in the order of a key that is unique among them.
 * @throws InvalidCursor
 */
export function pageOfList<D>(
  rows: readonly D[],
  keyOf: (row: D) => string,
  { limit, cursor }: ListPart,
): Page<D> {
  const after = cursor === undefined ? '' : placeOf(cursor);
  const sorted = rows
    .filter((row) => keyOf(row) > after)
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const part = sorted.slice(0, limit);
  const last = part.at(-1);
  const more = sorted.length > part.length && last !== undefined;
  return { rows: part, next: more ? cursorAt(keyOf(last)) : null };
}

/** The cursor of a page that ends with the row of this key. */
export const cursorAt = (key: string): string => Buffer.from(`${MARK}${key}`).toString('base64url');

/** The key behind which a page begins. @throws InvalidCursor */
export function placeOf(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!text.startsWith(MARK)) throw new InvalidCursor();
  return text.slice(MARK.length);
}
