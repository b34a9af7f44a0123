import {
  TransportError,
  createAppleApi,
  type AppleClient,
  type AppleSettings,
  type TransportReply,
  type TransportRequest,
} from '@seatbook/apple';
import { systemClock, type Clock, type Instant, type Milliseconds, type Random } from '@seatbook/kernel';
import {
  DEFAULT_TIMINGS,
  assetKey,
  assetStream,
  queryModels,
  reconciliationStream,
  type AccountDocument,
  type Asset,
  type InstallationDocument,
  type MdmApi,
  type AssetDocument,
  type AssetId,
  type OrderDocument,
  type ReconciliationCommand,
  type Timings,
} from '@seatbook/licensing';
import type { ModelStatus, OpenedStores, ReactorLimits, StoredEvent, StreamLimits } from '@seatbook/runtime';
import { nanoMdm, type MdmReply, type MdmRequest } from '@seatbook/mdm';
import { createSimulator, type NewAsset, type NewDevice, type Simulator } from '@seatbook/simulator';
import {
  Foundation,
  SeatbookEdge,
  SeatbookWorker,
  importToken,
  placeOrder,
  receiveMdmMessage,
  receiveNotification,
  type EdgeOptions,
  type OrderRequest,
  type PlacedOrder,
  type Caller,
} from '@seatbook/application';
import { allEvents } from './all-events.js';
import { EmbeddedBackEnd, type BackEnd } from './back-end.js';
import { Machine } from './machine.js';
import { Life, never, withHintsOfItsOwn, type Calls, type Death, type FateOf } from './process-life.js';
import { seededIds, seededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

export const UID = '7700000000000001';
export const OWNER: Caller = { principal: 'owner', reason: 'test' };
const APPLE = 'https://apple.test';
const PUBLIC_URL = 'https://seatbook.test';
const MDM = 'https://mdm.test/nanomdm';
const MDM_API_KEY = 'key-of-the-mdm-server';
const MDM_WEBHOOK_KEY = 'key-of-its-webhooks';

export interface VirtualOptions {
  /** Waits and limits of the edge. */
  readonly edge?: EdgeOptions;
  /** Where the data are kept; SQLite files when absent. It is closed with the product. */
  readonly backEnd?: BackEnd;
  /** The halves are processes of their own: nothing but the stores connects them. */
  readonly apart?: boolean;
  /** So many workers, apart from each other, each on a machine of its own; the edge lives and dies with the first. 1 when absent. */
  readonly workers?: number;
  readonly seed?: number;
  readonly timings?: Partial<Timings>;
  readonly apple?: Partial<AppleSettings>;
  /** Without it, the product polls. */
  readonly publicUrl?: string | null;
  /** Apps are installed by the simulator's MDM server; without it, there is none. */
  readonly mdm?: { readonly requireEnrolled?: boolean };
  /** What is kept of streams. */
  readonly limits?: Partial<StreamLimits>;
  readonly reactor?: Partial<ReactorLimits>;
  /** Told of each line of the product's logs, as text. */
  readonly log?: (line: string) => void;
  /** Asked before each call of a store and of Apple's client, by e.g. `events.append`. All is well without it. */
  readonly fateOf?: FateOf;
  /** Told of each call of a store that was carried out, whether or not its answer arrived. */
  readonly carriedOut?: (call: string, parameters: readonly unknown[]) => void;
  /** Told of each request to Apple, by its path and token ('' without one), as the process of that number sends it. */
  readonly requested?: (path: string, token: string, process: number) => void;
  /** How long a machine is suspended at a call whose fate is that; a minute and a half when absent. */
  readonly sleepMs?: Milliseconds;
  /** Told of each notification of Apple that the product has acknowledged, by its id. */
  readonly acknowledged?: (notificationId: string) => void;
}

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
const PATIENT = {
  reactor: { pollMs: 15_000 },
  due: { pollMs: 15_000 },
  planner: { pollMs: 15_000, sameRowsMs: 60_000 },
};

/** Turns of the event loop in which nothing is under way, for it to be calm: where idle runners say so, and where not. */
const CALM_TURNS = 3;
const CALM_TURNS_UNSAID = 8;
/** A turn in which something is under way counts for so little, and for more where nothing was asked of anybody in it. */
const BUSY_TURN = 0.02;
const WAITING_TURN = 0.25;
/** While a server is away its clients hear so within this time of the machine; then time may move on. */
const AWAY_PAUSE_MS: Milliseconds = 10;
/** By the machine's clock: whatever was asked of a server that is there has an answer long before. */
const ANSWERED_WITHIN_MS: Milliseconds = 60_000;

/** What stands in the header of that name; '' where it is missing. */
const bearerOf = (headers: Readonly<Record<string, string>>): string =>
  (Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '').replace(
    /^Bearer /,
    '',
  );

/** Longer than any lease. */
const SLEEP_MS: Milliseconds = 90_000;

/** Who calls from an edge that is no worker. */
const EDGE = -1;

/** A process, its worker, and the client of Apple that this has. */
interface Process {
  readonly life: Life;
  readonly worker: SeatbookWorker;
  readonly apple: AppleClient;
}

/** The whole product and a simulated Apple in one process, on real stores and a virtual clock. */
export class VirtualSeatbook {
  readonly clock = new VirtualClock();
  readonly simulator: Simulator;
  readonly backEnd: BackEnd;
  readonly seed: number;
  stores!: OpenedStores;
  edge!: SeatbookEdge;
  token = '';
  #runs = 0;
  #deliveries = 0;
  #requests = 0;
  #asked = 0;
  /** Calls of stores, of Apple and of the MDM server. */
  #calls = 0;
  #edgeFoundation!: Foundation;
  /** For as long as the stores are open. */
  #deployment!: Life;
  /** The first has the edge, too. */
  #processes: Process[] = [];
  dieAt: Death | null = null;

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
    if (options.mdm)
      Object.assign(this.simulator.fleet.mdm.settings, {
        apiKey: MDM_API_KEY,
        webhookUrl: `${PUBLIC_URL}/mdm/webhook`,
        webhookKey: MDM_WEBHOOK_KEY,
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

  async import(file: string = this.token, assignmentType: 'device' | 'user' = 'device'): Promise<void> {
    const settings = { name: 'Berlin', platform: 'iOS', assignmentType } as const;
    await this.until(importToken(this.edge, { file, settings, takeOver: false }, OWNER));
  }

  async start(): Promise<void> {
    const { workers = 1 } = this.options;
    const first = this.#newLife();
    this.#deployment = workers > 1 ? this.#newLife() : first;
    const clock = this.#deployment.clockOn(null);
    const storesClock: Clock = { ...clock, after: (delay, run) => clock.after(delay * PATIENCE, run) };
    const ids = seededIds(this.seed, this.#runs + 1);
    this.stores = await this.backEnd.open({ clock: storesClock, ids, random: seededRandom(this.seed) });
    this.#processes = [];
    const lives = Array.from({ length: workers }, (_worker, number) =>
      number === 0 ? first : this.#newLife(),
    );
    await this.until(Promise.all(lives.map((life, number) => this.#begin(number, life))));
  }

  #newLife(): Life {
    const { sleepMs = SLEEP_MS } = this.options;
    const { workers = 1 } = this.options;
    return new Life(this.clock, workers > 1 ? new Machine(this.clock, 0) : null, sleepMs);
  }

  /** Resolves when the process works, or is dead; the first is waited for by who looks whether it is. */
  async #begin(number: number, life: Life): Promise<void> {
    const ids = seededIds(this.seed, (this.#runs += 1));
    const random = seededRandom(this.seed + this.#runs);
    const { apart = false, workers = 1, limits } = this.options;
    const several = apart || workers > 1;
    const foundationOn = (machine: Machine | null, caller: number): Foundation => {
      const calls = (port: string): Calls => this.#callsOf(port, caller);
      const stores = life.storesOn(machine, this.stores, calls, () => this.dieAt);
      return new Foundation({
        stores: several ? { ...stores, events: withHintsOfItsOwn(stores.events) } : stores,
        clock: life.clockOn(machine),
        ids,
        timings: this.timings,
        log: (message, facts) => this.#tell(`${message} ${JSON.stringify(facts)}`),
        limits,
      });
    };
    const foundation = foundationOn(life.machine, number);
    const process = { life, ...this.#workerOf(foundation, life, { number, random }) };
    this.#processes[number] = process;
    if (number === 0) {
      this.#edgeFoundation = several ? foundationOn(null, EDGE) : foundation;
      const { edge, mdm } = this.options;
      this.edge = new SeatbookEdge(this.#edgeFoundation, {
        ...edge,
        ...(mdm && { mdm: { webhookKey: MDM_WEBHOOK_KEY, requireEnrolled: mdm.requireEnrolled ?? false } }),
      });
    }
    const started = process.worker.start();
    await (number === 0 ? started : Promise.race([started, life.ended]));
  }

  #tell(line: string): void {
    this.options.log?.(line);
  }

  /** A worker with a client of Apple of its own. */
  #workerOf(
    foundation: Foundation,
    life: Life,
    { number, random }: { readonly number: number; readonly random: Random },
  ): Pick<Process, 'worker' | 'apple'> {
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
      transport: (request) => this.#sendFrom(number, life, request),
      mayStart: (uId, endpoint) => worker.mayAsk(uId, endpoint === 'clientConfig' ? 'account' : 'licences'),
    });
    const worker = new SeatbookWorker(foundation, {
      apple: life.port(apple, this.#callsOf('apple', number)),
      mdm: this.options.mdm ? life.port(this.#mdm(life), this.#callsOf('mdm', number)) : null,
      random,
      settings: { mdmInfo: { id: 'seatbook-test', name: 'Seatbook', metadata: '' }, publicUrl },
      newSecret: () => ids.next(),
      limits: { ...PATIENT, reactor: { ...PATIENT.reactor, ...reactor } },
      paces: () => apple.paces(),
    });
    apple.onRefused((uId, refusal) => worker.gates.shut(uId, refusal));
    worker.gates.writes.onOpened((uId) => apple.reopen(uId));
    worker.onTookOver((uId) => apple.tookOver(uId));
    return { worker, apple };
  }

  /** A client of the simulator's MDM server. */
  #mdm(life: Life): MdmApi {
    const transport = async ({ method, url, headers, body }: MdmRequest): Promise<MdmReply> => {
      const { pathname: path } = new URL(url);
      const reply = await this.simulator.handle({ method, path, headers: { ...headers }, body });
      if (life.over) return new Promise(() => undefined);
      if (reply.reset) throw new Error('the connection was reset');
      return { status: reply.status, body: reply.body };
    };
    return nanoMdm({ url: MDM, apiKey: MDM_API_KEY, timeoutMs: 10_000, transport });
  }

  #callsOf(port: string, number: number): Calls {
    const { carriedOut } = this.options;
    return {
      fateOf: (member, parameters) => {
        const call = `${port}.${member}`;
        // Whoever looks whether all is calm asks for this himself.
        if (call !== 'events.head') this.#calls += 1;
        const fate = this.options.fateOf?.(call, parameters, number) ?? 'well';
        // Where there is a way to a server, the call goes there and meets it.
        const onItsWay = (fate === 'fails' || fate === 'answer-lost') && this.backEnd.strike(call, fate);
        return onItsWay ? 'well' : fate;
      },
      ...(carriedOut && { carriedOut: (member, parameters) => carriedOut(`${port}.${member}`, parameters) }),
    };
  }

  #processOf(number: number): Process {
    const process = this.#processes[number];
    if (!process) throw new Error(`there is no process ${number}`);
    return process;
  }

  get worker(): SeatbookWorker {
    return this.#processOf(0).worker;
  }

  /** Another one that uses the same client of Apple. */
  set worker(worker: SeatbookWorker) {
    this.#processes[0] = { ...this.#processOf(0), worker };
  }

  get apple(): AppleClient {
    return this.#processOf(0).apple;
  }

  /** All of them, the first included. */
  get workers(): readonly SeatbookWorker[] {
    return this.#processes.map(({ worker }) => worker);
  }

  /** By which the product lives. */
  get timings(): Timings {
    return { ...DEFAULT_TIMINGS, ...this.options.timings };
  }

  /** Whether the process with the edge is dead. */
  get dead(): boolean {
    return this.#processes[0]?.life.over ?? true;
  }

  /** Numbers of the processes that are dead. */
  get deadOnes(): readonly number[] {
    return this.#processes.flatMap(({ life }, number) => (life.over ? number : []));
  }

  /** Appends of this life of the process with the edge. */
  get appends(): number {
    return this.#processOf(0).life.appends;
  }

  /** Whether a process that is alive and awake says that a lease is its own. */
  claims(number: number, lease: string): boolean {
    const { life, worker } = this.#processOf(number);
    return !life.over && !life.asleep && worker.leases.epochOf(lease) !== null;
  }

  async stop(): Promise<void> {
    if (!this.dead)
      await this.until(Promise.all(this.#processes.map((_process, number) => this.#stopped(number))));
    await this.kill();
  }

  #stopped(number: number): Promise<void> {
    const { life, worker } = this.#processOf(number);
    const stopped = worker.stop();
    return number === 0 ? stopped : Promise.race([stopped, life.ended]);
  }

  /** All processes die in the middle of whatever they are doing. */
  async kill(): Promise<void> {
    for (const { life } of this.#processes) life.end();
    this.#deployment.end();
    await this.stores.close();
  }

  /** One of several processes dies. */
  killOne(number: number): void {
    this.#processOf(number).life.end();
  }

  /** One of several processes is stopped in order; then it is dead. */
  async stopOne(number: number): Promise<void> {
    await this.until(this.#stopped(number));
    this.killOne(number);
  }

  /** One of several processes begins another life; only the one with the edge is waited for. */
  async startOne(number: number): Promise<void> {
    const life = this.#newLife();
    const begun = this.#begin(number, life);
    if (number === 0) return this.until(begun);
    begun.catch((error: unknown) => {
      this.#tell(`process ${number} did not start: ${String(error)}`);
      life.end();
    });
  }

  /** The machine of a process that has one of its own is suspended for a while. */
  suspend(number: number, ms: Milliseconds): void {
    this.#processOf(number).life.sleep(ms);
  }

  /** No machine is suspended any more. */
  wake(): void {
    for (const { life } of this.#processes) life.machine?.resume();
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
    let moved = this.#moved;
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
      const quiet = alone && (answered || (await this.#quiet()));
      // What is still under way where nobody asks for anything any more waits until time moves on.
      const waits = answered === null && this.#moved === moved;
      calm += quiet ? 1 : waits ? WAITING_TURN : BUSY_TURN;
      moved = this.#moved;
    }
    this.#checkNotHalted();
  }

  /** Grows whenever something is asked of a store or of others, or some time is waited for. */
  get #moved(): number {
    return this.#calls + this.#deliveries + this.#requests + this.clock.timersSet;
  }

  /** Nothing is under way in any process, and between them they have reacted to and shown all that is in the log. */
  async #quiet(): Promise<boolean> {
    const [first] = this.#processes;
    if (first && !first.life.over && this.#edgeFoundation.runner.busy > 0) return false;
    const running = this.#processes.filter(({ life }) => !life.over && !life.asleep);
    if (this.#processes.length === 1) return running[0]?.worker.idle() ?? true;
    const quiet = (): boolean => running.every(({ worker }) => worker.quiet);
    if (running.length === 0 || !quiet()) return running.length === 0;
    const head = await this.stores.events.head();
    const statuses = running.map(({ worker }) => worker.views.status());
    const shown = (statuses[0] ?? []).every((_model, index) =>
      statuses.some((models) => {
        const { halted, position } = models[index] as ModelStatus;
        return halted !== null || position >= head;
      }),
    );
    return shown && quiet() && running.some(({ worker }) => worker.reactor.position >= head);
  }

  #checkNotHalted(): void {
    const halted = this.#processes.flatMap(({ life, worker }) =>
      life.over ? [] : worker.views.status().filter((model) => model.halted !== null),
    );
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

  /** Devices enrol at the MDM server. */
  async enrol(devices: readonly NewDevice[]): Promise<void> {
    for (const device of this.simulator.fleet.add(devices)) await this.until(device.enrol());
    await this.advance(1_000);
  }

  /** Serial numbers that Apple has assigned. */
  atApple(adamId: string): string[] {
    return [...(this.simulator.admin.assignments(UID).assets[`${adamId}/STDQ`] ?? [])].sort();
  }

  /** Apps on a device, as our read model has them. */
  async installations(serialNumber: string): Promise<readonly InstallationDocument[]> {
    const query = { index: 'by-device', equals: [serialNumber], limit: 1_000 } as const;
    return (await this.stores.reads.query(queryModels.installations, query)).rows;
  }

  events(): Promise<StoredEvent[]> {
    return allEvents(this.stores.events);
  }

  /** A machine that is suspended sends nothing, and hears of an answer when it is awake. */
  async #sendFrom(number: number, life: Life, request: TransportRequest): Promise<TransportReply> {
    await life.machine?.awake();
    // It was killed before its machine was awake again.
    if (life.over) return never();
    this.options.requested?.(new URL(request.url).pathname, bearerOf(request.headers), number);
    try {
      return await this.#send(life, request);
    } finally {
      await life.machine?.awake();
    }
  }

  async #send(life: Life, request: TransportRequest): Promise<TransportReply> {
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
      if (life.over) return await never();
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
      const { life } = this.#processOf(0);
      if (new URL(url).pathname === '/mdm/webhook') {
        const signature = headers['x-hmac-signature'] ?? '';
        await receiveMdmMessage(this.edge, { body: Buffer.from(body), signature });
        return { status: life.over ? 502 : 200 };
      }
      const uId = new URL(url).pathname.split('/').at(-1) ?? '';
      const notification = JSON.parse(body) as { notificationId: string };
      const received = receiveNotification(this.edge, { uId, bearer: bearerOf(headers), body: notification });
      // Who is connected to a process hears at once that it died.
      await Promise.race([received, life.ended]);
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
