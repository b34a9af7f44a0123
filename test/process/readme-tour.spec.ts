import { execFile, fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@seatbook/test-support/eventually';

const run = promisify(execFile);

interface Step {
  readonly command: string;
  /** The output that the README shows; null if it shows none. */
  readonly shown: string | null;
}

/** The commands of the tour with the output that the README shows for them. */
function tour(): Step[] {
  const readme = readFileSync('README.md', 'utf8');
  const part = readme.slice(readme.indexOf('## Five minutes'), readme.indexOf('## Map of the code'));
  const steps: Step[] = [];
  for (const [, language, text = ''] of part.matchAll(/```(sh)?\n([\s\S]*?)```/g)) {
    if (language === 'sh') steps.push({ command: text, shown: null });
    else steps.push({ command: steps.pop()?.command ?? '', shown: text.trim() });
  }
  return steps;
}

/** `…` matches anything; ids and times differ each time. */
function pattern(shown: string): RegExp {
  const escaped = shown.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const source = escaped
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '[0-9a-f-]{36}')
    .replace(
      /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\\\.\d{3}Z/g,
      '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z',
    )
    .replace(/\s*…\s*/g, '[\\s\\S]*');
  return new RegExp(`^${source}$`);
}

describe('the tour of the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seatbook-tour-'));
  let started: ChildProcess;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    started = fork(join(process.cwd(), 'apps/standalone/dist/start.js'), {
      cwd: folder,
      env: { ...process.env, SEATBOOK_PORT: '0', SIMULATOR_PORT: '0' },
      execArgv: [],
      silent: true,
    });
    started.stdout?.resume();
    const { listening, ownerKey } = await new Promise<{ listening: number; ownerKey: string }>(
      (resolve, reject) => {
        started.once('message', resolve);
        started.once('exit', (code) => reject(new Error(`it ended at once: ${code}`)));
      },
    );
    environment = {
      ...process.env,
      KEY: ownerKey,
      S: `http://127.0.0.1:${listening}/api/v1`,
      H: `Authorization: Bearer ${ownerKey}`,
      J: 'Content-Type: application/json',
    };
  });

  afterAll(async () => {
    const ended = new Promise<number | null>((resolve) => started.once('exit', resolve));
    started.kill('SIGTERM');
    expect(await ended).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows what the product answers', async () => {
    const steps = tour().filter(({ shown }) => shown !== null);
    expect(steps.length).toBeGreaterThanOrEqual(6);
    for (const { command, shown } of steps) {
      if (command.includes('$S/assets |')) await firstRead();
      const { stdout } = await run('bash', ['-euc', command], { cwd: folder, env: environment });
      expect(stdout.trim()).toMatch(pattern(shown ?? ''));
    }
  });

  it('sets the variables that its commands use', () => {
    const [key, variables] = tour();
    expect(key?.command).toContain('KEY=');
    for (const name of ['S', 'H', 'J']) expect(variables?.command).toContain(`${name}=`);
  });

  /** What Apple holds is read a moment after the import. */
  async function firstRead(): Promise<void> {
    await eventually('the first read is completed', async () => {
      const headers = { authorization: `Bearer ${environment['KEY']}` };
      const answer = await fetch(`${environment['S']}/accounts/7700000000000001`, { headers });
      const account = (await answer.json()) as { firstRead: { completed: boolean } };
      return account.firstRead.completed;
    });
  }
});
