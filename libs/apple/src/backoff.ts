import type { Milliseconds, Random } from '@seatbook/kernel';

const doubled = (base: Milliseconds, attempt: number, cap: Milliseconds): Milliseconds =>
  Math.min(cap, base * 2 ** Math.min(attempt, 30));

/**
 * Pause after the `attempt`-th throttling (0 is the first), half of it random. Full jitter can come out near zero,
 * which is wrong towards a server that just asked for less.
 */
export function equalJitter(
  base: Milliseconds,
  attempt: number,
  cap: Milliseconds,
  random: Random,
): Milliseconds {
  const pause = doubled(base, attempt, cap);
  return Math.ceil(pause / 2 + (random() * pause) / 2);
}

/** Pause before the repeat after the `attempt`-th fault (0 is the first), all of it random. */
export function fullJitter(
  base: Milliseconds,
  attempt: number,
  cap: Milliseconds,
  random: Random,
): Milliseconds {
  return Math.ceil(random() * doubled(base, attempt, cap));
}
