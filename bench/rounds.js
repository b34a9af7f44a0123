import { cpus } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = /** @type {() => void} */ (runInNewContext('gc'));

/** @typedef {{ median: number, min: number, max: number }} Spread */

/**
 * @template A, B
 * @typedef {{ ours: A[], baseline: B[] }} Rounds
 */

/** Rounds of each kind that count. */
export const ROUNDS = 5;

/**
 * Runs ours and the baseline in turn, A B A B …, so that whatever the machine does besides meets both. One round of
 * each runs first and does not count: it warms up the compiler and the file system.
 * @template A, B
 * @param {{ ours: (round: number) => Promise<A>, baseline: (round: number, ours: A) => Promise<B>, rounds?: number }} work
 *   `baseline` is told what ours gave, so that it can do the very same work
 * @returns {Promise<Rounds<A, B>>}
 */
export async function inTurns({ ours, baseline, rounds = ROUNDS }) {
  /** @type {Rounds<A, B>} */
  const results = { ours: [], baseline: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const own = await ours(round);
    const other = await baseline(round, own);
    if (round === 0) continue;
    results.ours.push(own);
    results.baseline.push(other);
  }
  return results;
}

/**
 * @param {readonly number[]} values
 * @returns {Spread}
 */
export function spreadOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: percentile(sorted, 0.5),
    min: /** @type {number} */ (sorted[0]),
    max: /** @type {number} */ (sorted.at(-1)),
  };
}

/**
 * @param {readonly number[]} sorted
 * @param {number} share between 0 and 1
 */
export function percentile(sorted, share) {
  const place = Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1));
  return /** @type {number} */ (sorted[place]);
}

/** @param {readonly number[]} values */
export const p99 = (values) =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.99,
  );

/**
 * Milliseconds that something takes, and what it gave. Garbage of the rounds before is collected first.
 * @template T
 * @param {() => Promise<T> | T} work
 */
export async function timed(work) {
  collectGarbage();
  const started = performance.now();
  const value = await work();
  return { ms: performance.now() - started, value };
}

export const machine = () =>
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, ${process.platform}`;

/**
 * One ratio for each pair of rounds.
 * @param {readonly number[]} ours
 * @param {readonly number[]} baseline
 */
export const quotients = (ours, baseline) =>
  ours.map((value, round) => value / /** @type {number} */ (baseline[round]));
