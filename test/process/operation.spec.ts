import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Processes, type Answer, type Json } from '@seatbook/test-support/processes';
import { UID, atApple, importLocation, serials } from '@seatbook/test-support/process-location';

const run = promisify(execFile);

const APP = '900000001';
const OWNED = 50;

interface OrderBody extends Json {
  readonly orderId: string;
  readonly state: string;
  readonly position: number;
  readonly progress: Readonly<Record<string, number>>;
}

/** The commands of a page, a block of shell each. */
function commandsOf(page: string): readonly string[] {
  const text = readFileSync(join('docs', page), 'utf8');
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, command = '']) => command);
}

/** What systemd is told to set and to run. */
function unit(): { readonly command: string; readonly environment: readonly string[] } {
  const text = /```ini\n([\s\S]*?)```/.exec(readFileSync('docs/operation.md', 'utf8'))?.[1] ?? '';
  const command = /^ExecStart=\/usr\/bin\/node (.+)$/m.exec(text)?.[1] ?? '';
  return { command, environment: [...text.matchAll(/^Environment=(.+)$/gm)].map(([, line = '']) => line) };
}

describe('the pages for operators', () => {
  const processes = new Processes();
  beforeAll(async () => {
    await processes.start();
    await importLocation(processes, [APP], OWNED);
  });
  afterAll(() => processes.close());

  const assign = (count: number, from: number): Promise<Answer<OrderBody>> =>
    processes.api<OrderBody>(
      'POST',
      '/orders',
      { kind: 'AssignLicense', accountId: UID, assetIds: [APP], serialNumbers: serials(count, from) },
      { prefer: 'wait=60' },
    );

  /** Runs a command as the page has it, with our folders in place of its own. */
  async function runAsWritten(command: string, folders: Readonly<Record<string, string>>): Promise<string> {
    let written = command;
    for (const [theirs, ours] of Object.entries(folders)) {
      expect(written).toContain(theirs);
      written = written.replaceAll(theirs, ours);
    }
    return (await run('bash', ['-euc', written])).stdout;
  }

  it('a backup that is made while Seatbook runs is restored as the page says, and what was lost is given again', async () => {
    expect((await assign(10, 0)).body.state).toBe('finished');
    const [backup = '', verify = ''] = commandsOf('operation.md');
    const target = join(processes.folder, 'backup');
    const said = await runAsWritten(backup, {
      '/var/lib/seatbook': processes.data,
      '/backup/2026-11-24': target,
    });
    expect(said).toMatch(/holds \d+ events in \d+ streams and is sound/);
    expect(await runAsWritten(verify, { '/var/lib/seatbook': processes.data })).toContain('is sound');
    expect(readdirSync(target)).toEqual(['events.db']);
    const lost = await assign(5, 10);
    expect(lost.body.progress['assigned']).toBe(5);

    expect(await processes.stopProduct()).toBe(0);
    const away = join(processes.folder, 'away');
    renameSync(processes.data, away);
    mkdirSync(processes.data, { mode: 0o700 });
    copyFileSync(join(target, 'events.db'), join(processes.data, 'events.db'));
    copyFileSync(join(away, 'seatbook.key'), join(processes.data, 'seatbook.key'));
    await processes.startProduct();
    await processes.eventually('it is ready', () => processes.isReady());

    expect((await processes.api('GET', `/orders/${lost.body.orderId}`)).status).toBe(404);
    // Far beyond the end: the start itself has written a little.
    const beyond = await processes.api('GET', `/accounts?position=${lost.body.position + 100_000}`);
    expect(beyond.body).toMatchObject({ code: 'INVALID_POSITION' });
    expect((await processes.api('POST', `/accounts/${UID}/syncs`)).status).toBe(202);
    const again = await assign(5, 10);
    expect(again.body.state).toBe('finished');
    expect((await atApple(processes)).get(APP)).toEqual(serials(15));
  }, 300_000);

  it('the commands that start it are those that there are, with settings that there are', async () => {
    const [install = '', start = ''] = (commandsOf('going-live.md')[0] ?? '').trim().split('\n');
    const scripts = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Json }).scripts;
    expect(install).toBe('npm ci && npm run build');
    expect(scripts).toHaveProperty('build');
    const program = / node (\S+)$/.exec(start)?.[1] ?? '';
    expect(existsSync(program)).toBe(true);
    expect(unit().command).toBe(program);
    const configuration = readFileSync('libs/host/CONFIGURATION.md', 'utf8');
    const pages = ['going-live.md', 'operation.md'].map((page) => readFileSync(join('docs', page), 'utf8'));
    const named = new Set(pages.flatMap((page) => page.match(/SEATBOOK_[A-Z_]+/g) ?? []));
    expect(named.size).toBeGreaterThanOrEqual(5);
    for (const setting of named) expect(configuration).toContain(`\`${setting}\``);
  });

  it('the unit of systemd starts it, and SIGTERM ends it in order within its limit', async () => {
    const { command, environment } = unit();
    const folder = join(processes.folder, 'unit');
    const settings = Object.fromEntries(
      environment.map((line) => {
        const [name = '', value = ''] = line.split('=');
        return [name, value.replace('/var/lib/seatbook', folder)];
      }),
    );
    expect(settings).toHaveProperty('SEATBOOK_DATA', folder);
    const child = execFile(process.execPath, [command], {
      env: { PATH: process.env['PATH'], SEATBOOK_PORT: '0', ...settings },
    });
    let said = '';
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (text: string) => {
        said += text;
        if (said.includes('"msg":"ready"')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
    });
    await ready;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    // The key of a first start is in the journal, as the page says.
    expect(said).toMatch(/sbk_[\w-]{40,}/);
  }, 120_000);
});
