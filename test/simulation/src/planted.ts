import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../planted/', import.meta.url);
const RECORD = new URL('seeds.json', FOLDER);
const PROGRAM = fileURLToPath(new URL('./simulate.ts', import.meta.url));
const TYPESCRIPT = new URL('../typescript.js', import.meta.url).href;

/** The seed that finds each planted bug; null: none that was tried. */
type Recorded = Readonly<Record<string, number | null>>;

/** Names of the patches. */
export const plantedBugs = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.patch'))
    .map((name) => name.slice(0, -'.patch'.length))
    .sort();

const recorded = (): Recorded => JSON.parse(readFileSync(RECORD, 'utf8')) as Recorded;

/** The first of these seeds that goes wrong in a process of its own, with the bug planted or without one. */
function firstWrong(
  bug: string | null,
  seeds: readonly number[],
): Promise<{ seed: number | null; output: string }> {
  const patch = bug === null ? {} : { PLANTED: fileURLToPath(new URL(`${bug}.patch`, FOLDER)) };
  const child = spawn(
    process.execPath,
    ['--import', TYPESCRIPT, PROGRAM, '--first', '--only', seeds.join(',')],
    { env: { ...process.env, ...patch }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      const found = /^seed (\d+) goes wrong/m.exec(output)?.[1];
      if (status !== 0 && found === undefined)
        reject(new Error(`${bug ?? 'without a bug'}: ${output.slice(-2_000)}`));
      else resolve({ seed: found === undefined ? null : Number(found), output });
    });
  });
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
export async function search(bugs: readonly string[], seeds: readonly number[]): Promise<boolean> {
  const found: Record<string, number | null> = { ...recorded() };
  for (const name of Object.keys(found)) if (!plantedBugs().includes(name)) delete found[name];
  await inParallel(bugs, async (bug) => {
    const { seed } = await firstWrong(bug, seeds);
    console.log(seed === null ? `${bug}: not found` : `${bug}: found by seed ${seed}`);
    found[bug] = seed;
    const sorted = Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileSync(RECORD, `${JSON.stringify(sorted, null, 2)}\n`);
  });
  return bugs.every((bug) => typeof found[bug] === 'number');
}

/** A change of the product gives its seeds other histories: then the bug is looked for among these. */
const LOOKED_THROUGH = Array.from({ length: 60 }, (_seed, index) => index + 1);

/**
 * Each bug with a recorded seed is seen by it, or by another one soon; no recorded seed goes wrong without a bug. What no
 * seed has found yet is named.
 */
export async function replay(asked: readonly string[]): Promise<boolean> {
  const seeds = recorded();
  const found = asked.flatMap((bug) => (typeof seeds[bug] === 'number' ? [{ bug, noted: seeds[bug] }] : []));
  const unfound = asked.filter((bug) => typeof seeds[bug] !== 'number');
  if (unfound.length > 0) console.log(`not found by any seed yet: ${unfound.join(', ')}`);
  let right = true;
  await inParallel(found, async ({ bug, noted }) => {
    const { seed } = await firstWrong(bug, [noted]);
    const seen = seed ?? (await firstWrong(bug, LOOKED_THROUGH)).seed;
    if (seen === null) console.log(`${bug}: NOT seen, neither by seed ${noted} nor by another one`);
    else if (seen === noted) console.log(`${bug}: seen by seed ${seen}`);
    else console.log(`${bug}: seen by seed ${seen}, no more by seed ${noted}; --planted ${bug} notes it`);
    right &&= seen !== null;
  });
  const all = [...new Set(found.map(({ noted }) => noted))].sort((a, b) => a - b);
  if (all.length === 0) return right;
  const { seed, output } = await firstWrong(null, all);
  if (seed !== null) console.log(output);
  return right && seed === null;
}
