import type { AppleFailure, AppleResult } from '@seatbook/licensing';
import { type Page, walkPages } from './page-walk.js';

type Letters = Partial<Page<string>> & { records: readonly string[] };

const failed = (failure: AppleFailure): AppleResult<never> => ({ ok: false, failure });
const refused = (errorNumber: number): AppleFailure => ({
  kind: 'refused',
  errorNumber,
  reason: '',
  assets: [],
  serialNumbers: [],
  clientUserIds: [],
});

/** Walks pages given by index; what is not given is out of range. */
async function walk(pages: readonly (Letters | AppleFailure)[], maxPages = 100, expectedPages = 1) {
  const fetched: number[] = [];
  let open = 0;
  let mostOpen = 0;
  const result = await walkPages<string>({
    async page(index) {
      fetched.push(index);
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      const page = pages[index] ?? refused(9650);
      if ('kind' in page) return failed(page);
      const next = index + 1 < pages.length ? index + 1 : null;
      return {
        ok: true,
        value: { versionId: 'v1', totalPages: pages.length, nextPageIndex: next, ...page },
      };
    },
    keyOf: (letter) => letter,
    maxParallel: 5,
    maxPages,
    expectedPages,
  });
  return { fetched, result, mostOpen };
}
const value = (records: string, moved: boolean, versionId = 'v1') => ({
  ok: true,
  value: { records: [...records], versionId, moved },
});

describe('a walk through pages', () => {
  it('reads one, none, or all of them in their order', async () => {
    expect((await walk([{ records: ['a', 'b'] }])).result).toEqual(value('ab', false));
    expect((await walk([{ records: [], totalPages: 0 }])).result).toEqual(value('', false));
    const pages = [...'abcdefgh'].map((letter) => ({ records: [letter] }));
    const { result, fetched } = await walk(pages);
    expect(result).toEqual(value('abcdefgh', false));
    expect(fetched).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('counts a record that comes twice once: the data moved, since another one came never', async () => {
    const { result } = await walk([{ records: ['a', 'b'] }, { records: ['b', 'c'] }, { records: ['a'] }]);
    expect(result).toEqual(value('abc', true));
    expect((await walk([{ records: ['a', 'a'] }, { records: ['b'] }])).result).toEqual(value('ab', false));
  });

  it('notices that the data moved, and keeps the first version', async () => {
    const moving = await walk([{ records: ['a'] }, { records: ['b'], versionId: 'v2' }, { records: ['c'] }]);
    expect(moving.result).toEqual(value('abc', true));
    expect((await walk([{ records: ['a'] }, { records: ['b'], versionId: null }])).result).toEqual(
      value('ab', true),
    );
    expect((await walk([{ records: ['a'], versionId: null }])).result).toEqual(value('a', true, ''));
  });

  it('follows pages that were added meanwhile', async () => {
    const { result, fetched } = await walk([
      { records: ['a'], totalPages: 2 },
      { records: ['b'], totalPages: 4 },
      { records: ['c'], totalPages: 4 },
      { records: ['d'], totalPages: 4 },
    ]);
    expect(fetched).toEqual([0, 1, 2, 3]);
    expect(result).toEqual(value('abcd', true));
  });

  it('asks for the pages that are expected together with the first, five at a time, and for what else there is', async () => {
    const pages = [...'abcdefgh'].map((letter) => ({ records: [letter] }));
    for (const expected of [0, 1, 2, 5, 7, 8]) {
      const { result, fetched, mostOpen } = await walk(pages, 100, expected);
      expect(result).toEqual(value('abcdefgh', false));
      expect(fetched).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(mostOpen).toBe(5);
    }
    expect((await walk(pages.slice(0, 2), 100, 2)).mostOpen).toBe(2);
  });

  it('takes no notice of expected pages that the first one does not announce', async () => {
    const two = [{ records: ['a'] }, { records: ['b'] }];
    const { result, fetched } = await walk(two, 100, 9);
    expect(result).toEqual(value('ab', false));
    expect(fetched).toEqual([0, 1, 2, 3, 4]);
    expect((await walk([{ records: ['a'] }], 100, 3)).result).toEqual(value('a', false));
    expect((await walk([{ records: [], totalPages: 0 }], 100, 3)).result).toEqual(value('', false));
    expect((await walk(two, 1, 5)).result).toMatchObject({ failure: { reason: 'more than 1 pages' } });
  });

  it('notices by an expected page that is not there any more that the data moved', async () => {
    const pages = [
      { records: ['a'], totalPages: 3, nextPageIndex: 1 },
      { records: ['b'], totalPages: 3 },
    ];
    expect((await walk(pages, 100, 3)).result).toEqual(value('ab', true));
  });

  it('treats a page that no longer exists as a sign that the data moved', async () => {
    const { result } = await walk([{ records: ['a'], totalPages: 4, nextPageIndex: 1 }, { records: ['b'] }]);
    expect(result).toEqual(value('ab', true));
  });

  it('follows the next page if no number of pages is given', async () => {
    const pages = [...'abc'].map((letter) => ({ records: [letter], totalPages: null }));
    expect((await walk(pages)).result).toEqual(value('abc', false));
  });

  it('does not walk in circles or without end', async () => {
    const circle = await walk([{ records: ['a'] }, { records: ['b'], nextPageIndex: 0 }]);
    expect(circle.result).toMatchObject({ ok: false, failure: { kind: 'transient' } });
    expect((await walk([{ records: ['a'], totalPages: 101, nextPageIndex: 1 }])).result.ok).toBe(false);
    const long = Array.from({ length: 20 }, (_, i) => ({ records: [String(i)], totalPages: null }));
    expect((await walk(long, 10)).result).toMatchObject({ failure: { reason: 'more than 10 pages' } });
  });

  it('fails with the page that failed, and asks for no further ones', async () => {
    const expired: AppleFailure = { kind: 'token', state: 'expired', errorNumber: 9621 };
    const pages = [...'abcdefghijklmnopqrst'].map((letter) => ({ records: [letter] }));
    const { result, fetched } = await walk([{ records: ['a'] }, expired, ...pages]);
    expect(result).toEqual(failed(expired));
    expect(fetched.length).toBeLessThan(12);
    expect((await walk([refused(9650)])).result).toEqual(failed(refused(9650)));
  });
});
