import { Coverage } from './coverage.js';
import { Memory } from './memory.js';
import type { Options } from './options.js';
import { innocent, liveApart, type Lived, type Told } from './other-process.js';
import { reportOf } from './report.js';
import { shrunk } from './shrink.js';

/** What came of the seeds that were lived. */
export interface Outcome {
  readonly seeds: number;
  readonly wrongSeeds: readonly number[];
  /** What is wrong with the run as a whole. */
  readonly wrong: readonly string[];
  readonly covered: Coverage;
}

const TOLD_EVERY = 100;

/** What lives a history: the sources as they are, or with a bug planted into them. */
function historyWith(planted: string | null): Promise<typeof import('./history.js')> {
  const bug = planted === null ? '' : `?${new URLSearchParams({ planted }).toString()}`;
  return import(`./history.js${bug}`) as Promise<typeof import('./history.js')>;
}

/** Lives histories here, and tells the process that asked for it what becomes of each. */
export async function runHere(
  lives: readonly Lived[],
  { stores: where, keep, shrink }: Options,
  tell: (told: Told) => Promise<void>,
): Promise<void> {
  const memory = new Memory();
  for (const { seed, planted } of lives) {
    const { live } = await historyWith(planted);
    const lived = async (_seed: number, kept = keep ?? undefined) => {
      void tell({ told: 'begins', seed });
      return live(seed, { kept, where, told: (line) => void tell({ told: 'line', line }) });
    };
    let ending = await lived(seed);
    memory.note();
    if (shrink && ending.wrong.length > 0)
      ending = await shrunk(ending, ({ actions }) => console.log(`… ${actions.length} actions`), lived);
    const { covered, ...rest } = ending;
    await tell({ told: 'ended', ending: rest, counts: [...covered.counts] });
  }
  const grown = memory.grown();
  const counts = grown === null ? [] : ([['memory: given back', 1]] as const);
  await tell({ told: 'over', whole: { wrong: Memory.wrong(grown), counts } });
}

/** Shares the seeds out to processes of their own, and reports each that goes wrong. */
export async function runApart({
  seeds,
  stores,
  processes,
  keep,
  shrink,
  limitMs,
}: Options): Promise<Outcome> {
  const shares = Array.from({ length: processes }, (_share, number) =>
    seeds.filter((_seed, index) => index % processes === number),
  ).filter((share) => share.length > 0);
  const parameters = [
    ...(keep === null ? [] : ['--keep', [...keep].join(',')]),
    ...(shrink ? ['--shrink'] : []),
  ];
  const covered = new Coverage();
  const wrongSeeds: number[] = [];
  let lived = 0;
  const wholes = await Promise.all(
    shares.map((share) =>
      liveApart(innocent(share), {
        where: stores,
        parameters,
        limitMs,
        ended(ending) {
          covered.addAll(ending.covered);
          if (ending.wrong.length > 0) {
            wrongSeeds.push(ending.seed);
            console.log(reportOf(ending));
          }
          lived += 1;
          if (lived % TOLD_EVERY === 0)
            console.log(`${lived} of ${seeds.length} seeds, ${wrongSeeds.length} wrong`);
          return true;
        },
      }),
    ),
  );
  for (const { counts } of wholes) covered.addAll(Coverage.of(counts));
  return { seeds: seeds.length, wrongSeeds, wrong: wholes.flatMap(({ wrong }) => wrong), covered };
}
