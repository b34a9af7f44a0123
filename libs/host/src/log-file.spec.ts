import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from './log-file.js';

describe('a log in a file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'seatbook-log-file-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (name: string): string[] => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);

  it('is put aside when it has grown, and loses no line on the way', () => {
    const log = new LogFile(join(folder, 'a.log'), 1_000);
    for (let line = 0; line < 600; line += 1) log.write(`line ${line}\n`);
    const files = ['a.log.5', 'a.log.4', 'a.log.3', 'a.log.2', 'a.log.1', 'a.log'];
    expect(readdirSync(folder).sort()).toEqual([...files].sort());
    expect(files.flatMap(read)).toEqual(Array.from({ length: 600 }, (_line, index) => `line ${index}`));
    for (const file of files) {
      const { size, mode } = statSync(join(folder, file));
      expect(size).toBeLessThan(1_020);
      expect(mode & 0o777).toBe(0o600);
    }
  });

  it('tears no line, even if its text comes in pieces', () => {
    const log = new LogFile(join(folder, 'a.log'), 100);
    for (let line = 0; line < 20; line += 1)
      for (const piece of [`line ${line} with `, 'some text in ', 'four pieces', '\n']) log.write(piece);
    const files = readdirSync(folder).sort().reverse();
    expect(files.length).toBeGreaterThan(3);
    expect(files.flatMap(read).every((line) => /^line \d+ with some text in four pieces$/.test(line))).toBe(
      true,
    );
  });

  it('keeps what an earlier run wrote, and the last five that were put aside', () => {
    new LogFile(join(folder, 'a.log'), 100).write('before\n');
    const log = new LogFile(join(folder, 'a.log'), 100);
    log.write('after\n');
    expect(read('a.log')).toEqual(['before', 'after']);
    for (let line = 0; line < 1_000; line += 1) log.write(`line ${line}\n`);
    expect(readdirSync(folder)).toHaveLength(6);
    expect(read('a.log').at(-1)).toBe('line 999');
  });
});
