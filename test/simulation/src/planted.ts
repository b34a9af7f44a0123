import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { chunksOf, type Milliseconds } from '@seatbook/kernel';
import type { Ending } from './history.js';
import { innocent, liveApart, type Lived } from './other-process.js';
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

const patchOf = (bug: string): string => fileURLToPath(new URL(`${bug}.patch`, FOLDER));

/** How the first of these seeds ended that goes wrong with the bug planted; null where none does. */
async function firstWrong(
  bug: string,
  seeds: readonly number[],
  limitMs: Milliseconds,
): Promise<Ending | null> {
  const planted = patchOf(bug);
  let found: Ending | null = null;
  await liveApart(
    seeds.map((seed) => ({ seed, planted })),
    {
      limitMs,
      ended(ending) {
        if (ending.wrong.length > 0) found = ending;
        return found === null;
      },
    },
  );
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
/** Lives of one process: the packages of others are loaded once for them, and our sources for each once more. */
const IN_ONE_PROCESS = 10;

/**
 * Each bug is seen by the seed that is noted for it, or by another one soon; no noted seed goes wrong without a bug. A bug
 * without a seed is not seen.
 */
export async function replay(bugs: readonly string[], limitMs: Milliseconds): Promise<boolean> {
  const noted = recorded();
  const unlived = [...new Set(bugs.flatMap((bug) => noted[bug] ?? []))].filter((seed) => seed > LIVED);
  const bugOf = new Map(bugs.map((bug) => [patchOf(bug), bug]));
  const lives: Lived[] = [
    ...innocent(unlived),
    ...bugs.flatMap((bug) => {
      const seed = noted[bug];
      return seed === undefined ? [] : { seed, planted: patchOf(bug) };
    }),
  ];
  const seen = new Set<string>();
  let right = true;
  const ended = (ending: Ending, { seed, planted }: Lived): boolean => {
    if (ending.wrong.length === 0) return true;
    const bug = planted === null ? undefined : bugOf.get(planted);
    if (bug === undefined) {
      console.log(reportOf(ending));
      right = false;
    } else if (!ending.broke) {
      // What breaks a process may be a bug of before: that one is lived once more, alone.
      console.log(`${bug}: seen by seed ${seed}`);
      seen.add(bug);
    }
    return true;
  };
  await inParallel([...chunksOf(lives, IN_ONE_PROCESS)], async (some) => {
    await liveApart(some, { limitMs, ended });
  });
  await inParallel(
    bugs.filter((bug) => !seen.has(bug)),
    async (bug) => {
      const seed = noted[bug];
      const ending = await firstWrong(
        bug,
        [...(seed === undefined ? [] : [seed]), ...LOOKED_THROUGH],
        limitMs,
      );
      if (!ending) console.log(`${bug}: NOT seen, neither by seed ${seed} nor by another one`);
      else if (ending.seed === seed) console.log(`${bug}: seen by seed ${seed}`);
      else console.log(`${bug}: seen by seed ${ending.seed}, not by seed ${seed}; --planted ${bug} notes it`);
      right &&= ending !== null;
    },
  );
  return right;
}
