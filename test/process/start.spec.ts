import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@seatbook/test-support/eventually';

const START = join(process.cwd(), 'apps/standalone/dist/start.js');
/** npm keeps a shell between itself and the script: both are there when npm is killed. */
const AS_NPM_DOES = `
  const { spawn } = require('node:child_process');
  const shell = spawn('sh', ['-c', 'node ${START}; exit $?'], { stdio: 'inherit' });
  shell.on('exit', (code) => process.exit(code ?? 1));
`;
/** A user who owns nothing; for those who may not become another user, themselves in a folder that they may not write to. */
const NOBODY = process.getuid?.() === 0 ? 65_534 : undefined;

type Part = 'npm' | 'shell' | 'start' | 'simulator' | 'product';

/** One `npm start` in a folder, with all its processes. */
class Started {
  readonly #npm;
  readonly ended: Promise<number | null>;
  #text = '';
  #listeners: (() => void)[] = [];

  constructor(folder: string, environment: NodeJS.ProcessEnv = {}, uid?: number) {
    this.#npm = spawn(process.execPath, ['-e', AS_NPM_DOES], {
      cwd: folder,
      env: {
        ...process.env,
        npm_lifecycle_event: 'start',
        SEATBOOK_PORT: '0',
        SIMULATOR_PORT: '0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    for (const stream of [this.#npm.stdout, this.#npm.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.#text += chunk;
        for (const listener of this.#listeners) listener();
      });
    }
    // Everything that holds our pipes has ended then: npm, shell, start, and both programs.
    this.ended = new Promise((resolve) => this.#npm.once('close', (code) => resolve(code)));
  }

  /** Everything that a user has seen. */
  get text(): string {
    return this.#text;
  }

