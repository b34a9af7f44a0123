import { TokenBuckets } from './token-buckets.js';

describe('buckets of tokens', () => {
  let now = 0;
  const takeAll = (buckets: TokenBuckets, name: string, times: number): number =>
    Array.from({ length: times }, () => buckets.take(name)).filter((wait) => wait === 0).length;

  it('give a burst at once, then what comes back, and say how long to wait', () => {
    const buckets = new TokenBuckets({ perSecond: 2, burst: 10 }, () => now);
    expect(takeAll(buckets, 'a', 50)).toBe(10);
    expect(buckets.take('a')).toBe(0.5);
    now += 250;
    expect(buckets.take('a')).toBe(0.25);
    now += 2_000;
    expect(takeAll(buckets, 'a', 50)).toBe(4);
    now += 60_000;
    expect(takeAll(buckets, 'a', 50)).toBe(10);
  });

  it('are apart for each name', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, () => now);
    expect([buckets.take('a'), buckets.take('b'), buckets.take('a') > 0]).toEqual([0, 0, true]);
  });

  it('forget who has not been there for longest, and nobody else', () => {
    const buckets = new TokenBuckets({ perSecond: 0.001, burst: 1 }, () => now);
    for (let name = 0; name < 10_001; name += 1) buckets.take(String(name));
    expect(buckets.take('1')).toBeGreaterThan(0);
    expect(buckets.take('0')).toBe(0);
  });
});
