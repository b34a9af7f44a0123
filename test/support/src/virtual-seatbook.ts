import {
  TransportError,
  createAppleApi,
  type AppleClient,
  type AppleSettings,
  type TransportReply,
  type TransportRequest,
} from '@seatbook/apple';
import {
  systemClock,
  type Clock,
  type Instant,
  type Milliseconds,
  type Position,
  type Random,
} from '@seatbook/kernel';
import {
  DEFAULT_TIMINGS,
  assetKey,
  assetStream,
  queryModels,
  reconciliationStream,
  type AccountDocument,
  type Asset,
  type AssetDocument,
  type AssetId,
  type OrderDocument,
  type ReconciliationCommand,
  type Timings,
} from '@seatbook/licensing';
import {
  StoreUnavailable,
  type EventStore,
  type OpenedStores,
  type ReactorLimits,
  type StoredEvent,
  type Stores,
  type StreamLimits,
} from '@seatbook/runtime';
import { createSimulator, type NewAsset, type Simulator } from '@seatbook/simulator';
import {
  Foundation,
  SeatbookEdge,
  SeatbookWorker,
  importToken,
  placeOrder,
  receiveNotification,
  type EdgeOptions,
  type OrderRequest,
  type PlacedOrder,
  type Caller,
} from '@seatbook/application';
import { allEvents } from './all-events.js';
import { EmbeddedBackEnd, type BackEnd } from './back-end.js';
import { seededIds, seededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

export const UID = '7700000000000001';
export const OWNER: Caller = { principal: 'owner', reason: 'test' };
const APPLE = 'https://apple.test';
const PUBLIC_URL = 'https://seatbook.test';

export interface VirtualOptions {
  /** Waits and limits of the edge. */
  readonly edge?: EdgeOptions;
  /** Where the data are kept; SQLite files when absent. It is closed with the product. */
  readonly backEnd?: BackEnd;
  /** The halves are processes of their own: nothing but the stores connects them. */
  readonly apart?: boolean;
  /** So many workers, apart from each other; 1 when absent. */
  readonly workers?: number;
  readonly seed?: number;
  readonly timings?: Partial<Timings>;
  readonly apple?: Partial<AppleSettings>;
  /** Without it, the product polls. */
  readonly publicUrl?: string | null;
  /** What is kept of streams. */
  readonly limits?: Partial<StreamLimits>;
  readonly reactor?: Partial<ReactorLimits>;
  /** Told of each line of the product's logs, as text. */
  readonly log?: (line: string) => void;
  /** Asked before each call of a store and of Apple's client, by e.g. `events.append`. All is well without it. */
  readonly fateOf?: (call: string, parameters: readonly unknown[]) => Fate;
  /** Told of each notification of Apple that the product has acknowledged, by its id. */
  readonly acknowledged?: (notificationId: string) => void;
}

/** What becomes of a call: done and answered; refused; done, its answer lost; or the process dies around it. */
export type Fate = 'well' | 'fails' | 'answer-lost' | 'dies-before' | 'dies-after';

export const asset = (adamId: string, total: number, more: Partial<NewAsset> = {}): NewAsset => ({
  adamId,
  name: `App ${adamId}`,
  total,
  ...more,
});

export const stdq = (adamId: string): AssetId => ({ adamId, pricingParam: 'STDQ' });

/** Serial numbers `S0000000`, `S0000001`, …, made of the letter given. */
export const serials = (count: number, from = 0, letter = 'S'): string[] =>
  Array.from({ length: count }, (_serial, index) => `${letter}${String(from + index).padStart(9, '0')}`);

/**
 * Every loop is woken by what concerns it; looking in vain each second would only make virtual hours long. That lost
 * wake-ups delay and lose nothing is what the specs of the loops show.
 */
const PATIENCE = 15;
const PATIENT = { reactor: { pollMs: 15_000 }, due: { pollMs: 15_000 }, planner: { pollMs: 15_000 } };

/** Turns of the event loop in which nothing is under way, for it to be calm: where idle runners say so, and where not. */
const CALM_TURNS = 3;
const CALM_TURNS_UNSAID = 8;
/** While a server is away its clients hear so within this time of the machine; then time may move on. */
const AWAY_PAUSE_MS: Milliseconds = 10;
/** By the machine's clock: whatever was asked of a server that is there has an answer long before. */
const ANSWERED_WITHIN_MS: Milliseconds = 60_000;

/** One life of the process. When it has ended, none of its pending work has any effect. */
interface Life {
  over: boolean;
  appends: number;
}

const never = (): Promise<never> => new Promise(() => undefined);

const storeFailure = (call: string): Error => new StoreUnavailable(`${call}: the disk fails`, 'SQLITE_IOERR');

/** A subscription whose first page cannot be read. */
const broken = (call: string): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(storeFailure(call)) }),
});

