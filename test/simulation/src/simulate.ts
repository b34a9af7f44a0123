import { fastestFolder } from '../../fastest-folder.js';
import { required } from './coverage.js';
import { actionNames } from './history.js';
import { USAGE, UsageError, optionsFrom, type Options } from './options.js';
import type { Told } from './other-process.js';
import { plantedBugs, replay, search } from './planted.js';
import { runApart, runHere } from './run.js';

/** Lives the histories of the seeds. False when one goes wrong, or something that must occur did not. */
async function simulate(options: Options): Promise<boolean> {
  const startedAt = performance.now();
  const { seeds, wrongSeeds, wrong, covered } = await runApart(options);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${covered.text()}\n${seeds} seeds in ${seconds} s, ${wrongSeeds.length} wrong`);
  for (const line of wrong) console.log(`wrong: ${line}`);
  const missing = options.coverage ? covered.missing([...required(), ...actionNames]) : [];
  if (missing.length > 0) console.log(`never occurred: ${missing.join(', ')}`);
  return wrongSeeds.length === 0 && wrong.length === 0 && missing.length === 0;
}

async function asked(options: Options): Promise<boolean> {
  const { planted, names, seeds, limitMs } = options;
  if (planted === null) return simulate(options);
  const bugs = names.length > 0 ? names : plantedBugs();
  return planted === 'search' ? search(bugs, seeds, limitMs) : replay(bugs, limitMs);
}

/** Those of the command line; ends the program where they make no sense, or ask for nothing to be lived. */
function optionsAsked(): Options {
  try {
    const asked = optionsFrom(process.argv.slice(2), plantedBugs());
    if (asked) return asked;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

process.env['TMPDIR'] = fastestFolder();
const options = optionsAsked();
if (process.send) {
  // The process that asked for these seeds has heard what came of them, or is gone, perhaps since this one began.
  process.once('disconnect', () => process.exit());
  if (!process.connected) process.exit();
  const tell = (told: Told): Promise<void> => new Promise((resolve) => process.send?.(told, () => resolve()));
  const planted = JSON.parse(process.env['PLANTED_IN_EACH'] ?? '[]') as (string | null)[];
  const lives = options.seeds.map((seed, index) => ({ seed, planted: planted[index] ?? null }));
  await runHere(lives, options, tell);
  process.disconnect();
} else {
  process.exitCode = (await asked(options)) ? 0 : 1;
}
