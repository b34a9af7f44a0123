import fc from 'fast-check';
import { holderKeys, type HolderKey } from '../holder.js';
import type { PairLimits } from '../ports.js';
import { rectanglesOf, type Column } from './rectangles.js';

const APPLE: PairLimits = { maxAssets: 25, maxSerialNumbers: 1_000, maxClientUserIds: 1_000 };

const full = (assets: number, holders: number): Column[] => {
  const keys = Array.from({ length: holders }, (_holder, index) => `d:${index}`);
  return Array.from({ length: assets }, (_asset, index) => ({ asset: `asset-${index}`, keys }));
};

/** Calls that each asset would need by itself. */
const assetByAsset = (
  columns: readonly Column[],
  { maxSerialNumbers, maxClientUserIds }: PairLimits,
): number =>
  columns.reduce((sum, { keys }) => {
    const list = [...keys];
    const serials = list.filter((key) => key.startsWith('d:')).length;
    return (
      sum +
      Math.max(Math.ceil(serials / maxSerialNumbers), Math.ceil((list.length - serials) / maxClientUserIds))
    );
  }, 0);

describe('covering open pairs with calls', () => {
  it.each([
    [25, 4_000, 4],
    [100, 1_000, 4],
    [10, 10_000, 10],
    [1, 100_000, 100],
  ])('takes for %i assets × %i devices exactly %i calls', (assets, holders, calls) => {
    expect(rectanglesOf(full(assets, holders), APPLE)).toHaveLength(calls);
  });

  it('lets devices and persons travel in one call', () => {
    expect(rectanglesOf([{ asset: 'a', keys: ['d:1', 'u:p'] }], APPLE)).toEqual([
      { assets: ['a'], holders: { serialNumbers: ['1'], userIds: ['p'] } },
    ]);
  });

  it('needs no call for nothing', () => {
    expect(rectanglesOf([], APPLE)).toEqual([]);
    expect(rectanglesOf([{ asset: 'a', keys: [] }], APPLE)).toEqual([]);
  });

  it('covers each pair exactly once, within the limits, with no more calls than asset by asset', () => {
    const holders = [...'ABCDEFGHIJ']
      .map((letter): HolderKey => `d:${letter}`)
      .concat('u:p', 'u:q', 'u:r', 'u:s');
    const columns = fc
      .array(fc.uniqueArray(fc.constantFrom(...holders)), { maxLength: 6 })
      .map((lists) => lists.map((keys, index): Column => ({ asset: `asset-${index}`, keys })));
    const limits = fc.record<PairLimits>({
      maxAssets: fc.integer({ min: 1, max: 4 }),
      maxSerialNumbers: fc.integer({ min: 1, max: 5 }),
      maxClientUserIds: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(columns, limits, (wanted, allowed) => {
        const calls = rectanglesOf(wanted, allowed);
        const covered = calls.flatMap(({ assets, holders: some }) =>
          assets.flatMap((asset) => holderKeys(some).map((key) => `${asset} ${key}`)),
        );
        expect(covered.sort()).toEqual(
          wanted.flatMap(({ asset, keys }) => [...keys].map((key) => `${asset} ${key}`)).sort(),
        );
        for (const { assets, holders: some } of calls) {
          expect(assets.length).toBeLessThanOrEqual(allowed.maxAssets);
          expect(some.serialNumbers.length).toBeLessThanOrEqual(allowed.maxSerialNumbers);
          expect(some.userIds.length).toBeLessThanOrEqual(allowed.maxClientUserIds);
          expect(some.serialNumbers.length + some.userIds.length).toBeGreaterThan(0);
        }
        expect(calls.length).toBeLessThanOrEqual(assetByAsset(wanted, allowed));
      }),
      { numRuns: 500 },
    );
  });
});
