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
      coverage: { type: 'boolean', default: false },
      processes: { type: 'string', default: '1' },
      limit: { type: 'string', default: '180' },
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
  const [seconds = 0] = numbers('limit', values.limit);
  return {
    seeds:
      values.only === undefined
        ? Array.from({ length: count }, (_seed, index) => from + index)
        : numbers('only', values.only),
    stores,
    keep: values.keep === undefined ? null : new Set(values.keep === '' ? [] : numbers('keep', values.keep)),
    shrink: values.shrink,
    coverage: values.coverage,
    processes,
    limitMs: seconds * 1_000,
    planted: values.planted ? 'search' : values.replay ? 'replay' : null,
    names: positionals,
  };
}
