import type { Ending } from './history.js';

/** A failing seed tells its story in a hundred lines. */
const LINES = 100;
const WRONG_LINES = 12;
/** Lines of one thing that is wrong: a stack has many. */
const WRONG_DEPTH = 4;
const LINE_LENGTH = 400;

const cut = (line: string): string => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line);

/** What was done and what is wrong, and how to see it again. */
export function reportOf({ seed, where, story, wrong, actions }: Ending): string {
  const found = wrong
    .slice(0, WRONG_LINES)
    .flatMap((line) => `  wrong: ${line.split('\n').slice(0, WRONG_DEPTH).join('\n    ')}`.split('\n'));
  const room = LINES - found.length - 3;
  const left = story.length - room;
  const told = left > 0 ? [`    … ${left} lines`, ...story.slice(-room)] : story;
  const again = `npm run simulate --${where === 'servers' ? ' --stores servers' : ''} --only ${seed}`;
  const these = actions.length > 0 ? `; only what happened here: --keep ${actions.join(',')}` : '';
  return [
    `seed ${seed} goes wrong:`,
    ...told.map(cut),
    ...found.map(cut),
    `  again: ${again} (shorter: --shrink${these})`,
  ].join('\n');
}
