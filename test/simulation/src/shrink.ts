import type { Ending } from './history.js';

/**
 * The shortest history found that still goes wrong: leaves out ever smaller parts of a failing one, as long as it keeps
 * failing. What goes wrong may change on the way; it is the shorter story that is read.
 */
export async function shrunk(
  failing: Ending,
  told: (ending: Ending) => void,
  again: (seed: number, kept: ReadonlySet<number>) => Promise<Ending>,
): Promise<Ending> {
  let best = failing;
  for (
    let size = Math.ceil(best.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best.actions.length;) {
      const kept = best.actions.filter((_number, index) => index < from || index >= from + size);
      const ending = await again(best.seed, new Set(kept));
      if (ending.wrong.length === 0) {
        from += size;
        continue;
      }
      best = ending;
      told(best);
    }
  }
  return best;
}
