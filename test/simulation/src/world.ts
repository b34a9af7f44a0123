import { importToken, type Caller } from '@seatbook/application';
import { isRefusal, type Milliseconds, type ModelRef } from '@seatbook/kernel';
import { accountStream, queryModels, type AccountDocument, type Timings } from '@seatbook/licensing';
import type { CheckpointMove } from '@seatbook/runtime';
import type { FaultsPatch, NewAsset, Span } from '@seatbook/simulator';
import type { Fate } from '@seatbook/test-support/process-life';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import type { ServerBackEnd } from '@seatbook/test-support/server-back-end';
import { OWNER, VirtualSeatbook, asset, serials } from '@seatbook/test-support/virtual-seatbook';
import { Coverage } from './coverage.js';
import { Dice } from './dice.js';
import { Weather } from './weather.js';

/** Where the product of a world keeps its data. */
export type Where = 'embedded' | 'servers';

/** A location at Apple. */
export interface Site {
  readonly uId: string;
  readonly name: string;
  /** Apps that it owns; more are bought on the way. */
  readonly adamIds: string[];
  /** The token that was issued last. */
  token: string;
  /** Nothing can be written with it: that is seen at the first write. */
  readOnly: boolean;
  /** What another tool did to pairs after our first read, by app and serial number. */
  readonly foreign: Map<string, 'given' | 'taken' | 'moved-at-first'>;
}

/** A request that a client has sent, and what it was answered. */
export interface Sent {
  readonly key: string;
  readonly what: string;
  ask(caller: Caller): Promise<unknown>;
  /** Nobody asks again when it broke off. */
  readonly givenUp: boolean;
  orderId: string | null;
  answered: boolean;
}

const SITES = [
  { uId: '7700000000000001', name: 'Berlin Office' },
  { uId: '7700000000000002', name: 'Lyon Studio' },
] as const;

/**
 * The longest waits of the product, shortened alike: most histories are cheaper to live in minutes than in hours. The
 * others wait as long as it is set by default.
 */
const SHORT_WAITS: Partial<Timings> = {
  placeWithinMs: 120_000,
  maxRetryMs: 120_000,
  silenceMs: 60_000,
  stalledAfterMs: 150_000,
  // Longer than Apple ever has an event wait.
  effectWithinMs: 240_000,
  totalsEveryMs: 180_000,
  rewalkAfterMs: 60_000,
  walkAllEveryMs: 900_000,
  foreignAfterMs: 60_000,
  metadataRetryMs: 60_000,
  addressEveryMs: 120_000,
};

/** Where there are devices: what they never tell has failed within the calm. */
const SHORT_INSTALLATIONS: Partial<Timings> = {
  installWithinMs: 900_000,
  maxLookMs: 300_000,
  deviceReturnMs: 600_000,
};

/** Where apps are updated automatically, versions are looked for within a history. */
const SHORT_UPDATES: Partial<Timings> = { metadataEveryMs: 120_000, updatesEveryMs: 180_000 };

/** Where others come back in the end, a few rounds and a whole day are waited for. */
const SHORT_DAYS: Partial<Timings> = {
  totalsEveryMs: 90_000,
  rewalkAfterMs: 30_000,
  walkAllEveryMs: 300_000,
  foreignAfterMs: 30_000,
};

/** Commands that streams remember in some worlds: more than follow from one batch of the reactor there. */
const SHORT_MEMORY = 60;
const SMALL_BATCH = 20;
/** Whether others are at work once more in the world of a seed when all is calm. */
export const othersComeTo = (seed: number): boolean => seed % 16 === 2;

/** Whether an MDM server is connected in the world of a seed, at which devices enrol. */
export const devicesIn = (seed: number): boolean => seed % 16 === 12;

/** Whether settings of apps are changed in the world of a seed, one of those that have devices. */
export const settingsIn = (seed: number): boolean => seed % 32 === 28;

/** Whether persons have devices in the world of a seed, one of those that have devices. */
export const ownersIn = (seed: number): boolean => seed % 96 === 44;

/** Whether most that happens in the world of a seed is about persons. */
export const personsIn = (seed: number): boolean => seed % 16 === 5;

/** So many workers there are in the world of a seed; the edge is with the first. */
export const workersOf = (seed: number): number => (seed % 9 !== 4 ? 1 : seed % 27 === 13 ? 3 : 2);

