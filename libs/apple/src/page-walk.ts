import type { AppleFailure, AppleResult, Walk } from '@seatbook/licensing';
import pLimit from 'p-limit';
import { pageOutOfRange } from './error-numbers.js';
import { transientFailure } from './transient-failure.js';

/** One page of one of Apple's lists. */
export interface Page<T> {
  readonly records: readonly T[];
  /** State of the whole data set when the page was made. */
  readonly versionId: string | null;
  /** Apple's rule: present only if there is another page. */
  readonly nextPageIndex: number | null;
  readonly totalPages: number | null;
}

export interface PageWalkOptions<T> {
  readonly page: (index: number) => Promise<AppleResult<Page<T>>>;
  /** What makes two records the same one. */
  keyOf(record: T): string;
  readonly maxParallel: number;
  readonly maxPages: number;
  /** Pages that there probably are: they are asked for without waiting for the first one. */
  readonly expectedPages?: number;
}

/**
 * Reads all pages: the first and those that are expected, then what else it announces in parallel (Apple's rule: at most
 * 5), then one after the other as long as a next one is named. Records that come twice count once. A page that no longer
 * exists means that the data moved; it is not a failure. One page that fails, fails the walk.
 */
export async function walkPages<T>(options: PageWalkOptions<T>): Promise<AppleResult<Walk<T>>> {
  const { page, maxParallel, maxPages, expectedPages = 1 } = options;
  const pages = new Map<number, Page<T>>();
  /** Pages that the first one announces; an expected one beyond them need not exist. */
  let counted = Infinity;
  let firstGone = Infinity;
  let failure: AppleFailure | null = null;

  const begin = async (): Promise<AppleResult<Page<T>>> => {
    const result = await page(0);
    if (result.ok) pages.set(0, result.value);
    counted = result.ok ? announcedBy(result.value) : 0;
    return result;
  };
  /** False if the walk cannot go on after this page. */
  const fetch = async (index: number): Promise<boolean> => {
    if (failure) return false;
    const result = await page(index);
    if (result.ok) pages.set(index, result.value);
    else if (isOutOfRange(result.failure)) firstGone = Math.min(firstGone, index);
    else failure ??= result.failure;
    return result.ok;
  };

  const limit = pLimit(maxParallel);
  const announced = (from: number, to: number): Promise<unknown>[] =>
    Array.from({ length: Math.max(0, to - from) }, (_, i) =>
      limit(async () => from + i < counted && fetch(from + i)),
    );
  const beginning = limit(begin);
  const expected = Math.max(1, Math.min(expectedPages, maxPages));
  const ahead = announced(1, expected);
  const first = await beginning;
  if (first.ok && counted <= maxPages) ahead.push(...announced(expected, counted));
  await Promise.all(ahead);
  if (!first.ok) return first;
  if (counted > maxPages) return tooMany(maxPages);

  for (let index = counted - 1; !failure;) {
    const next = pages.get(index)?.nextPageIndex ?? null;
    if (next === null) break;
    if (next <= index) return { ok: false, failure: transientFailure(`page ${index} leads back to ${next}`) };
    if (pages.size >= maxPages) return tooMany(maxPages);
    counted = Math.max(counted, next + 1);
    if (!pages.has(next) && !(await fetch(next))) break;
    index = next;
  }
  if (failure) return { ok: false, failure };

  const records = new Map<string, T>();
  const { versionId, totalPages } = first.value;
  let moved = firstGone < counted || versionId === null;
  for (const [, read] of [...pages].sort(([a], [b]) => a - b)) {
    const ofPage = new Map(read.records.map((record) => [options.keyOf(record), record]));
    for (const [key, record] of ofPage) {
      // On two pages at once: another record is on none.
      moved ||= records.has(key);
      records.set(key, record);
    }
    moved ||= read.versionId !== versionId || read.totalPages !== totalPages;
  }
  return { ok: true, value: { records: [...records.values()], versionId: versionId ?? '', moved } };
}

const announcedBy = <T>({ nextPageIndex, totalPages }: Page<T>): number =>
  nextPageIndex === null ? 1 : Math.max(1, totalPages ?? 1);

const isOutOfRange = (failure: AppleFailure): boolean =>
  failure.kind === 'refused' && failure.errorNumber === pageOutOfRange;

const tooMany = (maxPages: number): AppleResult<never> => ({
  ok: false,
  failure: transientFailure(`more than ${maxPages} pages`),
});
