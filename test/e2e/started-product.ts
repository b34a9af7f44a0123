import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { TransportError, type TransportReply, type TransportRequest } from '@seatbook/apple';
import {
  SeatbookHost,
  createLog,
  openStores,
  readConfiguration,
  type EdgeHost,
  type HostOptions,
  type WorkerHost,
} from '@seatbook/host';
import { systemClock } from '@seatbook/kernel';
import type { MdmReply, MdmRequest } from '@seatbook/mdm';
import { Product } from '@seatbook/nest';
import type { OpenedStores } from '@seatbook/runtime';
import { eventually } from '@seatbook/test-support/eventually';
import {
  createSimulator,
  seedDemo,
  seededRandom,
  type IssuedToken,
  type Simulator,
} from '@seatbook/simulator';
import { EventStoreDb } from '@seatbook/test-support/event-store-db/event-store-db';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { AsDocumented } from './as-documented.js';

export const API = '/api/v1';
export const BERLIN = '7700000000000001';
const SEALING_KEY = Buffer.alloc(32, 7).toString('base64');
export const OWNER_KEY = 'owner-key-of-the-journeys-0123456789';
const APPLE = 'https://apple.test';
const PUBLIC_URL = 'https://seatbook.test';
const MDM = 'https://mdm.test/nanomdm';

/** Settings for the MDM server of the simulator. */
export const WITH_DEVICES = {
  SEATBOOK_NANO_MDM_URL: MDM,
  SEATBOOK_NANO_MDM_API_KEY: 'key-of-the-mdm-server',
  SEATBOOK_NANO_MDM_WEBHOOK_KEY: 'key-of-the-webhooks-of-the-mdm-server',
  SEATBOOK_TIMINGS_ROLLOUT_QUIET_MS: '50',
  SEATBOOK_TIMINGS_FIRST_LOOK_MS: '100',
  SEATBOOK_TIMINGS_LOOK_AGAIN_MS: '100',
};

/** Real time, with all waits made short. */
const TIMINGS = {
  SEATBOOK_TIMINGS_DISPATCH_AFTER_MS: '20',
  SEATBOOK_TIMINGS_QUIET_MS: '300',
  SEATBOOK_TIMINGS_FIRST_RETRY_MS: '200',
  SEATBOOK_TIMINGS_SILENCE_MS: '1000',
  SEATBOOK_TIMINGS_POLL_EVERY_MS: '200',
  SEATBOOK_DUE_POLL_MS: '100',
  // Tests knock at every door with wrong keys.
  SEATBOOK_THROTTLE_FAILURES_PER_MINUTE: '1000000',
};

/** `STORES=servers` runs the journeys with an API and a worker that share nothing but doubles of both servers. */
const ON_SERVERS = process.env['STORES'] === 'servers';

/** Doubles of the servers, with their data. */
interface Servers {
  readonly log: EventStoreDb;
  readonly rest: MongoServer;
}

/** Something that is stored: a file as it is, or what a server has under a name. */
interface Stored {
  readonly name: string;
  readonly text: string;
  /** It has the directory of persons, which is where what is personal belongs. */
  readonly hasDirectory: boolean;
}

/** The whole product over HTTP and a simulated Apple, in this process: as one host, or as two on one store. */
export class StartedProduct {
  readonly folder = mkdtempSync(join(tmpdir(), 'seatbook-e2e-'));
  readonly logLines: string[] = [];
  readonly simulator: Simulator;
  /** Token files by name. */
  readonly tokens = new Map<string, string>();
  product!: Product<EdgeHost>;
  /** The host that works: the product's own, or where the halves are apart another one. */
  worker!: WorkerHost;
  /** What connects halves that are apart. */
  #shared: OpenedStores | null = null;
  /** Where the halves find their stores by themselves; null: embedded. */
  #servers: Servers | null = null;
  readonly #answers = new AsDocumented();
  appleIsDown = false;
  /** How often Apple was asked while it was down. */
  askedInVain = 0;
  #lastSecret = '';

  private constructor() {
    this.simulator = createSimulator({
      clock: {
        now: () => Date.now(),
        after: (delayMs, run) => {
          const timer = setTimeout(run, delayMs);
          return () => clearTimeout(timer);
        },
      },
      random: seededRandom(1),
      baseUrl: APPLE,
      faults: { eventDelayMs: { min: 5, max: 20 } },
      saveToken: (name, text) => {
        this.tokens.set(name, text);
        return name;
      },
      deliver: async ({ url, headers, body }) => {
        this.#lastSecret = (headers['authorization'] ?? '').replace('Bearer ', '');
        const answer = await fetch(`${this.url}${new URL(url).pathname}`, { method: 'POST', headers, body });
        await answer.arrayBuffer();
        return { status: answer.status };
      },
    });
    seedDemo(this.simulator.admin);
    Object.assign(this.simulator.fleet.mdm.settings, {
      apiKey: WITH_DEVICES.SEATBOOK_NANO_MDM_API_KEY,
      webhookUrl: `${PUBLIC_URL}/mdm/webhook`,
      webhookKey: WITH_DEVICES.SEATBOOK_NANO_MDM_WEBHOOK_KEY,
    });
  }

