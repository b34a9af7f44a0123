import { parseArgs } from 'node:util';
import type { Where } from './world.js';

/** What the program was asked to do. */
export interface Options {
  readonly seeds: readonly number[];
  /** Where the product keeps its data. */
  readonly stores: Where;
  /** Numbers of the actions that happen; null: all of them. */
  readonly keep: ReadonlySet<number> | null;
  readonly shrink: boolean;
  /** Ends at the first seed that goes wrong. */
  readonly first: boolean;
  /** Fails when something that must occur did not. */
  readonly coverage: boolean;
  /** Processes that share the seeds. */
  readonly processes: number;
  /** Searches each planted bug, or those named. */
  readonly planted: boolean;
  /** Lives the recorded seed of each planted bug, with it and without it. */
  readonly replay: boolean;
  /** Planted bugs by name; all when empty. */
  readonly names: readonly string[];
}

const NUMBERS = /^\d+(?:,\d+)*$/;

/** @throws Error for what makes no sense, with how it is used */
export function optionsFrom(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      stores: { type: 'string', default: 'embedded' },
      only: { type: 'string' },
      keep: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      first: { type: 'boolean', default: false },
      coverage: { type: 'boolean', default: false },
      processes: { type: 'string', default: '1' },
      planted: { type: 'boolean', default: false },
      replay: { type: 'boolean', default: false },
    },
  });
  const { stores } = values;
  if (stores !== 'embedded' && stores !== 'servers')
    throw new Error(`--stores ${stores}: embedded or servers`);
  const numbers = (name: string, text: string): number[] => {
    if (!NUMBERS.test(text)) throw new Error(`--${name} ${text}: whole numbers, with commas between them`);
    return text.split(',').map(Number);
  };
  const [from = 1] = numbers('from', values.from);
  const [count = 0] = numbers('seeds', values.seeds);
  const [processes = 1] = numbers('processes', values.processes);
  return {
    seeds:
      values.only === undefined
        ? Array.from({ length: count }, (_seed, index) => from + index)
        : numbers('only', values.only),
    stores,
    keep: values.keep === undefined ? null : new Set(numbers('keep', values.keep)),
    shrink: values.shrink,
    first: values.first,
    coverage: values.coverage,
    processes,
    planted: values.planted,
    replay: values.replay,
    names: positionals,
  };
}
