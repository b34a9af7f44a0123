import { RecentlyUsed } from './recently-used.js';

it('keeps at most its maximum, and what is used outlives what is not', () => {
  const recent = new RecentlyUsed<number>(10);
  for (let key = 0; key < 1_000; key += 1) {
    recent.set(`k${key}`, key);
    expect(recent.get('k0')).toBe(0);
    expect(recent.size).toBeLessThanOrEqual(10);
  }
  expect(recent.get('k998')).toBe(998);
  expect(recent.get('k500')).toBeUndefined();
  recent.delete('k998');
  expect(recent.get('k998')).toBeUndefined();
});
