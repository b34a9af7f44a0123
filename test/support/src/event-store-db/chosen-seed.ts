import { randomInt } from 'node:crypto';

/** The seed of the variable SEED, or a random one. A failing case has to print it. */
export const chosenSeed = (): number => Number(process.env['SEED'] ?? randomInt(2 ** 31));
