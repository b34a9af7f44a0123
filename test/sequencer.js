import sequencer from '@jest/test-sequencer';

/**
 * Its types describe the CommonJS build; what is imported here is the class itself.
 * @type {typeof import('@jest/test-sequencer').default}
 */
const Sequencer = /** @type {any} */ (sequencer);

/**
 * About how long a spec in these folders takes, in milliseconds; one elsewhere takes a second.
 * @type {Readonly<Record<string, number>>}
 */
const ABOUT = {
  '/test/process/': 60_000,
  '/test/simulation/': 120_000,
  '/test/licence-path/': 20_000,
  '/stores/eventstoredb/': 20_000,
  '/test/e2e/': 10_000,
};

/** @param {{ readonly path: string }} test */
const about = ({ path }) => ABOUT[Object.keys(ABOUT).find((folder) => path.includes(folder)) ?? ''] ?? 1_000;

/**
 * Begins with what takes longest, so that a run does not end with one busy worker beside idle ones. Jest does that by
 * itself where it knows from earlier runs how long each spec took, but not on a fresh clone.
 */
export default class LongestFirst extends Sequencer {
  /** @override @param {import('@jest/test-result').Test[]} tests */
  async sort(tests) {
    const sorted = await super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    return sorted.sort((one, other) => about(other) - about(one));
  }
}
