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
}

/**
 * Reads all pages: the first, then as many as it announces in parallel (Apple's rule: at most 5), then one after the
 * other as long as a next one is named. Records that come twice count once. A page that no longer exists means that
 * the data moved; it is not a failure. One page that fails, fails the walk.
 */
export async function walkPages<T>(options: PageWalkOptions<T>): Promise<AppleResult<Walk<T>>> {
  const { page, maxParallel, maxPages } = options;
  const first = await page(0);
  if (!first.ok) return first;
  const pages = new Map<number, Page<T>>([[0, first.value]]);
  let gone = false;
  let failure: AppleFailure | null = null;

  /** False if the walk cannot go on after this page. */
  const fetch = async (index: number): Promise<boolean> => {
    if (failure) return false;
    const result = await page(index);
    if (result.ok) pages.set(index, result.value);
    else if (result.failure.kind === 'refused' && result.failure.errorNumber === pageOutOfRange) gone = true;
    else failure ??= result.failure;
    return result.ok;
  };

  const counted = first.value.nextPageIndex === null ? 1 : Math.max(1, first.value.totalPages ?? 1);
  if (counted > maxPages) return tooMany(maxPages);
  const limit = pLimit(maxParallel);
  await Promise.all(Array.from({ length: counted - 1 }, (_, i) => limit(() => fetch(i + 1))));

  for (let index = counted - 1; !failure;) {
    const next = pages.get(index)?.nextPageIndex ?? null;
    if (next === null) break;
    if (next <= index) return { ok: false, failure: transientFailure(`page ${index} leads back to ${next}`) };
    if (pages.size >= maxPages) return tooMany(maxPages);
    if (!(await fetch(next))) break;
    index = next;
  }
  if (failure) return { ok: false, failure };

  const records = new Map<string, T>();
  const { versionId, totalPages } = first.value;
  let moved = gone || versionId === null;
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

const tooMany = (maxPages: number): AppleResult<never> => ({
  ok: false,
  failure: transientFailure(`more than ${maxPages} pages`),
});
