import { parseArgs } from 'node:util';
import type { Milliseconds } from '@seatbook/kernel';
import type { Where } from './world.js';

/** What the program was asked to do. */
export interface Options {
  readonly seeds: readonly number[];
  /** Where the product keeps its data. */
  readonly stores: Where;
  /** Numbers of what happens; null: all of it. */
  readonly keep: ReadonlySet<number> | null;
  readonly shrink: boolean;
  /** Fails when something that must occur did not. */
  readonly coverage: boolean;
  /** Processes that share the seeds. */
  readonly processes: number;
  /** A seed that takes longer, by the clock on the wall, goes wrong. */
  readonly limitMs: Milliseconds;
  /** Searches the seed that finds each planted bug, or lives the noted ones, with the bug and without it. */
  readonly planted: 'search' | 'replay' | null;
  /** Planted bugs by name; all when empty. */
  readonly names: readonly string[];
}

/** What is asked of the program makes no sense: nothing is lived. */
export class UsageError extends Error {}

export const USAGE = `Usage: npm run simulate -- [options]
  --seeds N          lives so many seeds (100)
  --from N           the first of them (1)
  --only N[,N]       these seeds instead
  --keep N[,N]       of a history only what has these numbers: 0 is its beginning, 1 its first action
  --shrink           looks for a shorter history that goes wrong
  --coverage         fails also when something that must occur did not
  --processes N      shares the seeds out to so many processes (1)
  --stores WHERE     where data are kept: embedded, or servers (embedded)
  --limit SECONDS    what a seed may take by the clock on the wall (180)
  --planted [NAME …] searches the seed that finds each planted bug, and notes it
  --replay [NAME …]  lives the noted seeds, with their bugs and without
  --help             prints this`;

const NUMBERS = /^\d+(?:,\d+)*$/;
const NUMBER = /^\d+$/;

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        seeds: { type: 'string', default: '100' },
        from: { type: 'string', default: '1' },
        stores: { type: 'string', default: 'embedded' },
        only: { type: 'string' },
        keep: { type: 'string' },
        shrink: { type: 'boolean', default: false },
        coverage: { type: 'boolean', default: false },
        processes: { type: 'string', default: '1' },
        limit: { type: 'string', default: '180' },
        planted: { type: 'boolean', default: false },
        replay: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    // What follows the first sentence is how a program takes positionals that look like options.
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

function numbers(name: string, text: string): number[] {
  if (!NUMBERS.test(text))
    throw new UsageError(`--${name} ${text}: expected whole numbers, with commas between them`);
  return text.split(',').map(Number);
}

function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!NUMBER.test(text) || value < least)
    throw new UsageError(`--${name} ${text}: expected a whole number from ${least} on`);
  return value;
}

/**
 * Null: asked how it is used.
 * @throws UsageError for what makes no sense
 */
export function optionsFrom(argv: readonly string[], bugs: readonly string[]): Options | null {
  const { values, positionals: names } = parsed(argv);
  if (values.help) return null;
  const { stores, planted, replay } = values;
  if (stores !== 'embedded' && stores !== 'servers')
    throw new UsageError(`--stores ${stores}: expected embedded or servers`);
  if (planted && replay) throw new UsageError('--planted and --replay: expected one of them');
  for (const name of names) {
    if (!planted && !replay) throw new UsageError(`${name}: only --planted and --replay take names`);
    if (!bugs.includes(name)) throw new UsageError(`${name}: no planted bug has this name`);
  }
  const from = number('from', values.from, 0);
  const count = number('seeds', values.seeds, 1);
  return {
    seeds:
      values.only === undefined
        ? Array.from({ length: count }, (_seed, index) => from + index)
        : numbers('only', values.only),
    stores,
    keep: values.keep === undefined ? null : new Set(values.keep === '' ? [] : numbers('keep', values.keep)),
    shrink: values.shrink,
    coverage: values.coverage,
    processes: number('processes', values.processes, 1),
    limitMs: number('limit', values.limit, 1) * 1_000,
    planted: planted ? 'search' : replay ? 'replay' : null,
    names,
  };
}
