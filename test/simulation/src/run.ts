import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Coverage } from './coverage.js';
import { live } from './history.js';
import { Memory } from './memory.js';
import type { Options } from './options.js';
import { reportOf } from './report.js';
import { shrunk } from './shrink.js';
import type { Where } from './world.js';

/** What came of the seeds that were lived. */
export interface Outcome {
  readonly seeds: number;
  readonly wrongSeeds: readonly number[];
  /** What is wrong with the run as a whole. */
  readonly wrong: readonly string[];
  readonly covered: Coverage;
}

/** An outcome as it is sent to another process. */
interface SentOutcome extends Omit<Outcome, 'covered'> {
  readonly counts: readonly (readonly [what: string, times: number])[];
}

const PROGRAM = fileURLToPath(new URL('./simulate.ts', import.meta.url));
const TYPESCRIPT = new URL('../typescript.js', import.meta.url).href;
const TOLD_EVERY = 100;

/** Lives the histories of the seeds here, and reports each that goes wrong. */
export async function runHere({ seeds, stores, keep, first, shrink }: Options): Promise<Outcome> {
  const covered = new Coverage();
  const memory = new Memory();
  const wrongSeeds: number[] = [];
  for (const [index, seed] of seeds.entries()) {
    let ending = await live(seed, keep ?? undefined, stores);
    covered.addAll(ending.covered);
    memory.note();
    if (ending.wrong.length > 0) {
      wrongSeeds.push(seed);
      if (shrink) ending = await shrunk(ending, ({ actions }) => console.log(`… ${actions.length} actions`));
      console.log(reportOf(ending));
      if (first) break;
    }
    if ((index + 1) % TOLD_EVERY === 0)
      console.log(`${index + 1} of ${seeds.length} seeds, ${wrongSeeds.length} wrong`);
  }
  const grown = memory.grown();
  if (grown !== null) covered.add('memory: given back');
  return { seeds: seeds.length, wrongSeeds, wrong: Memory.wrong(grown), covered };
}

/** Shares the seeds out to processes of their own. */
export async function runApart({ seeds, stores, processes }: Options): Promise<Outcome> {
  const shares = Array.from({ length: processes }, (_share, number) =>
    seeds.filter((_seed, index) => index % processes === number),
  ).filter((share) => share.length > 0);
  const outcomes = await Promise.all(shares.map((share) => shareOf(share, stores)));
  const covered = new Coverage();
  for (const outcome of outcomes) covered.addAll(Coverage.of(outcome.counts));
  return {
    seeds: seeds.length,
    wrongSeeds: outcomes.flatMap(({ wrongSeeds }) => wrongSeeds),
    wrong: outcomes.flatMap(({ wrong }) => wrong),
    covered,
  };
}

function shareOf(seeds: readonly number[], stores: Where): Promise<SentOutcome> {
  const child = fork(PROGRAM, ['--only', seeds.join(','), '--stores', stores], {
    execArgv: ['--enable-source-maps', '--import', TYPESCRIPT],
  });
  let outcome: SentOutcome | null = null;
  child.on('message', (sent) => (outcome = sent as SentOutcome));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (outcome) resolve(outcome);
      else reject(new Error(`a process that lived seeds ended with ${status} and said nothing`));
    });
  });
}

/** Tells the process that shared the seeds out what came of them; false where there is none. */
export function tellOutcome({ covered, ...outcome }: Outcome): boolean {
  if (!process.send) return false;
  process.send({ ...outcome, counts: [...covered.counts] } satisfies SentOutcome, () => process.disconnect());
  return true;
}
