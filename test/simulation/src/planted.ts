import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Milliseconds } from '@seatbook/kernel';
import type { Ending } from './history.js';
import { liveApart } from './other-process.js';
import { reportOf } from './report.js';

const FOLDER = new URL('../planted/', import.meta.url);
const RECORD = new URL('seeds.json', FOLDER);

/** The seed that finds each planted bug. */
type Recorded = Readonly<Record<string, number>>;

/** Names of the patches. */
export const plantedBugs = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.patch'))
    .map((name) => name.slice(0, -'.patch'.length))
    .sort();

const recorded = (): Recorded => JSON.parse(readFileSync(RECORD, 'utf8')) as Recorded;

/** How the first of these seeds ended that goes wrong, with the bug planted or without one; null where none does. */
async function firstWrong(
  bug: string | null,
  seeds: readonly number[],
  limitMs: Milliseconds,
): Promise<Ending | null> {
  let found: Ending | null = null;
  await liveApart(seeds, {
    planted: bug === null ? null : fileURLToPath(new URL(`${bug}.patch`, FOLDER)),
    limitMs,
    ended(ending) {
      if (ending.wrong.length > 0) found = ending;
      return found === null;
    },
  });
  return found;
}

/** Runs as many at once as there are processors. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), items.length) }, worker));
}

/** Searches the seed that finds each bug and records it. False when one was not found. */
export async function search(
  bugs: readonly string[],
  seeds: readonly number[],
  limitMs: Milliseconds,
): Promise<boolean> {
  const found = new Map(Object.entries(recorded()).filter(([bug]) => plantedBugs().includes(bug)));
  await inParallel(bugs, async (bug) => {
    const ending = await firstWrong(bug, seeds, limitMs);
    console.log(
      ending ? `${bug}: found by seed ${ending.seed}: ${ending.wrong[0] ?? ''}` : `${bug}: not found`,
    );
    if (ending) found.set(bug, ending.seed);
    else found.delete(bug);
    const sorted = Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileSync(RECORD, `${JSON.stringify(sorted, null, 2)}\n`);
  });
  return bugs.every((bug) => found.has(bug));
}

/** So many seeds live in npm test without any bug: what is right there need not be shown once more. */
const LIVED = 300;
/** A change of the product gives its seeds other histories: then the bug is looked for among these. */
const LOOKED_THROUGH = Array.from({ length: 120 }, (_seed, index) => index + 1);

/**
 * Each bug is seen by the seed that is noted for it, or by another one soon; no noted seed goes wrong without a bug. A bug
 * without a seed is not seen.
 */
export async function replay(bugs: readonly string[], limitMs: Milliseconds): Promise<boolean> {
  const noted = recorded();
  const seeds = [...new Set(bugs.flatMap((bug) => noted[bug] ?? []))].filter((seed) => seed > LIVED);
  let right = true;
  const innocent = async (): Promise<void> => {
    const ending = seeds.length === 0 ? null : await firstWrong(null, seeds, limitMs);
    if (ending) console.log(reportOf(ending));
    right &&= ending === null;
  };
  // The longest first: nothing else is left to be done beside it at the end.
  await inParallel([null, ...bugs], async (bug) => {
    if (bug === null) return innocent();
    const seed = noted[bug];
    const ending =
      (seed === undefined ? null : await firstWrong(bug, [seed], limitMs)) ??
      (await firstWrong(bug, LOOKED_THROUGH, limitMs));
    if (!ending) console.log(`${bug}: NOT seen, neither by seed ${seed} nor by another one`);
    else if (ending.seed === seed) console.log(`${bug}: seen by seed ${seed}`);
    else console.log(`${bug}: seen by seed ${ending.seed}, not by seed ${seed}; --planted ${bug} notes it`);
    right &&= ending !== null;
  });
  return right;
}