  /** Resolves when the text has appeared; rejects if everything ended before. */
  async says(text: string): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.#text.includes(text)) resolve();
      };
      this.#listeners.push(look);
      void this.ended.then(() => reject(new Error(`ended without "${text}": ${this.#text}`)));
      look();
    });
    return this;
  }

  running(): Promise<this> {
    return this.says('Ctrl-C stops both');
  }

  get ownerKey(): string | undefined {
    return /sbk_[\w-]+/.exec(this.#text)?.[0];
  }

  get apple(): string {
    return /Apple {8}(\S+)/.exec(this.#text)?.[1] ?? '';
  }

  get url(): string {
    return /Seatbook {5}(\S+)/.exec(this.#text)?.[1] ?? '';
  }

  kill(part: Part, signal: 'SIGTERM' | 'SIGKILL'): void {
    const pid = this.#pids()[part];
    // Signalled as 0, it would be this process and all around it.
    if (pid === 0) throw new Error(`${part} does not run`);
    process.kill(pid, signal);
  }

  #pids(): Record<Part, number> {
    const npm = this.#npm.pid as number;
    const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .flatMap((row) => (row ? [{ pid: Number(row[1]), parent: Number(row[2]), args: row[3] ?? '' }] : []));
    const child = (parent: number, args: string): number =>
      rows.find((row) => row.parent === parent && row.args.includes(args))?.pid ?? 0;
    const shell = child(npm, 'sh -c');
    const start = child(shell, 'start.js');
    return {
      npm,
      shell,
      start,
      simulator: child(start, 'simulator/dist/main.js'),
      product: child(start, 'standalone/dist/main.js'),
    };
  }

  /** Ends it as a user does, however far it has got. */
  async stop(): Promise<number | null> {
    const { start } = this.#pids();
    if (start > 0) process.kill(start, 'SIGTERM');
    return this.ended;
  }
}

describe('npm start', () => {
  let folder: string;
  const all: Started[] = [];

  const start = (environment: NodeJS.ProcessEnv = {}, uid?: number): Started => {
    const started = new Started(folder, environment, uid);
    all.push(started);
    return started;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'seatbook-start-'));
  });

  afterEach(async () => {
    for (const started of all.splice(0)) await started.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const log = (name: string): string => readFileSync(join(folder, 'data/logs', name), 'utf8');

  /** Holds a port while `use` runs. */
  async function busyPort(use: (port: number) => Promise<void>): Promise<void> {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise<void>((resolve) => server.once('listening', resolve));
    try {
      await use((server.address() as AddressInfo).port);
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }

  it('names a busy port and the setting that changes it, and loses no owner key', async () => {
    for (const variable of ['SEATBOOK_PORT', 'SIMULATOR_PORT']) {
      await busyPort(async (port) => {
        const refused = start({ [variable]: String(port) });
        expect(await refused.ended).toBe(1);
        expect(refused.text.trim().split('\n')).toEqual([
          `Port ${port} on 127.0.0.1 is in use by another program. Stop that program, or choose another port: ${variable}=<port> npm start`,
        ]);
      });
    }
    expect((await start().running()).ownerKey).toBeDefined();
  });

  it('says once what is wrong with a port that is not a number', async () => {
    const refused = start({ SEATBOOK_PORT: 'threethousand' });
    expect(await refused.ended).toBe(1);
    expect(refused.text.match(/SEATBOOK_PORT/g)).toHaveLength(1);
    expect(refused.text).toContain('threethousand');
    expect(refused.text).not.toContain('NaN');
  });

  it('leaves nothing behind whatever is killed, starts again with its key and logs, and shows the key until it was used', async () => {
    let started = await start().running();
    const { ownerKey } = started;
    const authorization = `Bearer ${ownerKey}`;
    let shown: string | undefined = ownerKey;
    for (const part of ['npm', 'shell', 'start', 'product', 'simulator'] as const) {
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        // The shell does not pass SIGTERM on; the case of npm covers it.
        if (part === 'shell' && signal === 'SIGTERM') continue;
        started.kill(part, signal);
        await started.ended;
        const before = log('seatbook.log');
        started = await start().running();
        expect(log('seatbook.log').startsWith(before)).toBe(true);
        expect(started.ownerKey).toBe(shown);
        // Whoever has used the key knows the way.
        expect(started.text.includes('Import your first location')).toBe(shown !== undefined);
        const answer = await fetch(`${started.url}/api/v1/accounts`, { headers: { authorization } });
        expect({ part, signal, status: answer.status }).toEqual({ part, signal, status: 200 });
        shown = undefined;
      }
    }
  }, 300_000);

  it('lets one of two simultaneous starts win, and leaves the running one and its log alone afterwards', async () => {
    const both = [start(), start()];
    const winner = await Promise.any(both.map((one) => one.running()));
    const [loser] = both.filter((one) => one !== winner);
    expect(await loser?.ended).toBe(2);
    expect(loser?.text).toContain('Seatbook is already');
    const before = log('seatbook.log');
    const third = start();
    expect(await third.ended).toBe(2);
    expect(third.text).toContain(`Seatbook is already running at ${winner.url}`);
    expect(log('seatbook.log').startsWith(before)).toBe(true);
    expect((await fetch(`${winner.url}/livez`)).status).toBe(200);
  });

  it('starts over in a folder whose data was removed', async () => {
    const first = await start().running();
    const key = first.ownerKey;
    await first.stop();
    rmSync(join(folder, 'data'), { recursive: true });
    mkdirSync(join(folder, 'data'));
    const second = await start().running();
    expect(second.ownerKey).toBeDefined();
    expect(second.ownerKey).not.toBe(key);
  });

  it('says who may not write where, as another user', async () => {
    chmodSync(folder, 0o555);
    const refused = start({}, NOBODY);
    expect(await refused.ended).toBe(1);
    expect(refused.text.trim().split('\n')).toEqual([
      `The folder data cannot be created (EACCES). Start as a user who may write to ${folder}.`,
    ]);
    chmodSync(folder, 0o755);
  });

  it('refuses another user, and a log that was emptied, in a folder where it has been started before', async () => {
    const first = await start().running();
    await first.stop();
    const data = join(folder, 'data');
    const before = log('seatbook.log');
    chmodSync(folder, 0o755);
    chmodSync(data, 0o555);
    const stranger = start({}, NOBODY);
    expect(await stranger.ended).toBe(1);
    expect(stranger.text.trim().split('\n')).toEqual([
      `The folder data cannot be written to (EACCES). Start as the user who owns it.`,
    ]);
    chmodSync(data, 0o700);
    expect(log('seatbook.log')).toBe(before);

    const events = join(data, 'seatbook/events.db');
    const backup = readFileSync(events);
    writeFileSync(events, '');
    const refused = start();
    expect(await refused.ended).toBe(1);
    expect(refused.text).toContain(
      'it is empty, which no first start leaves behind; restore it from a backup',
    );
    expect(refused.text).not.toContain('sbk_');
    writeFileSync(events, backup);
    expect((await start().running()).ownerKey).toBe(first.ownerKey);
  });

  it('puts large logs aside, also while it runs', async () => {
    const names = ['seatbook.log', 'simulator.log'];
    mkdirSync(join(folder, 'data/logs'), { recursive: true });
    const full = 10 * 1024 * 1024;
    for (const name of names) writeFileSync(join(folder, 'data/logs', name), `${'x'.repeat(full - 2)}\n`);
    const started = await start({ SEATBOOK_LOG_LEVEL: 'debug' }).running();
    const ask = async (): Promise<void> => {
      await fetch(`${started.url}/livez`);
      await fetch(`${started.apple}/mdm/v2/service/config`);
    };
    // A start writes a few lines to the log that was there; the next ones find it too large.
    await eventually('they are put aside', async () => {
      await ask();
      return names.every((name) => existsSync(join(folder, 'data/logs', `${name}.1`)));
    });
    await eventually('they go on', async () => {
      await ask();
      return names.every((name) => log(name).endsWith('}\n'));
    });
    for (const name of names) {
      expect(log(`${name}.1`).startsWith('xxx')).toBe(true);
      expect(log(`${name}.1`).endsWith('}\n')).toBe(true);
      expect(log(name).startsWith('{')).toBe(true);
    }
  });
});