/** Pause before a process that could not start is started again. */
const START_AGAIN_MS: Milliseconds = 5_000;
const STARTS = 100;
/** Writes, requests to Apple and calls that fail at one moment. More of them go round in circles: time would never move on. */
const MOST_AT_ONCE = 3_000;

/** The product, a simulated Apple and its locations, all made by a seed; and the story of what was done to them. */
export class World {
  /** Of the action that is under way. */
  dice: Dice;
  readonly sites: Site[] = [];
  readonly devices: readonly string[];
  readonly story: string[] = [];
  readonly sent: Sent[] = [];
  readonly tokens: string[] = [];
  /** Found wrong on the way. */
  readonly wrong: string[] = [];
  /** Notifications that were acknowledged, by their ids. */
  readonly acknowledged = new Set<string>();
  readonly covered = new Coverage();
  readonly virtual: VirtualSeatbook;
  readonly weather: Weather;
  /** From Apple's acceptance of a request to its effect. In some worlds a request may so be overtaken by a later one. */
  readonly eventDelayMs: Span;
  /** How far the clock of the machine is from Apple's. */
  clockAhead: Milliseconds = 0;
  /** Requests to write that another tool has sent. */
  requestsOfOthers = 0;
  readonly #startedAt: number;
  /** The latest epoch in which each checkpoint was moved, by the name of what has it. */
  readonly #epochs = new Map<string, number>();
  /** Whose each token is. */
  readonly #locations = new Map<string, string>();
  /** What was done at the moment that it is. */
  #moment: { readonly at: Milliseconds; count: number } = { at: -1, count: 0 };

  private constructor(
    readonly seed: number,
    virtual: VirtualSeatbook,
    weather: Weather,
    dice: Dice,
    /** Doubles of both servers; null where the stores are embedded. */
    readonly servers: ServerBackEnd | null,
    private readonly told: (line: string) => void,
  ) {
    this.virtual = virtual;
    this.weather = weather;
    this.dice = dice;
    this.devices = serials(dice.between(3, 30));
    const delay = dice.of([0, 300, 300, 2_000, 20_000, 50_000]);
    const overtaking = dice.chance(0.15);
    this.eventDelayMs = { min: overtaking ? 0 : delay, max: delay };
    virtual.simulator.admin.setFaults({ eventDelayMs: this.eventDelayMs });
    if (overtaking) this.setSwitches({ eventDelayPerTaskMs: dice.of([10, 500]) });
    this.#startedAt = virtual.clock.elapsed();
  }

  static async create(seed: number, where: Where, told: (line: string) => void): Promise<World> {
    const dice = new Dice(seededRandom(seed * 7_919 + 17));
    let world: World | null = null;
    const servers = where === 'servers' ? await serversOf(seed) : null;
    const weather: Weather = new Weather(
      () => world?.virtual.clock.elapsed() ?? 0,
      (what) => world?.covered.add(what),
      (line) => world?.tell(line),
    );
    const short = dice.chance(0.15);
    const workers = workersOf(seed);
    const virtual = await VirtualSeatbook.open({
      ...(servers && { backEnd: servers }),
      seed,
      // Some deployments cannot be reached from outside and poll.
      publicUrl: dice.chance(0.2) ? null : 'https://seatbook.test',
      timings: {
        ...(dice.chance(0.1) ? {} : { ...SHORT_WAITS, ...(othersComeTo(seed) ? SHORT_DAYS : {}) }),
        ...(devicesIn(seed) ? SHORT_INSTALLATIONS : {}),
        ...(settingsIn(seed) ? SHORT_UPDATES : {}),
      },
      ...(devicesIn(seed) && { mdm: {} }),
      // Some deployments run their halves in two processes, and some have several workers.
      apart: dice.chance(0.08),
      workers,
      ...(workers > 1 && {
        sleepMs: dice.of([20_000, 90_000, 90_000]),
        requested: (path, token, process) => world?.asked(path, token, process),
        carriedOut: (call, parameters) => world?.carriedOut(call, parameters),
      }),
      // What comes after thousands of events of a stream comes after a few in some.
      limits: {
        ...(dice.chance(0.4) ? { snapshotAfterEvents: dice.of([0, 3, 8]) } : {}),
        ...(dice.chance(0.3) ? { cacheBytes: dice.of([1, 30_000]) } : {}),
        ...(short ? { rememberedCommands: SHORT_MEMORY } : {}),
      },
      ...(short ? { reactor: { batchEvents: SMALL_BATCH } } : {}),
      // Some want to be told what a larger return is to take.
      ...(seed % 10 === 3 ? { edge: { expectAbove: { licences: 4, percent: 100 } } } : {}),
      fateOf: (call, parameters, process) => {
        const fate = weather.fateOf(call, parameters, process);
        return world?.goesRoundInCircles(call, fate) ? 'dies-before' : fate;
      },
      acknowledged: (notificationId) => world?.acknowledged.add(notificationId),
      log: (line) => world?.logged(line),
    });
    world = new World(seed, virtual, weather, dice, servers, told);
    // Names and icons come from another service, which is away in some worlds.
    if (seed % 25 === 24)
      virtual.simulator.admin.addErrorRule({ match: { path: '/WebObjects/' }, times: 3, html: true });
    for (const site of SITES.slice(0, dice.chance(0.25) ? 2 : 1)) world.#found(site);
    return world;
  }

