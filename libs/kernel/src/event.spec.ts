import { START, asPosition, earliest, latest, numberOf } from './event.js';

describe('a position', () => {
  const [first, second] = [asPosition(7), asPosition(12)];

  it('is compared, kept and written as the number that it is', () => {
    expect([START < first, first < second, first === asPosition(7)]).toEqual([true, true, true]);
    expect([earliest(second, first), latest(first, second, START)]).toEqual([first, second]);
    expect([numberOf(first), JSON.stringify({ first }), `${first}`]).toEqual([7, '{"first":7}', '7']);
  });

  it('cannot be computed with', () => {
    // @ts-expect-error a distance of positions means nothing
    expect(second - first).toBe(5);
    // @ts-expect-error nothing is so many times as far
    expect(first * 2).toBe(14);
    // @ts-expect-error a number may be anything
    expect(latest(first, 12)).toBe(12);
  });
});
