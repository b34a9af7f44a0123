import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Milliseconds } from '@seatbook/kernel';
import { Coverage } from './coverage.js';
import type { Ending } from './history.js';
import type { Where } from './world.js';

const PROGRAM = fileURLToPath(new URL('./simulate.ts', import.meta.url));
const TYPESCRIPT = new URL('../typescript.js', import.meta.url).href;
/** What is kept of what a process said before it broke. */
const LAST_WORDS = 2_000;

type Counts = readonly (readonly [what: string, times: number])[];

/** What a process that lives histories tells the one that started it. */
export type Told =
  | { readonly told: 'begins'; readonly seed: number }
  | { readonly told: 'line'; readonly line: string }
  | { readonly told: 'ended'; readonly ending: Omit<Ending, 'covered'>; readonly counts: Counts }
  | { readonly told: 'over'; readonly whole: Whole };

/** A history to be lived. */
export interface Lived {
  readonly seed: number;
  /** A file with a bug that is planted into the sources for this one. */
  readonly planted: string | null;
}

/** What is found of a process when all its seeds are lived. */
export interface Whole {
  readonly wrong: readonly string[];
  readonly counts: Counts;
}

const NOTHING: Whole = { wrong: [], counts: [] };

/** Nothing is planted. */
export const innocent = (seeds: readonly number[]): readonly Lived[] =>
  seeds.map((seed) => ({ seed, planted: null }));

export interface OtherProcess {
  /** Further parameters of the program. */
  readonly parameters?: readonly string[];
  /** Where the product keeps its data. */
  readonly where?: Where;
  /** A seed that takes longer, by the clock on the wall, has its process killed. */
  readonly limitMs: Milliseconds;
  /** Told of each life that has ended. False: no further one is lived. */
  readonly ended: (ending: Ending, life: Lived) => boolean;
}

/**
 * Lives histories one after the other in a process of their own. One that does not end in time, or whose process breaks,
 * has gone wrong; those behind it are lived in another process.
 * @throws Error when a process breaks before it lives a seed
 */
export async function liveApart(lives: readonly Lived[], options: OtherProcess): Promise<Whole> {
  const left = [...lives];
  while (left.length > 0) {
    const whole = await liveUntilBroken(left, options);
    if (whole) return whole;
  }
  return NOTHING;
}

/** Takes the lives that have ended out of the list. Null when the process broke at one of them. */
function liveUntilBroken(
  left: Lived[],
  { parameters = [], where = 'embedded', limitMs, ended }: OtherProcess,
): Promise<Whole | null> {
  // One that is killed cannot remove what it has written.
  const folder = mkdtempSync(join(tmpdir(), 'seeds-'));
  const asked = ['--only', left.map(({ seed }) => seed).join(','), '--stores', where, ...parameters];
  const planted = left.map(({ planted: bug }) => bug);
  // Where a bug is planted nobody reads traces, and reading maps for them takes as long as a part of a history.
  const traced = planted.every((bug) => bug === null);
  const child = fork(PROGRAM, asked, {
    execArgv: [...(traced ? ['--enable-source-maps'] : []), '--import', TYPESCRIPT],
    env: { ...process.env, TMPDIR: folder, PLANTED_IN_EACH: JSON.stringify(planted) },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let lastWords = '';
  child.stderr?.on(
    'data',
    (chunk: Buffer) => (lastWords = `${lastWords}${chunk.toString()}`.slice(-LAST_WORDS)),
  );
  let living: { readonly seed: number; readonly story: string[] } | null = null;
  let limit: NodeJS.Timeout | undefined;
  let late = false;
  let whole: Whole | null = null;
  const enough = (): void => {
    whole = NOTHING;
    child.kill();
  };
  child.on('message', (message) => {
    const said = message as Told;
    switch (said.told) {
      case 'begins':
        living = { seed: said.seed, story: [] };
        limit = setTimeout(() => (late = child.kill('SIGKILL')), limitMs);
        break;
      case 'line':
        living?.story.push(said.line);
        break;
      case 'ended':
        clearTimeout(limit);
        living = null;
        if (!ended({ ...said.ending, covered: Coverage.of(said.counts) }, left.shift() as Lived)) enough();
        break;
      case 'over':
        ({ whole } = said);
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(limit);
      rmSync(folder, { recursive: true, force: true });
      const end = `its process ended by ${signal ?? status}: ${lastWords}`;
      if (whole) return resolve(whole);
      if (!living) return reject(new Error(`before a seed was lived, ${end}`));
      const life = left.shift() as Lived;
      const wrong = [late ? `it had not ended after ${limitMs / 1_000} s, and its process was killed` : end];
      const ending = { ...living, where, wrong, broke: true, actions: [], covered: new Coverage() };
      resolve(ended(ending, life) ? null : NOTHING);
    });
  });
}
