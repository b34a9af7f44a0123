import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const rows = readFileSync('docs/glossary.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\|\s*(term|-)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, term = '', meaning = '', code = '']) => ({ term, meaning, code }));

const sources = ['apps', 'libs']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.ts$/.test(path) && !/\.spec\.ts$|node_modules|[\\/]dist[\\/]/.test(path))
      .map((path) => readFileSync(join(folder, path), 'utf8')),
  )
  .join('\n');

describe('the glossary', () => {
  it('explains each term once', () => {
    const terms = rows.map(({ term }) => term);
    expect(terms.length).toBeGreaterThan(0);
    expect(terms.filter((term, index) => terms.indexOf(term) !== index)).toEqual([]);
    expect(rows.filter(({ meaning }) => meaning === '')).toEqual([]);
  });

  it('names only what is in the code', () => {
    const named = rows.flatMap(({ code }) => [...code.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
    const unknown = named.filter((name) =>
      name.includes('/')
        ? !existsSync(name)
        : !new RegExp(`\\b${name.replace(/\./g, '\\.')}\\b`).test(sources),
    );
    expect(unknown).toEqual([]);
  });
});
