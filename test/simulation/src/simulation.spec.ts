import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Coverage } from './coverage.js';
import { live, type Ending } from './history.js';
import { liveApart } from './other-process.js';
import { reportOf } from './report.js';
import { shrunk } from './shrink.js';

const PROGRAM = fileURLToPath(new URL('./simulate.ts', import.meta.url));
const TYPESCRIPT = new URL('../typescript.js', import.meta.url).href;
/** Both processors of a small machine, beside the other specs. */
const PROCESSES = 2;

/** Several times what it takes on a busy machine. */
const LONGEST_MS = 600_000;

/** The program as `npm run simulate` runs it, without the machinery of Jest. */
function simulate(...parameters: readonly string[]): Promise<{ status: number | null; output: string }> {
  const program = ['--enable-source-maps', '--import', TYPESCRIPT, PROGRAM, ...parameters];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });
}

it(
  '300 histories end as they must, and all that can happen has happened in them',
  async () => {
    const { status, output } = await simulate(
      '--seeds',
      '300',
      '--coverage',
      '--processes',
      String(PROCESSES),
    );
    if (status !== 0) throw new Error(output);
    process.stdout.write(`${output}\n`);
  },
  2 * LONGEST_MS,
);

/** The first seed never comes to its end, and lets nothing else have its turn. */
const ENDLESS = `+++ b/test/simulation/src/calm.ts
@@ -1,1 +1,1 @@
-  world.tell('all is calm from here on');
+  for (world.tell('all is calm from here on'); world.seed === 1; );
`;

it('a history that does not end is stopped and told, and those behind it are lived', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'simulation-'));
  const planted = join(folder, 'endless.patch');
  writeFileSync(planted, ENDLESS);
  const endings: Ending[] = [];
  const ended = (one: Ending): boolean => endings.push(one) > 0;
  await liveApart(
    [1, 16].map((seed) => ({ seed, planted })),
    { limitMs: 15_000, ended },
  );
  rmSync(folder, { recursive: true });
  expect(endings.map(({ seed, wrong }) => ({ seed, wrong }))).toEqual([
    { seed: 1, wrong: ['it had not ended after 15 s, and its process was killed'] },
    { seed: 16, wrong: [] },
  ]);
  expect(endings[0]?.story.at(-1)).toContain('all is calm from here on');
}, 600_000);

it('a seed makes the same history each time', async () => {
  const [first, second] = [await live(3), await live(3)];
  expect(second).toEqual(first);
});

const ending = (actions: readonly number[], wrong: readonly string[]): Ending => ({
  seed: 17,
  where: 'embedded',
  wrong,
  story: Array.from({ length: 500 }, (_line, index) => `line ${index}`),
  actions,
  covered: new Coverage(),
});

it('a history that goes wrong is told in a hundred lines, with the number that brings it back', () => {
  const report = reportOf(
    ending(
      [0, 1, 2],
      Array.from({ length: 50 }, (_line, index) => `wrong ${index}`),
    ),
  );
  const lines = report.split('\n');
  expect(lines.length).toBeLessThanOrEqual(100);
  expect(lines[0]).toBe('seed 17 goes wrong:');
  expect(report).toContain('line 499');
  expect(report).toContain('wrong: wrong 0');
  expect(report).toContain('npm run simulate -- --only 17');
});

it('a history that goes wrong is made shorter, down to what it takes', async () => {
  const needed = [3, 11];
  const lives: number[] = [];
  const again = async (_seed: number, kept?: ReadonlySet<number>): Promise<Ending> => {
    lives.push(kept?.size ?? 0);
    const wrong = needed.every((number) => kept?.has(number)) ? ['it is wrong'] : [];
    return ending([...(kept ?? [])], wrong);
  };
  const all = Array.from({ length: 30 }, (_action, index) => index);
  expect((await shrunk(ending(all, ['it is wrong']), () => undefined, again)).actions).toEqual(needed);
  expect(lives.length).toBeLessThan(100);
});
