import { randomInt } from 'node:crypto';

/** Random choices that a seed repeats. */
export interface Chance {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  pick<T>(from: readonly T[]): T;
}

/** Runs `property` with a seed of its own, or with that of the variable SEED; a failure names the seed. */
export async function seeded(property: (chance: Chance) => Promise<void>): Promise<void> {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
  try {
    await property(chanceOf(seed));
  } catch (error) {
    throw new Error(`with SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (from) => from[below(from.length)] as (typeof from)[number] };
}