/** A subscription of a dead process. */
const silent: AsyncIterable<never> = { [Symbol.asyncIterator]: () => ({ next: never }) };

/** Calls of a dead process never come back; those of a living one end as their fate is. */
function mortal<T extends object>(
  port: T,
  life: Life,
  fateOf: (member: string, parameters: readonly unknown[]) => Fate = () => 'well',
): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...parameters: unknown[]): unknown => {
        const call = String(name);
        const unanswered = (): unknown => (call === 'subscribe' ? silent : never());
        if (life.over) return unanswered();
        const fate = fateOf(call, parameters);
        if (fate === 'dies-before') life.over = true;
        if (life.over) return unanswered();
        if (fate === 'fails') return call === 'subscribe' ? broken(call) : Promise.reject(storeFailure(call));
        const answer: unknown = Reflect.apply(member, target, parameters);
        if (!(answer instanceof Promise)) return answer;
        const ended = <R>(settle: () => R | Promise<R>): R | Promise<R> => {
          if (fate === 'dies-after') life.over = true;
          if (life.over) return never();
          return fate === 'answer-lost' ? Promise.reject(storeFailure(call)) : settle();
        };
        return answer.then(
          (value: unknown) => ended(() => value),
          (error: unknown) => ended(() => Promise.reject(error as Error)),
        );
      };
    },
  });
}

