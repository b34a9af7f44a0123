import type { Ending } from './history.js';

/** A failing seed tells its story in a hundred lines. */
const LINES = 100;
const WRONG_LINES = 12;
const LINE_LENGTH = 400;

const cut = (line: string): string => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line);

/** What was done and what is wrong, and how to see it again. */
export function reportOf({ seed, story, wrong, actions }: Ending): string {
  const found = wrong
    .slice(0, WRONG_LINES)
    .map((line) => `  wrong: ${cut(line.split('\n').slice(0, 4).join('\n    '))}`);
  const room = LINES - found.length - 3;
  const left = story.length - room;
  const told = left > 0 ? [`    … ${left} lines`, ...story.slice(-room)] : story;
  return [
    `seed ${seed} goes wrong:`,
    ...told.map(cut),
    ...found,
    `  again: npm run simulate -- --only ${seed} (shorter: --shrink; these actions: --keep ${actions.join(',')})`,
  ].join('\n');
}
