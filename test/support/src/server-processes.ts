import { fork, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient, type Db } from 'mongodb';
import { eventually } from './eventually.js';
import { OWNER_KEY, askApi, freePort, linesOfApi, messageOf, type Answer, type Json } from './processes.js';

interface Addresses {
  readonly esdb: string;
  readonly mongodb: string;
}

/** A lease as MongoDB has it. */
interface LeaseRow {
  readonly _id: string;
  readonly holder: string | null;
}

export type Environment = Readonly<Record<string, string>>;

/**
 * APIs and workers as the images run them, a simulated Apple and doubles of both servers: each a process of its own, and
 * any of them may be killed.
 */
export class ServerProcesses {
  readonly folder = mkdtempSync(join(tmpdir(), 'seatbook-servers-'));
  readonly #log = join(this.folder, 'product.log');
  readonly #children = new Set<ChildProcess>();
  readonly #apiPorts: number[] = [];
  #addresses!: Addresses;
  #simulatorPort = 0;
  #mongo!: MongoClient;

  /** @param settings for all APIs and workers */
  constructor(private readonly settings: Environment = {}) {}

  /** Doubles and simulator. APIs and workers are started by themselves. */
  async start(): Promise<void> {
    const doubles = this.#fork('test/support/src/server-doubles.ts', {}, [
      '--import',
      './test/simulation/typescript.js',
    ]);
    const simulator = this.#fork('apps/simulator/dist/main.js', {
      SIMULATOR_PORT: '0',
      SIMULATOR_SCENARIO: 'empty',
      SIMULATOR_SEED: '1',
    });
    [this.#addresses, this.#simulatorPort] = await Promise.all([
      messageOf<Addresses>(doubles, 'addresses', 'the doubles of the servers'),
      messageOf<number>(simulator, 'listening', 'the simulator'),
    ]);
    this.#apiPorts.push(await freePort());
    this.#mongo = await new MongoClient(this.#addresses.mongodb).connect();
  }

  /** What workers and APIs have in MongoDB. */
  get database(): Db {
    return this.#mongo.db();
  }

  startWorker(execArgv: readonly string[] = []): ChildProcess {
    return this.#fork('apps/worker/dist/main.js', { ...this.#settings(), SEATBOOK_PORT: '0' }, execArgv);
  }

  /** Starts an API; its number is what it is asked by. */
  async startApi(number: number, execArgv: readonly string[] = []): Promise<ChildProcess> {
    const port = (this.#apiPorts[number] ??= await freePort());
    const settings = { ...this.#settings(), SEATBOOK_PORT: String(port) };
    return this.#fork('apps/api/dist/main.js', settings, execArgv);
  }

  #settings(): Environment {
    return {
      SEATBOOK_EVENTSTOREDB_URL: this.#addresses.esdb,
      SEATBOOK_MONGODB_URL: this.#addresses.mongodb,
      SEATBOOK_KEY: Buffer.alloc(32, 7).toString('base64'),
      SEATBOOK_OWNER_KEY: OWNER_KEY,
      SEATBOOK_PUBLIC_URL: `http://127.0.0.1:${this.#apiPorts[0]}`,
      SEATBOOK_ALLOW_HTTP_CALLBACKS: 'true',
      SEATBOOK_APPLE_BASE_URL: `http://127.0.0.1:${this.#simulatorPort}/mdm/v2`,
      ...this.settings,
    };
  }

  #fork(entry: string, environment: Environment, execArgv: readonly string[] = []): ChildProcess {
    const { PATH = '' } = process.env;
    const child = fork(entry, {
      env: { PATH, NODE_ENV: 'production', ...environment },
      execArgv: [...execArgv],
      silent: true,
    });
    const log = createWriteStream(this.#log, { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    this.#children.add(child);
    child.once('exit', () => {
      this.#children.delete(child);
      log.end();
    });
    return child;
  }

  /** Resolves with the exit code, null after a signal, when it has ended. */
  async end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
  }

  async close(): Promise<void> {
    await this.#mongo.close();
    await Promise.all([...this.#children].map((child) => this.end(child, 'SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** A resource of the API, by its path below `/api/v1`. */
  api<T = Json>(
    method: string,
    path: string,
    body?: unknown,
    { number = 0, headers = {} }: { readonly number?: number; readonly headers?: Environment } = {},
  ): Promise<Answer<T>> {
    return askApi<T>(this.#apiPorts[number], method, path, body, headers);
  }

  /** Lines of an answer of JSON lines. */
  lines<T = Json>(path: string): Promise<T[]> {
    return linesOfApi<T>(this.#apiPorts[0], path);
  }

  async isReady(number = 0): Promise<boolean> {
    return (await fetch(`http://127.0.0.1:${this.#apiPorts[number]}/readyz`)).ok;
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

  /** Who holds which lease; null: nobody. */
  async holders(): Promise<ReadonlyMap<string, string | null>> {
    const rows = await this.database.collection<LeaseRow>('leases').find().toArray();
    return new Map(rows.map(({ _id, holder }) => [_id, holder]));
  }

  /** As {@link eventually}; a failure shows the end of the log of APIs and workers. */
  async eventually<T>(
    what: string,
    ask: () => T | null | false | Promise<T | null | false>,
    withinMs = 120_000,
  ): Promise<T> {
    try {
      return await eventually(what, ask, withinMs);
    } catch (error) {
      throw new Error(this.tail(), { cause: error });
    }
  }

  tail(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').slice(-3_000) : '';
  }
}
