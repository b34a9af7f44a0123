import { Coverage, required } from './coverage.js';
import { live } from './history.js';
import { optionsFrom, type Options } from './options.js';
import { plantedBugs, replay, search } from './planted.js';
import { reportOf } from './report.js';
import { shrunk } from './shrink.js';

/** Lives the histories of the seeds. False when one goes wrong, or something that must occur did not. */
async function simulate({ seeds, keep, first, shrink, coverage }: Options): Promise<boolean> {
  const covered = new Coverage();
  const startedAt = performance.now();
  let wrong = 0;
  for (const [index, seed] of seeds.entries()) {
    let ending = await live(seed, keep ?? undefined);
    covered.addAll(ending.covered);
    if (ending.wrong.length > 0) {
      wrong += 1;
      if (shrink) ending = await shrunk(ending, ({ actions }) => console.log(`… ${actions.length} actions`));
      console.log(reportOf(ending));
      if (first) return false;
    }
    if ((index + 1) % 100 === 0) console.log(`${index + 1} of ${seeds.length} seeds, ${wrong} wrong`);
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  if (!first) console.log(`${covered.text()}\n${seeds.length} seeds in ${seconds} s, ${wrong} wrong`);
  const missing = coverage ? covered.missing(required()) : [];
  if (missing.length > 0) console.log(`never occurred: ${missing.join(', ')}`);
  return wrong === 0 && missing.length === 0;
}

const options = optionsFrom(process.argv.slice(2));
const bugs = options.names.length > 0 ? options.names : plantedBugs();
const right = options.planted
  ? await search(bugs, options.seeds)
  : options.replay
    ? await replay(bugs)
    : await simulate(options);
process.exitCode = right ? 0 : 1;
