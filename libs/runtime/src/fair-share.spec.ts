import { fairShare, kindOf, surplusOf } from './fair-share.js';

describe('sharing leases out', () => {
  it('knows what a lease is about by its name', () => {
    expect(['models/pairs@3', 'steps/12', 'apple/77', 'reactor', 'step-revision'].map(kindOf)).toEqual([
      'models',
      'steps',
      'apple',
      '',
      '',
    ]);
  });

  it('gives a process all that there is when it is alone, and never less than its part', () => {
    expect([1, 2, 3, 5, 16, 20].map((processes) => fairShare(16, processes))).toEqual([16, 8, 6, 4, 1, 1]);
    expect(surplusOf(['only', 16], new Map(), 16)).toBe(0);
  });

  it('ends with numbers that differ by one at most, and then nothing moves', () => {
    for (let leases = 0; leases <= 40; leases += 1)
      for (let processes = 2; processes <= 6; processes += 1) {
        const has = [leases, ...Array.from({ length: processes - 1 }, () => 0)];
        for (let moves = 0; ; moves += 1) {
          const surplus = has.map((own, process) => {
            const others = has.flatMap((number, other) =>
              other === process ? [] : [[`${other}`, number] as const],
            );
            return surplusOf([`${process}`, own], new Map(others), leases);
          });
          const giver = surplus.findIndex((given) => given > 0);
          if (giver < 0) break;
          expect(moves).toBeLessThan(leases);
          // Only what is beyond the fair share may be given by several at once.
          if (Math.max(...has) <= fairShare(leases, processes))
            expect(surplus.filter((given) => given > 0)).toHaveLength(1);
          const given = surplus[giver] as number;
          for (let count = 0; count < given; count += 1) {
            const taker = has.indexOf(Math.min(...has));
            has[giver] = (has[giver] as number) - 1;
            has[taker] = (has[taker] as number) + 1;
          }
        }
        expect(Math.max(...has) - Math.min(...has)).toBeLessThanOrEqual(1);
        expect(has.reduce((sum, number) => sum + number, 0)).toBe(leases);
      }
  });
});
