import type { AppleAccess, AppleResult, Walk } from '@seatbook/licensing';
import type { Clock, Milliseconds } from '@seatbook/kernel';
import type { Endpoint } from './apple-urls.js';
import type { Caller } from './caller.js';
import { integerOf, type JsonObject, listOf, textOf } from './json-shape.js';
import { type Page, walkPages } from './page-walk.js';
import type { AppleSettings } from './settings.js';
import { transientFailure } from './transient-failure.js';

/** How one of Apple's lists is read. */
export interface ListShape<T> {
  readonly endpoint: Endpoint;
  /** The member that holds the records. */
  readonly member: string;
  /** Null if a record cannot be parsed: the page then counts as unreadable. */
  decode(record: unknown): T | null;
  keyOf(record: T): string;
  /** Further records of a page. */
  readonly extra?: (body: JsonObject) => readonly T[] | null;
}

export interface PagedListOptions {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly settings: AppleSettings;
  /** Records of a full page of each list, as Apple gave them last. */
  readonly pageSizes: Map<Endpoint, number>;
}

/**
 * Reads one of Apple's lists to its end, of which `about` says how many records it probably has. Pages that fail
 * transiently are retried here and nowhere else.
 */
export async function readList<T>(
  { caller, clock, settings, pageSizes }: PagedListOptions,
  access: AppleAccess,
  shape: ListShape<T>,
  filter: Readonly<Record<string, string>> = {},
  about = 0,
): Promise<AppleResult<Walk<T>>> {
  const deadline = clock.elapsed() + settings.walkMs;

  const once = async (index: number): Promise<AppleResult<Page<T>>> => {
    const query = index === 0 ? filter : { ...filter, pageIndex: String(index) };
    const answer = await caller.call(access, { endpoint: shape.endpoint, lane: 'page', query, deadline });
    if (!answer.ok) return answer;
    const page = pageOf(answer.value, shape);
    if (!page)
      return { ok: false, failure: transientFailure(`page ${index} of ${shape.member} cannot be parsed`) };
    const answered = integerOf(answer.value['currentPageIndex']) ?? index;
    if (answered !== index) {
      const reason = `page ${index} of ${shape.member} was answered with page ${answered}`;
      return { ok: false, failure: transientFailure(reason) };
    }
    if (index === 0 && page.nextPageIndex !== null) pageSizes.set(shape.endpoint, page.records.length);
    return { ok: true, value: page };
  };

  const page = async (index: number): Promise<AppleResult<Page<T>>> => {
    for (let attempt = 0; ; attempt += 1) {
      const result = await once(index);
      if (result.ok || result.failure.kind !== 'transient') return result;
      if (attempt >= settings.pageRetries || endsBefore(deadline, result.failure.retryAfterMs)) return result;
      await caller.pause(attempt, result.failure.retryAfterMs);
    }
  };
  const endsBefore = (at: Milliseconds, wait: number | null): boolean => clock.elapsed() + (wait ?? 0) >= at;

  return walkPages({
    page,
    keyOf: (record) => shape.keyOf(record),
    maxParallel: settings.maxParallelPages,
    maxPages: settings.maxPages,
    expectedPages: Math.ceil(about / (pageSizes.get(shape.endpoint) ?? Infinity)),
  });
}

function pageOf<T>(body: JsonObject, shape: ListShape<T>): Page<T> | null {
  // A body without records is an empty page only if it says so: an answer that we cannot parse must never look empty.
  const named = body[shape.member] ?? (integerOf(body['size']) === 0 ? [] : null);
  const extra = shape.extra ? shape.extra(body) : [];
  const list = listOf(named);
  if (!list || !extra) return null;
  const records: T[] = [];
  for (const item of list) {
    const record = shape.decode(item);
    if (record === null) return null;
    records.push(record);
  }
  return {
    records: [...records, ...extra],
    versionId: textOf(body['versionId']),
    nextPageIndex: integerOf(body['nextPageIndex']),
    totalPages: integerOf(body['totalPages']),
  };
}
