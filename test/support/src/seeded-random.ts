import { uuidOf, type Ids, type Random } from '@seatbook/kernel';

/** Numbers that a seed reproduces (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Ids that a seed reproduces; `run` tells apart the processes that share a log. */
export function seededIds(seed: number, run = 0): Ids {
  let count = 0;
  return { next: () => uuidOf(`${seed}/${run}/${(count += 1)}`) };
}
