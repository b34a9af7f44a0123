import { fastestFolder } from '../../fastest-folder.js';
import { required } from './coverage.js';
import { actionNames } from './history.js';
import { optionsFrom, type Options } from './options.js';
import { plantedBugs, replay, search } from './planted.js';
import { runApart, runHere, tellOutcome } from './run.js';

/** Lives the histories of the seeds. False when one goes wrong, or something that must occur did not. */
async function simulate(options: Options): Promise<boolean> {
  const startedAt = performance.now();
  const outcome = options.processes > 1 ? await runApart(options) : await runHere(options);
  const { seeds, wrongSeeds, wrong, covered } = outcome;
  if (tellOutcome(outcome)) return wrongSeeds.length === 0 && wrong.length === 0;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  if (!options.first)
    console.log(`${covered.text()}\n${seeds} seeds in ${seconds} s, ${wrongSeeds.length} wrong`);
  for (const line of wrong) console.log(`wrong: ${line}`);
  const missing = options.coverage ? covered.missing([...required(), ...actionNames]) : [];
  if (missing.length > 0) console.log(`never occurred: ${missing.join(', ')}`);
  return wrongSeeds.length === 0 && wrong.length === 0 && missing.length === 0;
}

process.env['TMPDIR'] = fastestFolder();
const options = optionsFrom(process.argv.slice(2));
const bugs = options.names.length > 0 ? options.names : plantedBugs();
const right = options.planted
  ? await search(bugs, options.seeds)
  : options.replay
    ? await replay(bugs)
    : await simulate(options);
process.exitCode = right ? 0 : 1;
