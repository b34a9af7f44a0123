import { spawnSync } from 'node:child_process';
import { lintErrors } from '@seatbook/test-support/lint-errors';

const SPEC = 'libs/kernel/src/planted.spec.ts';

it('a spec that sleeps is an error of npm run lint', async () => {
  const message = expect.stringMatching(/waits for a position or a condition/) as string;
  const sleep = 'await new Promise((resolve) => setTimeout(resolve, 50));';
  expect(await lintErrors(SPEC, sleep, 'no-restricted-syntax')).toEqual([message]);
  const pause = `import { setTimeout as pause } from 'node:timers/promises';`;
  expect(await lintErrors(SPEC, pause, 'no-restricted-imports')).toEqual([message]);
});

it('a folder that a spec leaves in the temporary directory fails the run', () => {
  const run = (spec: string): { status: number | null; stderr: string } =>
    spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import begin from './test/global-setup.js';
         import end from './test/global-teardown.js';
         import { mkdtempSync, rmSync } from 'node:fs';
         import { tmpdir } from 'node:os';
         begin(); ${spec}; end();`,
      ],
      { encoding: 'utf8' },
    );
  expect(run(`rmSync(mkdtempSync(tmpdir() + '/tidy-'), { recursive: true })`)).toMatchObject({ status: 0 });
  expect(run(`mkdtempSync(tmpdir() + '/left-')`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Specs left in the temporary directory: left-') as string,
  });
});