  #found({ uId, name }: (typeof SITES)[number]): void {
    const { dice, virtual, devices } = this;
    const { admin } = virtual.simulator;
    const { token } = admin.createLocation({ uId, name, country: 'DE' });
    const adamIds = Array.from({ length: dice.between(1, 5) }, (_asset, index) => `90000000${index + 1}`);
    const site: Site = { uId, name, adamIds, token, readOnly: false, foreign: new Map() };
    this.sites.push(site);
    this.#know(token, uId);
    admin.addAssets(
      uId,
      adamIds.map((adamId) => this.assetOf(adamId, dice.between(0, devices.length + 5))),
    );
    admin.seedUsers(uId, [
      { clientUserId: 'anna@school.example', email: 'anna@school.example', status: 'Associated' },
      { clientUserId: 'ben@school.example', email: 'ben@school.example' },
    ]);
    // Other tools spell serial numbers as they like.
    const careless = dice.chance(0.2) ? 0.6 : 0.05;
    for (const adamId of adamIds) {
      if (dice.chance(0.4)) continue;
      const count = Math.min(this.available(site, adamId), dice.between(0, devices.length));
      const spelled = devices
        .slice(0, count)
        .map((serial) => (dice.chance(careless) ? serial.toLowerCase() : serial));
      if (count > 0) admin.seedAssignments(uId, { adamId, serialNumbers: spelled });
      if (this.available(site, adamId) > 0 && dice.chance(0.2))
        admin.seedAssignments(uId, { adamId, clientUserIds: ['anna@school.example'] });
    }
    const free = adamIds.map((adamId) => `${adamId}: ${this.available(site, adamId)} free`);
    this.tell(`the location ${uId} with ${free.join(', ')}`);
  }

  #know(token: string, uId: string): void {
    this.tokens.push(token);
    this.#locations.set(token, uId);
  }

  /** An app as organisations own them. */
  assetOf(adamId: string, total: number): NewAsset {
    const { dice } = this;
    if (dice.chance(0.08)) return asset(adamId, 0, { unlimited: true });
    return asset(adamId, total, {
      deviceAssignable: !dice.chance(0.05),
      revocable: !dice.chance(0.05),
      supportedPlatforms: dice.chance(0.15) ? ['macOS'] : ['iOS'],
    });
  }

  /** Licences that Apple could give away now. */
  available({ uId }: Site, adamId: string): number {
    const listed = this.virtual.simulator.admin.assets(uId).find((one) => one.adamId === adamId);
    return Math.max(0, Math.min(listed?.available ?? 0, 10_000));
  }

  /** The product writes a line into its log. */
  logged(line: string): void {
    const secret = this.tokens.find((token) => line.includes(token));
    if (secret !== undefined) this.wrong.push(`a token is in the log: ${line.replaceAll(secret, '…')}`);
  }

  /** Sets switches of the simulator, and counts those that change. */
  setSwitches(patch: FaultsPatch): void {
    const { admin } = this.virtual.simulator;
    const before = admin.faults();
    const after = admin.setFaults(patch);
    for (const [name, value] of Object.entries(after) as [keyof typeof after, unknown][]) {
      if (JSON.stringify(before[name]) === JSON.stringify(value)) continue;
      if (typeof value !== 'object' || value === null || 'min' in value) {
        this.covered.add(`knob: ${name}`);
        continue;
      }
      const old = before[name] as unknown as Record<string, unknown>;
      for (const [inner, now] of Object.entries(value))
        if (old[inner] !== now) this.covered.add(`knob: ${name}.${inner}`);
    }
  }

  /** The administrator of the simulator refuses what makes no sense, e.g. a purchase of an unlimited app. */
  attempt(act: () => unknown): void {
    try {
      act();
    } catch (error) {
      this.tell(`… which Apple refuses: ${(error as Error).message}`);
    }
  }

  tell(line: string): void {
    const seconds = (this.virtual.clock.elapsed() - this.#startedAt) / 1_000;
    const told = `${seconds.toFixed(1).padStart(9)} s  ${line}`;
    this.story.push(told);
    this.told(told);
  }

  /**
   * A client asks for something. What it comes to is of no interest at once: the end must be right whatever was answered.
   */
  send(what: string, ask: (caller: Caller) => Promise<unknown>, { givenUp = false } = {}): Sent {
    const key = `${what} ${this.sent.length}`;
    const sent: Sent = { key, what, ask, givenUp, orderId: null, answered: false };
    this.sent.push(sent);
    this.ask(sent);
    return sent;
  }

  /** Asks with the same key, for the first time or again. */
  ask(sent: Sent): void {
    sent.ask({ ...OWNER, idempotencyKey: sent.key }).then(
      (answer) => {
        const { orderId = null } = (answer ?? {}) as { orderId?: string };
        if (sent.answered && sent.orderId !== null && sent.orderId !== orderId)
          this.wrong.push(`${sent.key} was answered with ${sent.orderId}, then with ${orderId}`);
        sent.answered = true;
        sent.orderId = orderId;
        this.covered.add(`answered: ${sent.what}`);
      },
      (error: unknown) => this.#refused(sent, error),
    );
  }

  #refused(sent: Sent, error: unknown): void {
    if (!isRefusal(error)) {
      // What a store refuses goes to the client as an internal error; it asks again.
      const { code = '' } = error as { code?: string };
      if (code !== 'STORE_UNAVAILABLE') this.wrong.push(`${sent.key} broke off: ${(error as Error).stack}`);
      return;
    }
    this.covered.add(`refusal: ${error.code}`);
    if (sent.orderId !== null && error.kind !== 'TRANSIENT')
      this.wrong.push(`${sent.key} was answered with the order ${sent.orderId}, then refused: ${error.code}`);
    if (error.kind !== 'TRANSIENT') sent.answered = true;
  }

  /** One that works. `livesMs`: for so long it is good; a year when absent. */
  newToken(site: Site, livesMs?: Milliseconds): string {
    const { admin } = this.virtual.simulator;
    const expiresAt = livesMs === undefined ? {} : { expiresAt: this.virtual.clock.elapsed() + livesMs };
    const { token } = admin.issueToken(site.uId, expiresAt);
    this.#know(token, site.uId);
    site.token = token;
    site.readOnly = false;
    return token;
  }

  importToken(site: Site, takeOver = this.dice.chance(0.3)): void {
    const { token } = site;
    // Where licences are for devices, nobody is activated.
    const assignmentType = this.seed % 3 === 0 && !personsIn(this.seed) ? 'device' : 'user';
    const settings = { name: site.name, platform: 'iOS', assignmentType } as const;
    this.tell(`${site.uId} is imported`);
    this.send('import', (caller) =>
      importToken(this.virtual.edge, { file: token, settings, takeOver }, caller),
    );
  }

  account({ uId }: Site): Promise<AccountDocument | null> {
    return this.virtual.stores.reads.get(queryModels.accounts, uId);
  }

  goesRoundInCircles(call: string, fate: Fate): boolean {
    if (call !== 'events.append' && !call.startsWith('apple.') && fate !== 'fails') return false;
    const at = this.virtual.clock.elapsed();
    if (at !== this.#moment.at) this.#moment = { at, count: 0 };
    return (this.#moment.count += 1) > MOST_AT_ONCE;
  }

  /**
   * One of several workers asks something of Apple: it has the lease for that, and no other one that is awake says that
   * it has it.
   */
  asked(path: string, token: string, process: number): void {
    const uId = this.#locations.get(token);
    // What concerns the account itself is asked under the lease of other work.
    if (uId === undefined || path.endsWith('/client/config')) return;
    const { virtual } = this;
    const holders = virtual.workers.flatMap((_worker, number) =>
      virtual.claims(number, `apple/${uId}`) ? number : [],
    );
    this.covered.add(`asked by: ${process === 0 ? 'the first worker' : 'another worker'}`);
    if (holders.join() !== String(process))
      this.wrong.push(`worker ${process} asks ${path} of ${uId}, whose work is that of ${holders.join()}`);
  }

  /** What one of several workers has written: nobody whose time is over moves a checkpoint. */
  carriedOut(call: string, parameters: readonly unknown[]): void {
    if (call !== 'reads.commit' && call !== 'progress.saveCheckpoint') return;
    const [model, , moved] = parameters as [ModelRef | string, unknown, CheckpointMove];
    const name = typeof model === 'string' ? model : `${model.name}@${model.version}`;
    const { epoch } = typeof model === 'string' ? (parameters[1] as CheckpointMove) : moved;
    const latest = this.#epochs.get(name) ?? 0;
    if (epoch < latest)
      this.wrong.push(`the checkpoint of ${name} was moved in epoch ${epoch}, after ${latest} had begun`);
    if (epoch > latest && latest > 0) this.covered.add('epoch: a later one moves a checkpoint');
    this.#epochs.set(name, Math.max(epoch, latest));
  }

  /** Time passes, and what died is started again. */
  async pass(ms: Milliseconds): Promise<void> {
    await this.virtual.advance(ms);
    if (this.#moment.count > MOST_AT_ONCE)
      throw new Error(
        `more than ${MOST_AT_ONCE} writes, requests and failures at one moment: it goes round in circles`,
      );
    for (const number of this.virtual.deadOnes) {
      if (this.virtual.workers.length === 1) {
        this.tell('the process is dead; it starts again');
        await this.revive();
      } else {
        this.tell(`worker ${number} is dead; it starts again`);
        await this.#reviveOne(number);
      }
    }
  }

  async #reviveOne(number: number): Promise<void> {
    const { virtual } = this;
    await this.#startUntilItLives(
      () => virtual.startOne(number),
      async () => virtual.killOne(number),
    );
  }

  /** A process that is killed, or dead already, is started again: by a supervisor, as often as it needs. */
  async revive({ withoutViews = false } = {}): Promise<void> {
    const { virtual } = this;
    await virtual.kill();
    if (withoutViews) virtual.backEnd.loseViews();
    await this.#startUntilItLives(
      () => virtual.start(),
      () => virtual.kill(),
    );
  }

  async #startUntilItLives(start: () => Promise<void>, kill: () => Promise<void>): Promise<void> {
    for (let starts = 0; starts < STARTS; starts += 1) {
      try {
        await start();
        return;
      } catch (error) {
        this.tell(`it did not start: ${(error as Error).message}`);
        await kill();
        await this.virtual.advance(START_AGAIN_MS);
      }
    }
    throw new Error('it does not start');
  }

  /** What a person does and waits for; again when the process died meanwhile. */
  async done(what: string, act: () => Promise<unknown>): Promise<void> {
    this.tell(what);
    try {
      await this.virtual.until(act());
    } catch (error) {
      this.tell(`… which fails: ${(error as Error).message}`);
    }
  }

  takeBack({ uId }: Site): Promise<unknown> {
    const id = `take back ${this.story.length}`;
    const context = { commandId: id, principal: 'owner', correlationId: id, causationId: id };
    return this.virtual.edge.execute(accountStream(uId), { type: 'TakeOver' }, context);
  }

  /** A machine that is suspended is awake by then: who has a lease cannot know of an hour that no clock of it has seen. */
  setClock(by: Milliseconds): void {
    this.virtual.wake();
    this.clockAhead += by;
    this.virtual.clock.set(by);
  }

  close(): Promise<void> {
    return this.virtual.close();
  }
}

/** Their drivers are loaded where they are wanted. */
async function serversOf(seed: number): Promise<ServerBackEnd> {
  const backEnd = await import('@seatbook/test-support/server-back-end');
  return backEnd.ServerBackEnd.start(seededRandom(seed * 31_337 + 5));
}