/** The log as one of several processes has it: appends of the others are not announced here. */
function withHintsOfItsOwn(events: EventStore): EventStore {
  const listeners = new Set<(position: Position) => void>();
  return new Proxy(events, {
    get(target, name) {
      if (name === 'append') {
        return async (...asked: Parameters<EventStore['append']>) => {
          const appended = await target.append(...asked);
          for (const listener of listeners) listener(appended.position);
          return appended;
        };
      }
      if (name === 'onAppended') {
        return (listener: (position: Position) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        };
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function'
        ? (...asked: unknown[]): unknown => Reflect.apply(member, target, asked)
        : member;
    },
  });
}

/** The whole product and a simulated Apple in one process, on real stores and a virtual clock. */
export class VirtualSeatbook {
  readonly clock = new VirtualClock();
  readonly simulator: Simulator;
  readonly backEnd: BackEnd;
  readonly seed: number;
  stores!: OpenedStores;
  edge!: SeatbookEdge;
  worker!: SeatbookWorker;
  /** All of them, the first included. */
  workers: SeatbookWorker[] = [];
  apple!: AppleClient;
  token = '';
  #runs = 0;
  #deliveries = 0;
  #requests = 0;
  #asked = 0;
  #edgeFoundation!: Foundation;
  #life: Life = { over: true, appends: 0 };
  /** The process dies at this append of its life: `before` it reaches the disk, or `after`, unanswered. */
  dieAt: { append: number; when: 'before' | 'after' } | null = null;

  private constructor(private options: VirtualOptions) {
    this.seed = options.seed ?? 1;
    this.backEnd = options.backEnd ?? new EmbeddedBackEnd();
    this.simulator = createSimulator({
      // Whoever sets the clock of our machine does not set Apple's.
      clock: { now: () => this.clock.elapsed(), after: (delay, run) => this.clock.after(delay, run) },
      random: seededRandom(this.seed),
      baseUrl: APPLE,
      deliver: (notification) => this.#deliver(notification),
    });
  }

  static async open(options: VirtualOptions = {}): Promise<VirtualSeatbook> {
    const virtual = new VirtualSeatbook(options);
    await virtual.start();
    return virtual;
  }

  /** A location at Apple, imported and read. */
  static async imported(assets: readonly NewAsset[], options: VirtualOptions = {}): Promise<VirtualSeatbook> {
    const virtual = await VirtualSeatbook.open(options);
    virtual.createLocation(assets);
    await virtual.import();
    await virtual.advance(5_000);
    return virtual;
  }

  createLocation(assets: readonly NewAsset[]): void {
    const { admin } = this.simulator;
    this.token = admin.createLocation({ uId: UID, name: 'Berlin Office', country: 'DE' }).token;
    admin.addAssets(UID, assets);
  }

  async import(file: string = this.token): Promise<void> {
    const settings = { name: 'Berlin', platform: 'iOS', assignmentType: 'device' } as const;
    await this.until(importToken(this.edge, { file, settings, takeOver: false }, OWNER));
  }

  async start(): Promise<void> {
    const life: Life = { over: false, appends: 0 };
    this.#life = life;
    const clock: Clock = {
      now: () => this.clock.now(),
      elapsed: () => this.clock.elapsed(),
      after: (delay, run) => this.clock.after(delay, () => (life.over ? undefined : run())),
    };
    const ids = seededIds(this.seed, (this.#runs += 1));
    const random = seededRandom(this.seed + this.#runs);
    const storesClock: Clock = { ...clock, after: (delay, run) => clock.after(delay * PATIENCE, run) };
    this.stores = await this.backEnd.open({ clock: storesClock, ids, random: seededRandom(this.seed) });
    const stores = this.#mortalStores(life);
    const { apart = false, workers = 1, timings, limits } = this.options;
    const processOf = (alone: boolean): Foundation =>
      new Foundation({
        stores: alone ? { ...stores, events: withHintsOfItsOwn(stores.events) } : stores,
        clock,
        ids,
        timings: { ...DEFAULT_TIMINGS, ...timings },
        log: (message, facts) => this.#tell(`${message} ${JSON.stringify(facts)}`),
        limits,
      });
    const foundation = processOf(apart || workers > 1);
    this.#edgeFoundation = apart || workers > 1 ? processOf(true) : foundation;
    const made = [this.#workerOf(foundation, life, random)];
    while (made.length < workers) made.push(this.#workerOf(processOf(true), life, random));
    const [first] = made as [(typeof made)[0]];
    this.worker = first.worker;
    this.apple = first.apple;
    this.workers = made.map(({ worker }) => worker);
    this.edge = new SeatbookEdge(this.#edgeFoundation, this.options.edge ?? {});
    await this.until(Promise.all(this.workers.map((worker) => worker.start())));
  }

  #tell(line: string): void {
    this.options.log?.(line);
  }

  /** A worker with a client of Apple of its own. */
  #workerOf(
    foundation: Foundation,
    life: Life,
    random: Random,
  ): { readonly worker: SeatbookWorker; readonly apple: AppleClient } {
    const { clock, ids } = foundation;
    const { publicUrl = PUBLIC_URL, reactor } = this.options;
    const apple = createAppleApi({
      clock,
      random,
      log: (line) => this.#tell(JSON.stringify(line)),
      settings: {
        baseUrl: `${APPLE}/mdm/v2`,
        contentMetadataUrl: `${APPLE}/WebObjects/MZStorePlatform.woa/wa/lookup`,
        ...this.options.apple,
      },
      transport: (request) => this.#send(request),
      mayStart: (uId, endpoint) => worker.mayAsk(uId, endpoint === 'clientConfig' ? 'account' : 'licences'),
    });
    const worker = new SeatbookWorker(foundation, {
      apple: mortal(apple, life, this.#fatesOf('apple')),
      random,
      settings: { mdmInfo: { id: 'seatbook-test', name: 'Seatbook', metadata: '' }, publicUrl },
      newSecret: () => ids.next(),
      limits: { ...PATIENT, reactor: { ...PATIENT.reactor, ...reactor } },
    });
    apple.onRefused((uId, refusal) => worker.gates.shut(uId, refusal));
    worker.gates.writes.onOpened((uId) => apple.reopen(uId));
    worker.onTookOver((uId) => apple.tookOver(uId));
    return { worker, apple };
  }

  #mortalStores(life: Life): Stores {
    const { events, reads, progress, leases, secrets, directory } = this.stores;
    const append: EventStore['append'] = async (stream, drafts, expected) => {
      life.appends += 1;
      const dying = this.dieAt?.append === life.appends ? this.dieAt.when : null;
      if (dying === 'before') life.over = true;
      if (life.over) return new Promise(() => undefined);
      const appended = await events.append(stream, drafts, expected);
      if (dying === 'after') life.over = true;
      return appended;
    };
    const store = new Proxy(events, {
      get(target, name) {
        if (name === 'append') return append;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function'
          ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
          : member;
      },
    });
    return {
      events: mortal<EventStore>(store, life, this.#fatesOf('events')),
      reads: mortal(reads, life, this.#fatesOf('reads')),
      progress: mortal(progress, life, this.#fatesOf('progress')),
      leases: mortal(leases, life, this.#fatesOf('leases')),
      secrets: mortal(secrets, life, this.#fatesOf('secrets')),
      directory: mortal(directory, life, this.#fatesOf('directory')),
    };
  }

  #fatesOf(port: string): (member: string, parameters: readonly unknown[]) => Fate {
    return (member, parameters) => {
      const call = `${port}.${member}`;
      const fate = this.options.fateOf?.(call, parameters) ?? 'well';
      // Where there is a way to a server, the call goes there and meets it.
      const onItsWay = (fate === 'fails' || fate === 'answer-lost') && this.backEnd.strike(call, fate);
      return onItsWay ? 'well' : fate;
    };
  }

  get dead(): boolean {
    return this.#life.over;
  }

  /** Appends of this life of the process. */
  get appends(): number {
    return this.#life.appends;
  }

  async stop(): Promise<void> {
    if (!this.dead) await this.until(Promise.all(this.workers.map((worker) => worker.stop())));
    await this.kill();
  }

  /** The process dies in the middle of whatever it is doing. */
  async kill(): Promise<void> {
    this.#life.over = true;
    await this.stores.close();
  }

  /** Another life of the process, with other options where they are named. */
  async restart(options: Pick<VirtualOptions, 'publicUrl' | 'timings'> = {}): Promise<void> {
    await this.stop();
    this.options = { ...this.options, ...options };
    await this.start();
  }

  async close(): Promise<void> {
    await this.stop();
    this.simulator.stop();
    await this.backEnd.close();
  }

  /** Waits for something that may need timers, without going further than they do. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const watched = promise.finally(() => (over = true));
    watched.catch(() => undefined);
    for (let round = 0; !over; round += 1) {
      await this.settle();
      // What runs outside of the product's own loops cannot be seen to be at work: it gets its turns first.
      for (let turn = 0; turn < 100 && !over; turn += 1)
        await new Promise<void>((resolve) => setImmediate(resolve));
      const next = over ? null : this.clock.next(Infinity);
      if (next !== null) this.clock.moveTo(next);
      if (this.dead && !over) throw new Error('the process died');
      if (round > 100_000) throw new Error('nothing moves any more');
    }
    return watched;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    if (this.backEnd.away) return new Promise((resolve) => void systemClock.after(AWAY_PAUSE_MS, resolve));
    const began = performance.now();
    const turns = this.backEnd.answered === null ? CALM_TURNS : CALM_TURNS_UNSAID;
    for (let calm = 0; calm < turns;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const { answered } = this.backEnd;
      if (answered === false) {
        calm = 0;
        if (performance.now() - began > ANSWERED_WITHIN_MS)
          throw new Error('a store does not answer any more');
        continue;
      }
      const alone = this.#deliveries === 0 && this.#requests === 0;
      const quiet = alone && (this.dead || answered || (await this.#quiet()));
      calm = quiet ? calm + 1 : calm + 0.02;
    }
    this.#checkNotHalted();
  }

  async #quiet(): Promise<boolean> {
    return this.#edgeFoundation.runner.busy === 0 && this.worker.idle();
  }

  #checkNotHalted(): void {
    if (this.dead) return;
    const halted = this.worker.views.status().filter((model) => model.halted !== null);
    if (halted.length > 0)
      throw new Error(`halted: ${halted.map((model) => `${model.name}: ${model.halted}`).join('; ')}`);
  }

  /** Moves time on, letting everything happen on the way. */
  async advance(ms: Milliseconds): Promise<void> {
    const end = this.clock.now() + ms;
    for (;;) {
      await this.settle();
      const next = this.clock.next(end);
      if (next === null) break;
      this.clock.moveTo(next);
    }
    this.clock.moveTo(end);
    await this.settle();
  }

  /** Moves time on until a condition holds. Throws after `within` of virtual time. */
  async advanceUntil(
    what: string,
    holds: () => Promise<boolean> | boolean,
    within: Milliseconds = 3_600_000,
  ): Promise<void> {
    const end: Instant = this.clock.now() + within;
    for (;;) {
      await this.settle();
      if (await holds()) return;
      const next = this.clock.next(end);
      if (next === null) throw new Error(`seed ${this.seed}: not within ${within} ms: ${what}`);
      this.clock.moveTo(next);
    }
  }

  place(
    order: Partial<OrderRequest> & Pick<OrderRequest, 'assets' | 'serialNumbers'>,
    key?: string,
    by: Caller = OWNER,
  ): Promise<PlacedOrder> {
    const request = key === undefined ? by : { ...by, idempotencyKey: key };
    return placeOrder(
      this.edge,
      { kind: 'AssignLicense', uId: UID, ifShort: 'wait', platform: null, ...order },
      request,
    );
  }

  /** Asks the reconciliation of the location for something. */
  reconcile(command: ReconciliationCommand): Promise<unknown> {
    const id = `reconcile ${(this.#asked += 1)}`;
    const context = { commandId: id, principal: 'owner', correlationId: id, causationId: id };
    return this.edge.execute(reconciliationStream(UID), command, context);
  }

  /** The ledger of an app as it is. */
  async ledger(adamId: string): Promise<Asset> {
    return (await this.until(this.edge.runner.load(assetStream(UID, stdq(adamId))))).state;
  }

  /** Another tool sends a request to Apple with the location's token. */
  async anotherTool(
    action: 'associate' | 'disassociate',
    adamId: string,
    serialNumbers: string[],
  ): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const path = `/mdm/v2/assets/${action}`;
    const body = JSON.stringify({ assets: [{ adamId }], serialNumbers });
    await this.until(this.simulator.handle({ method: 'POST', path, headers, body }));
  }

  async order(orderId: string): Promise<OrderDocument | null> {
    return this.stores.reads.get(queryModels.orders, orderId);
  }

  async finished(orderId: string, within?: Milliseconds): Promise<OrderDocument> {
    await this.advanceUntil(
      `order ${orderId} finished`,
      async () => (await this.order(orderId))?.state === 'finished',
      within,
    );
    return (await this.order(orderId)) as OrderDocument;
  }

  async account(): Promise<AccountDocument | null> {
    return this.stores.reads.get(queryModels.accounts, UID);
  }

  async assetDocument(adamId: string): Promise<AssetDocument> {
    const document = await this.stores.reads.get(queryModels.assets, assetKey(UID, stdq(adamId)));
    if (!document) throw new Error(`no asset ${adamId}`);
    return document;
  }

  /** Serial numbers by state of their pair, as our read model has them. */
  async pairs(adamId: string): Promise<Record<string, string[]>> {
    const byState: Record<string, string[]> = {};
    let cursor: string | undefined;
    do {
      const page = await this.stores.reads.query(queryModels.pairs, {
        index: 'by-asset',
        equals: [assetKey(UID, stdq(adamId))],
        limit: 5_000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const pair of page.rows) (byState[pair.state] ??= []).push(pair.spelledAs.slice(2));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    for (const list of Object.values(byState)) list.sort();
    return byState;
  }

  /** Serial numbers that Apple has assigned. */
  atApple(adamId: string): string[] {
    return [...(this.simulator.admin.assignments(UID).assets[`${adamId}/STDQ`] ?? [])].sort();
  }

  events(): Promise<StoredEvent[]> {
    return allEvents(this.stores.events);
  }

  async #send(request: TransportRequest): Promise<TransportReply> {
    const life = this.#life;
    const { method, url, headers, body = '' } = request;
    const { pathname, search } = new URL(url);
    this.#requests += 1;
    let waiting = true;
    const counted = (): void => {
      if (waiting) this.#requests -= 1;
      waiting = false;
    };
    // What waits for the simulator's own timers is not under way: time has to move first.
    const patience = setImmediate(() => setImmediate(counted));
    try {
      const lower = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const reply = await this.simulator.handle({
        method,
        path: `${pathname}${search}`,
        headers: lower,
        body,
      });
      if (life.over) return await new Promise(() => undefined);
      // Whatever speaks HTTP may quote what it was to send.
      const broken = (what: string): TransportError =>
        new TransportError(true, `${what} (sending ${JSON.stringify(headers)})`);
      if (reply.reset) throw broken('the connection was reset');
      if (reply.dead) {
        counted();
        await new Promise((_resolve, reject) =>
          this.clock.after(request.timeoutMs, () => reject(broken('no answer'))),
        );
      }
      return { status: reply.status, headers: reply.headers, body: reply.body };
    } finally {
      clearImmediate(patience);
      counted();
    }
  }

  async #deliver({
    url,
    headers,
    body,
  }: {
    url: string;
    headers: Record<string, string>;
    body: string;
  }): Promise<{ status: number }> {
    if (this.dead) return { status: 502 };
    this.#deliveries += 1;
    try {
      const life = this.#life;
      const bearer =
        Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
      const uId = new URL(url).pathname.split('/').at(-1) ?? '';
      const secret = bearer.replace(/^Bearer /, '');
      const notification = JSON.parse(body) as { notificationId: string };
      await receiveNotification(this.edge, { uId, bearer: secret, body: notification });
      if (life.over) return { status: 502 };
      this.options.acknowledged?.(notification.notificationId);
      return { status: 200 };
    } catch {
      return { status: 500 };
    } finally {
      this.#deliveries -= 1;
    }
  }
}
