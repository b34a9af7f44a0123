import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';

jest.setTimeout(120_000);

const run = promisify(execFile);

const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('seatbook-demo-'));

it('`npm run demo` tells the whole story, and leaves nothing behind', async () => {
  const before = folders();
  const { stdout } = await run(process.execPath, ['apps/standalone/dist/demo.js'], { timeout: 110_000 });
  const chapters = stdout.split(/\n\d+\. /).slice(1);
  expect(chapters).toEqual([
    expect.stringMatching(/^Two locations are imported[^]*Berlin: 8 apps and books, 53 licences in use/),
    expect.stringMatching(/^25 devices enrol/),
    expect.stringMatching(/^Three apps are assigned[^]*52 assigned, 23 waiting/),
    expect.stringMatching(/^23 licences of Ledgerline are bought[^]*: 75 assigned/),
    expect.stringMatching(/75 installations: 72 installed, 3 failed \(3 user-rejected\)/),
    expect.stringMatching(
      /failed\. It is not installed: a person said no\.[^]*An order was placed[^]*The device told/,
    ),
    expect.stringMatching(/^The user was talked to[^]*3 installations: 3 installed/),
    expect.stringMatching(/^5 persons[^]*5 assigned\n[^]*has left/),
    expect.stringMatching(
      /^The counts[^]*Atelier Couleur: 12 of 25 in use[^]*Ledgerline: 28 of 28 in use, 0 available/,
    ),
    expect.stringMatching(/installed\. The app is installed\.[^]*The device told/),
  ]);
  // Of other apps nothing is told.
  expect(chapters[9]).not.toMatch(/Kartograf|Ledgerline/);
  expect(folders()).toEqual(before);
});