  static async start(environment: Record<string, string> = {}): Promise<StartedProduct> {
    const started = new StartedProduct();
    if (ON_SERVERS) started.#servers = { log: await EventStoreDb.start(), rest: await MongoServer.started() };
    await started.restart(environment);
    return started;
  }

  /** Edge and worker are two hosts: nothing but the stores connects them. */
  static async apart(environment: Record<string, string> = {}): Promise<StartedProduct> {
    const started = new StartedProduct();
    const options = started.#options(environment);
    const { configuration } = options;
    const stores = await openStores(configuration, { clock: systemClock, ids: { next: randomUUID } });
    started.#shared = stores;
    await started.#restartApart(environment);
    return started;
  }

  async #restartApart(environment: Record<string, string>): Promise<void> {
    // Whoever asks an edge for Apple is told.
    const edge: HostOptions = Object.defineProperty(this.#options(environment), 'transport', {
      get: () => {
        throw new Error('an edge has no connection to Apple');
      },
    });
    await this.startWorker(environment);
    this.product = await Product.serve(await SeatbookHost.open(edge, 'edge'));
    this.#watch();
  }

  /** Of halves that are apart. */
  async startWorker(environment: Record<string, string> = {}): Promise<void> {
    this.worker = await SeatbookHost.open(this.#options(environment), 'worker');
    await this.worker.start();
  }

  async restart(environment: Record<string, string> = {}): Promise<void> {
    if (this.#servers) return this.#restartApart(environment);
    const listening = (product: Product): void => {
      // Apple delivers before the start is over.
      this.product = product;
      this.#watch();
    };
    const product = await Product.start(this.#options(environment), { listening });
    this.product = product;
    this.worker = product.host;
  }

  #options(environment: Record<string, string>): HostOptions {
    const configuration = readConfiguration({
      ...TIMINGS,
      SEATBOOK_PORT: '0',
      SEATBOOK_DATA: this.folder,
      SEATBOOK_PUBLIC_URL: PUBLIC_URL,
      SEATBOOK_OWNER_KEY: OWNER_KEY,
      SEATBOOK_APPLE_BASE_URL: `${APPLE}/mdm/v2`,
      ...(this.#servers && {
        SEATBOOK_EVENTSTOREDB_URL: this.#servers.log.address,
        SEATBOOK_MONGODB_URL: this.#servers.rest.url,
        SEATBOOK_KEY: SEALING_KEY,
      }),
      ...environment,
    });
    const log = createLog('debug', { write: (line: string) => void this.logLines.push(line) });
    const transport = (asked: TransportRequest): Promise<TransportReply> => this.#ask(asked);
    const shared = this.#shared ? { stores: this.#shared } : {};
    const simulated = environment['SEATBOOK_NANO_MDM_URL'] === MDM;
    const devices = simulated ? { mdmTransport: (asked: MdmRequest) => this.#askMdm(asked) } : {};
    return { configuration, log, views: 'inline', transport, ...devices, ...shared };
  }

  /** The stores of halves that are apart: what is changed in them concerns both. */
  get stores(): OpenedStores {
    if (!this.#shared) throw new Error('the halves are not apart');
    return this.#shared;
  }

  /** All that the product has stored. */
  stored(): readonly Stored[] {
    if (this.#servers) return storedAt(this.#servers);
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return files
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => ({
        name,
        text: readFileSync(join(parentPath, name), 'latin1'),
        // A table beside the events.
        hasDirectory: name.startsWith('events.db'),
      }));
  }

  #watch(): void {
    this.#answers.watch(this.product.app.getHttpServer());
  }

  get url(): string {
    return `http://127.0.0.1:${this.product.port}`;
  }

  /** The bearer token of the last notification that Apple sent. */
  get notificationSecret(): string {
    return this.#lastSecret;
  }

  token(name = 'berlin'): string {
    const text = this.tokens.get(`${name}.vpptoken`);
    if (text === undefined) throw new Error(`no token ${name}`);
    return text;
  }

  issue(uId: string, more: { expiresAt?: string; readOnly?: boolean } = {}): IssuedToken {
    return this.simulator.admin.issueToken(uId, more);
  }

  /** A resource of the API, by its path below {@link API} or by a link. */
  get(path: string): request.Test {
    return request(this.url).get(addressOf(path)).set('authorization', `Bearer ${OWNER_KEY}`);
  }

  post(path: string, body?: object): request.Test {
    const asked = request(this.url).post(addressOf(path)).set('authorization', `Bearer ${OWNER_KEY}`);
    return body === undefined ? asked : asked.send(body);
  }

  put(path: string, body: object): request.Test {
    return request(this.url).put(addressOf(path)).set('authorization', `Bearer ${OWNER_KEY}`).send(body);
  }

  delete(path: string): request.Test {
    return request(this.url).delete(addressOf(path)).set('authorization', `Bearer ${OWNER_KEY}`);
  }

  /** Any path, without a key. */
  anonymous(): ReturnType<typeof request> {
    return request(this.url);
  }

  /** Imports Berlin and waits until all that Apple holds is in the ledger. */
  async importBerlin(): Promise<void> {
    await this.post('/accounts', { token: this.token(), name: 'Berlin' }).expect(201);
    await this.until(`/accounts/${BERLIN}`, (account: AccountBody) => {
      return account.firstRead.completed && account.notifications.mode === 'push';
    });
    await this.quiet();
  }

  /** Waits until everything in the log has been acted on and is in the read models. */
  async quiet(): Promise<void> {
    let idle = 0;
    await eventually('everything is done', async () => {
      idle = (await this.worker.worker.idle()) ? idle + 1 : 0;
      return idle === 3;
    });
  }

  async until<T>(path: string, fits: (body: T) => boolean): Promise<T> {
    let last: unknown;
    try {
      return await eventually(path, async () => {
        const { body } = (await this.get(path)) as { body: T };
        last = body;
        return fits(body) ? body : null;
      });
    } catch (error) {
      throw new Error(`last answer: ${JSON.stringify(last).slice(0, 500)}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    await this.product.stop();
    await this.worker.stop();
    await this.#shared?.close();
  }

  async end(): Promise<void> {
    await this.stop();
    this.simulator.stop();
    await this.#servers?.log.close();
    await this.#servers?.rest.stop();
    rmSync(this.folder, { recursive: true });
    this.#answers.expectNoViolation();
  }

  async #ask({ method, url, headers, body }: TransportRequest): Promise<TransportReply> {
    if (this.appleIsDown) {
      this.askedInVain += 1;
      throw new TransportError(false, 'connection refused');
    }
    const path = url.slice(APPLE.length);
    const answer = await this.simulator.handle({ method, path, headers: { ...headers }, body: body ?? '' });
    if (answer.reset !== undefined) throw new TransportError(true, 'connection reset');
    return { status: answer.status, headers: answer.headers, body: answer.body };
  }

  async #askMdm({ method, url, headers, body }: MdmRequest): Promise<MdmReply> {
    const path = new URL(url).pathname;
    return this.simulator.handle({ method, path, headers: { ...headers }, body });
  }
}

function storedAt({ log, rest }: Servers): readonly Stored[] {
  const decoder = new TextDecoder();
  const events = log.log.all.map(
    ({ stream, data, metadata }) => `${stream} ${decoder.decode(data)} ${decoder.decode(metadata)}`,
  );
  const rowsOf = (command: Record<string, unknown>): readonly Record<string, unknown>[] =>
    (rest.run({ ...command, batchSize: Infinity }) as unknown as Batch).cursor.firstBatch;
  const collections = rowsOf({ listCollections: 1 }).map(({ name }) => String(name));
  return [
    { name: 'log', text: events.join('\n'), hasDirectory: false },
    ...collections.map((name) => ({
      name,
      text: JSON.stringify(rowsOf({ find: name }), plainly),
      hasDirectory: name === 'persons',
    })),
  ];
}

interface Batch {
  readonly cursor: { readonly firstBatch: readonly Record<string, unknown>[] };
}

/** Bytes as the text that they may be, and numbers of any length. */
function plainly(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
}

const addressOf = (path: string): string => (path.startsWith(API) ? path : `${API}${path}`);

export interface AccountBody {
  readonly firstRead: { readonly completed: boolean };
  readonly notifications: { readonly mode: string; readonly why: string | null };
  readonly token: { readonly state: string };
  readonly usable: boolean;
}

export interface OrderBody {
  readonly orderId: string;
  readonly state: string;
  readonly position: number;
  readonly repeated: boolean;
  readonly progress: Readonly<Record<string, number>>;
  readonly links: Readonly<Record<string, string>>;
}

export interface ItemsBody<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly asOf: { readonly position: number; readonly time: string };
}

/** Serial numbers of test devices. */
export const devices = (count: number, letter = 'A'): string[] =>
  Array.from({ length: count }, (_device, index) => `E2E${letter}${String(index).padStart(6, '0')}`);
