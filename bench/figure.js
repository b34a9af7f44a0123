import { machine, spreadOf } from './rounds.js';

/**
 * One ratio of a figure. `floor` is for the build: noise does not cross it. `goal` is what we promise.
 * @typedef {{ what: string, values: readonly number[], floor: number, goal: number, atMost?: boolean, unit?: string }} Ratio
 */

/**
 * Measures one figure and prints it: what was done and how often, rates for scale, ratios to be held to. Ends the
 * process with 1 when a ratio does not reach its floor, and with an error when a result was wrong.
 * @param {{ name: string, title: string, measure: (say: (line: string) => void) => Promise<readonly Ratio[]> }} figure
 */
export async function figure({ name, title, measure }) {
  console.log(`\n${name}: ${title}`);
  console.log(`  on ${machine()}`);
  for (const ratio of await measure((line) => console.log(`  ${line}`))) {
    const { what, values, floor, goal, atMost = false, unit = '' } = ratio;
    const { median, min, max } = spreadOf(values);
    const reaches = (/** @type {number} */ bound) => (atMost ? median <= bound : median >= bound);
    const sign = atMost ? '≤' : '≥';
    const verdict = reaches(goal) ? 'goal reached' : reaches(floor) ? 'goal MISSED' : 'below the FLOOR';
    const spread = values.length > 1 ? ` (${shown(min)}–${shown(max)}, ${values.length} rounds)` : '';
    console.log(
      `  ${name} ${what}: ${shown(median)}${unit}${spread}; goal ${sign} ${goal}${unit}, floor ${sign} ${floor}${unit}: ${verdict}`,
    );
    if (!reaches(floor)) process.exitCode = 1;
  }
}

/** @param {number} value */
export const shown = (value) =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** @param {readonly number[]} rates */
export function rate(rates) {
  const { median, min, max } = spreadOf(rates);
  const whole = (/** @type {number} */ value) => Math.round(value).toLocaleString('en');
  return `${whole(median)}/s (${whole(min)}–${whole(max)})`;
}

/**
 * A rate is only worth something when the result is right.
 * @param {boolean} holds
 * @param {string} what
 * @returns {asserts holds}
 */
export function check(holds, what) {
  if (!holds) throw new Error(`wrong result: ${what}`);
}
