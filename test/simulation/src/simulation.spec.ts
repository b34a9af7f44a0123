import { Coverage } from './coverage.js';
import { ACTIONS, live } from './history.js';
import { reportOf } from './report.js';

/** As many as let each kind of action happen; `npm run simulate` lives more of them. */
const SEEDS = ACTIONS.length;

it(`the histories of ${SEEDS} seeds end as they must`, async () => {
  const covered = new Coverage();
  const wrong: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const ending = await live(seed);
    covered.addAll(ending.covered);
    if (ending.wrong.length > 0) wrong.push(reportOf(ending));
  }
  console.log(covered.text());
  if (wrong.length > 0) throw new Error(wrong.join('\n\n'));
}, 300_000);

it('a seed makes the same history each time', async () => {
  const [first, second] = [await live(3), await live(3)];
  expect(second).toEqual(first);
});
