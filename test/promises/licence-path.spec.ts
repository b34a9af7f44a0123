import { existsSync, readFileSync } from 'node:fs';
import { DEFAULT_TIMINGS, licensingReactions, licensingStreams } from '@seatbook/licensing';

const page = readFileSync('docs/licence-path.md', 'utf8');

/** The rows of the table below a heading, each as the names in its cells. */
function tableBelow(heading: string): string[][][] {
  const part = page.slice(page.indexOf(`\n## ${heading}\n`)).split('\n## ')[1] ?? '';
  return part
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line.split('|').map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)),
    );
}

describe('the page on the way of a licence', () => {
  it('has every reaction, after events that it follows from', () => {
    const reactions = new Map(
      licensingReactions(DEFAULT_TIMINGS).map(({ name, handles }) => [name, handles]),
    );
    const rows = tableBelow('All reactions').map(([, name = [], when = []]) => ({ name: name.join(), when }));
    expect(rows.map(({ name }) => name).sort()).toEqual([...reactions.keys()].sort());
    const wrong = rows.filter(({ name, when }) => !when.every((type) => reactions.get(name)?.includes(type)));
    expect(wrong).toEqual([]);
  });

  it('has every step', () => {
    const steps = Object.values(licensingStreams(DEFAULT_TIMINGS)).flatMap(({ category, steps: byName }) =>
      Object.keys(byName).map((name) => [category, name]),
    );
    expect(
      tableBelow('All steps')
        .map((row) => row.flat())
        .sort(),
    ).toEqual(steps.sort());
  });

  it('names files and functions that are there', () => {
    const places = [...page.matchAll(/`(\w+)` in `([\w/.-]+\.ts)`/g)].map(([, name = '', path = '']) => ({
      name,
      path,
    }));
    expect(places.length).toBeGreaterThan(5);
    const missing = places.filter(({ name, path }) => {
      const found = [path, `libs/licensing/src/${path}`].find((place) => existsSync(place));
      return found === undefined || !new RegExp(`\\b${name}\\(`).test(readFileSync(found, 'utf8'));
    });
    expect(missing).toEqual([]);
  });
});
