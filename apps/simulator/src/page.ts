import { Refusal } from './apple-errors.js';

/** A list that can be cut without being built. */
export interface Rows<T> {
  readonly count: number;
  slice(from: number, to: number): readonly T[];
}

/** Rows of a plain array. */
export function rowsOf<T>(items: readonly T[]): Rows<T> {
  return { count: items.length, slice: (from, to) => items.slice(from, to) };
}

/** Several arrays one after the other, without joining them. */
export function joined<T>(parts: readonly (readonly T[])[]): Rows<T> {
  return {
    count: parts.reduce((sum, part) => sum + part.length, 0),
    slice(from, to) {
      const cut: T[] = [];
      let start = 0;
      for (const part of parts) {
        if (start >= to) break;
        if (start + part.length > from) {
          for (let i = Math.max(0, from - start); i < part.length && start + i < to; i += 1) {
            cut.push(part[i] as T);
          }
        }
        start += part.length;
      }
      return cut;
    },
  };
}

/** The paging members of an answer; `nextPageIndex` is absent on the last page. */
export interface PageNumbers {
  currentPageIndex: number;
  nextPageIndex?: number;
  size: number;
  totalPages: number;
}

/** Reads `pageIndex`; 0 where it is absent. Refuses with 9650. */
export function pageIndexOf(query: URLSearchParams): number {
  const given = query.get('pageIndex');
  if (given === null) return 0;
  if (!/^\d{1,9}$/.test(given)) throw new Refusal(9650);
  return Number(given);
}

/** Cuts one page. An empty list has one empty page. Refuses a page out of range with 9650. */
export function cutPage<T>(
  rows: Rows<T>,
  index: number,
  capacity: number,
): { items: readonly T[]; numbers: PageNumbers } {
  const totalPages = Math.max(1, Math.ceil(rows.count / capacity));
  if (index >= totalPages) throw new Refusal(9650);
  const items = rows.slice(index * capacity, Math.min(rows.count, (index + 1) * capacity));
  return {
    items,
    numbers: {
      currentPageIndex: index,
      ...(index + 1 < totalPages ? { nextPageIndex: index + 1 } : {}),
      size: items.length,
      totalPages,
    },
  };
}
