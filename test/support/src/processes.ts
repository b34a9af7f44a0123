import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';

const PRODUCT = join(process.cwd(), 'apps/standalone/dist/main.js');
const SIMULATOR = join(process.cwd(), 'apps/simulator/dist/main.js');
const API = '/api/v1';
/** The owner key of every product that specs start as a process. */
export const OWNER_KEY = 'test-owner-key-0123456789-0123456789-0123456789';

export interface Json {
  readonly [name: string]: unknown;
}

export interface Answer<T = Json> {
  readonly status: number;
  readonly body: T;
}

/** Asks the API that listens at a port, by the path below its root. */
export async function askApi<T = Json>(
  port: number | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<T>> {
  const response = await fetch(`http://127.0.0.1:${port}${API}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${OWNER_KEY}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T };
}

/** Lines of an answer of JSON lines. */
export async function linesOfApi<T = Json>(port: number | undefined, path: string): Promise<T[]> {
  const response = await fetch(`http://127.0.0.1:${port}${API}${path}`, {
    headers: { authorization: `Bearer ${OWNER_KEY}` },
  });
  return (await response.text()).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]));
}

/** Keys between the product and the simulated MDM server. */
const MDM_KEYS = { apiKey: 'mdm-api-key-of-specs', webhookKey: 'mdm-webhook-key-of-specs' };

/** A port that systems give to nobody who did not ask for it: it is still free when the product starts again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** A message that a child sends when it gets that far. */
export function messageOf<T>(
  child: ChildProcess,
  name: 'listening' | 'ready' | 'addresses',
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Record<string, T>) => {
      const value = message[name];
      if (value !== undefined) resolve(value);
    });
    child.once('exit', (code, signal) =>
      reject(new Error(`${what} ended before it was ${name}: ${code ?? signal}`)),
    );
  });
}

/** The built product and the built simulator, each a process of its own, as a user runs them. */
export class Processes {
  readonly folder = mkdtempSync(join(tmpdir(), 'seatbook-process-'));
  /** The data folder of the product. */
  readonly data = join(this.folder, 'data');
  readonly log = join(this.folder, 'product.log');
  #simulator!: ChildProcess;
  #simulatorPort = 0;
  #product: ChildProcess | null = null;
  #port = 0;
  #sampler: NodeJS.Timeout | null = null;
  peakRssBytes = 0;

  /** `mdm`: the MDM server of the simulator is connected. */
  constructor(
    private readonly environment: Readonly<Record<string, string>> = {},
    private readonly mdm = false,
  ) {}

  async start(): Promise<void> {
    this.#simulator = fork(SIMULATOR, {
      env: { ...process.env, SIMULATOR_PORT: '0', SIMULATOR_SCENARIO: 'empty', SIMULATOR_SEED: '1' },
      execArgv: [],
      silent: true,
    });
    this.#simulator.stdout?.resume();
    this.#simulatorPort = await messageOf<number>(this.#simulator, 'listening', 'the simulator');
    this.#port = await freePort();
    if (this.mdm)
      await this.apple('POST', '/devices/mdm', { ...MDM_KEYS, webhookUrl: `${this.#url}/mdm/webhook` });
    await this.startProduct();
  }

  get #url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get #mdmSettings(): Readonly<Record<string, string>> {
    return {
      SEATBOOK_NANO_MDM_URL: `http://127.0.0.1:${this.#simulatorPort}/nanomdm`,
      SEATBOOK_NANO_MDM_API_KEY: MDM_KEYS.apiKey,
      SEATBOOK_NANO_MDM_WEBHOOK_KEY: MDM_KEYS.webhookKey,
    };
  }

  /** Resolves when it is ready. */
  async startProduct(): Promise<void> {
    await messageOf<true>(this.forkProduct(), 'ready', 'the product');
  }

  forkProduct(): ChildProcess {
    const child = fork(PRODUCT, {
      env: {
        ...process.env,
        SEATBOOK_PORT: String(this.#port),
        SEATBOOK_DATA: this.data,
        SEATBOOK_OWNER_KEY: OWNER_KEY,
        SEATBOOK_PUBLIC_URL: this.#url,
        SEATBOOK_ALLOW_HTTP_CALLBACKS: 'true',
        SEATBOOK_APPLE_BASE_URL: `http://127.0.0.1:${this.#simulatorPort}/mdm/v2`,
        ...(this.mdm && this.#mdmSettings),
        ...this.environment,
      },
      execArgv: [],
      silent: true,
    });
    const log = createWriteStream(this.log, { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    this.#product = child;
    return child;
  }

  /** SIGKILL; resolves when the process has ended. */
  async kill(): Promise<void> {
    const child = this.#product;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** SIGTERM; resolves with the exit code. */
  async stopProduct(): Promise<number | null> {
    const child = this.#product;
    if (!child) return null;
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    return gone;
  }

  get pid(): number {
    const pid = this.#product?.pid;
    if (pid === undefined) throw new Error('the product does not run');
    return pid;
  }

  /**
   * Lets the product write no file beyond this size; null: as large as it likes. The kernel refuses what is beyond, as a
   * full disk does, for any user and on any file system. With 0 nothing can be written at all.
   */
  limitFileSize(bytes: number | null): void {
    execFileSync('prlimit', ['--pid', String(this.pid), `--fsize=${bytes ?? 'unlimited'}:`]);
  }

  /** Freezes the product after that time; its connections stay open. */
  async freezeAfter(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        this.#product?.kill('SIGSTOP');
        resolve();
      }, ms);
    });
  }

  /** Samples the resident memory of the product every second. */
  watchMemory(): void {
    const sample = (): void => {
      const status = `/proc/${this.#product?.pid}/status`;
      if (!existsSync(status)) return;
      const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1] ?? 0);
      this.peakRssBytes = Math.max(this.peakRssBytes, kilobytes * 1_024);
    };
    sample();
    this.#sampler = setInterval(sample, 1_000);
  }

  async close(): Promise<void> {
    if (this.#sampler) clearInterval(this.#sampler);
    await this.kill();
    this.#simulator.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** A resource of the API, by its path below `/api/v1`. */
  api<T = Json>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> {
    return askApi<T>(this.#port, method, path, body, headers);
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.#url}/readyz`)).ok;
  }

  /** What the product has logged so far. */
  get logged(): string {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8') : '';
  }

  /** Lines of an answer of JSON lines. */
  lines<T = Json>(path: string): Promise<T[]> {
    return linesOfApi<T>(this.#port, path);
  }

  async apple<T = Json>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.#simulatorPort}/admin${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** As {@link eventually}; a failure shows the end of the product's log. */
  async eventually<T>(what: string, ask: () => Promise<T | null | false>, withinMs = 120_000): Promise<T> {
    try {
      return await eventually(what, ask, withinMs);
    } catch (error) {
      throw new Error(this.tail(), { cause: error });
    }
  }

  tail(): string {
    return this.logged.slice(-1_500);
  }
}
