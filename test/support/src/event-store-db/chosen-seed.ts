import { randomInt } from 'node:crypto';

/** The seed of the variable SEED, or one of its own. Whoever uses it names it where a case fails. */
export const chosenSeed = (): number => Number(process.env['SEED'] ?? randomInt(2 ** 31));
