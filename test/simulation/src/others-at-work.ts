import { decideDrift, setDriftPolicies } from '@seatbook/application';
import { idOf, type Instant, type Milliseconds, type Position } from '@seatbook/kernel';
import {
  holderKeys,
  type AppleEventEvent,
  type AssetEvent,
  type DriftPolicies,
  type ReconciliationEvent,
} from '@seatbook/licensing';
import type { StoredEvent } from '@seatbook/runtime';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { OWNER, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';
import { place } from './actions/place.js';
import { Dice } from './dice.js';
import { addressAtApple } from './last-order.js';
import { othersComeTo, type Site, type World } from './world.js';

/** Worlds that live a day in a quarter of an hour; in the others nobody waits for a day to pass. */
const SHORT_DAY_MS: Milliseconds = 3_600_000;
/** What is found, recorded and undone takes no longer than this, beside Apple's own time. */
const SLACK_MS: Milliseconds = 30_000;
/** … where one worker sees what another one does when it looks. */
const SLACK_OF_SEVERAL_MS: Milliseconds = 150_000;
/** A notification is reacted to within this time. */
const REACTED_MS: Milliseconds = 1_000;
const ALERT_AFTER_MS: Milliseconds = 3_600_000;
/** A pair that was restored so often within a day is asked about. */
const RESTORES = 2;

type Kind = 'added' | 'taken';
type Decision = 'accepted' | 'restoring' | 'asked';

/** What somebody else has done to one pair. */
interface Act {
  readonly kind: Kind;
  readonly adamId: string;
  readonly serialNumber: string;
  readonly by: 'console' | 'another-tool';
  readonly at: Instant;
  readonly expected: Decision;
}

type DataOf<E extends { readonly type: string; readonly data: unknown }, T extends E['type']> = Extract<
  E,
  { type: T }
>['data'];
type Announced = DataOf<AppleEventEvent, 'appleEvent.notification-received'>;
type Walked = DataOf<ReconciliationEvent, 'reconciliation.walk-completed'>;

/** What the log says of one pair, and when the walk began that found it. */
type Told = DataOf<AssetEvent, 'asset.drift-found'> & {
  readonly adamId: string;
  readonly serialNumber: string;
  readonly walkedAt: Instant;
};

/**
 * Others are at work at a calm Apple, and nobody asks for a comparison: what they do is found by the rhythm of the
 * product alone. It is told once and of whom, and what is done about it is what was set: no more, and no less.
 */
export async function othersAtWork(world: World): Promise<readonly string[]> {
  if (!othersComeTo(world.seed) || world.servers) return [];
  const [site] = world.sites;
  const account = site && (await world.account(site));
  if (!site || !account?.usable || account.writesHeld !== null) return [];
  // With another address at Apple nobody hears who does something.
  if (account.subscribed && addressAtApple(site, world) !== account.notificationUrl) return [];
  const others = new Others(world, site, account.subscribed);
  const daily = world.virtual.timings.walkAllEveryMs <= SHORT_DAY_MS;
  const steps = [
    () => others.begin(),
    () => others.takeAndGive(),
    () => others.insist(),
    () => others.swap('another-tool'),
    ...(daily ? [() => others.swap('console')] : []),
    () => others.decide(),
  ];
  for (const step of steps) {
    await step();
    // Another MDM, or a token that is over, without anybody having met it before.
    if (!(await world.account(site))?.usable) return [];
    const wrong = await others.wrong();
    if (wrong.length > 0) return wrong;
  }
  return others.finished();
}

class Others {
  readonly #dice: Dice;
  readonly #acts: Act[] = [];
  readonly #wrong: string[] = [];
  readonly #policies: DriftPolicies;
  readonly #more: string;
  readonly #less: string;
  readonly #began: Instant;
  /** Pairs about which was asked, and which were restored then. */
  readonly #decided = new Set<string>();
  #from: Position | null = null;

  constructor(
    private readonly world: World,
    private readonly site: Site,
    private readonly heard: boolean,
  ) {
    this.#dice = new Dice(seededRandom(world.seed * 7_368_787 + 11));
    const policy = () => this.#dice.of(['accept', 'restore', 'restore', 'ask'] as const);
    this.#policies = { added: policy(), taken: policy() };
    this.#more = `92${String(world.seed).padStart(6, '0')}1`;
    this.#less = `92${String(world.seed).padStart(6, '0')}2`;
    this.#began = world.virtual.clock.now();
  }

  get #slack(): Milliseconds {
    const { virtual, eventDelayMs } = this.world;
    return (virtual.workers.length > 1 ? SLACK_OF_SEVERAL_MS : SLACK_MS) + 2 * eventDelayMs.max;
  }

  /** What changes a number is found within this time. */
  get #round(): Milliseconds {
    const { totalsEveryMs, rewalkAfterMs } = this.world.virtual.timings;
    return totalsEveryMs + rewalkAfterMs + this.#slack;
  }

  /** Two new apps. Of one, others have some before it is read first: that is no drift. */
  async begin(): Promise<void> {
    const { world, site } = this;
    const { uId } = site;
    const { admin } = world.virtual.simulator;
    this.#from = await world.virtual.stores.events.head();
    const policies = this.#policies;
    await world.done(`what others do to ${uId} from here on: ${JSON.stringify(policies)}`, () =>
      setDriftPolicies(world.virtual.edge, { uId, policies }, OWNER),
    );
    admin.addAssets(uId, [asset(this.#more, 60), asset(this.#less, 60)]);
    site.adamIds.push(this.#more, this.#less);
    admin.seedAssignments(uId, { adamId: this.#less, serialNumbers: serials(4, 0, 'E') });
    await world.pass(this.#round);
    await this.#order('AssignLicense', serials(6, 0, 'P'));
  }

  /** Of one app they give more away, of the other they take some; our own orders run at the same time. */
  async takeAndGive(): Promise<void> {
    for (const serialNumber of serials(2, 0, 'G')) this.#act('added', this.#more, serialNumber, 'console');
    this.#act('taken', this.#less, 'E000000000', 'console');
    this.#act('taken', this.#less, 'P000000000', 'another-tool');
    await this.#order(this.#dice.of(['AssignLicense', 'ReturnLicense'] as const), serials(3, 3, 'P'));
    await this.world.pass(this.#round);
  }

  /** They do the same again, twice. */
  async insist(): Promise<void> {
    for (let time = 0; time < 2; time += 1) {
      if (this.#policies.added === 'restore') this.#act('added', this.#more, 'G000000000', 'console');
      if (this.#policies.taken === 'restore') this.#act('taken', this.#less, 'E000000000', 'console');
      await this.world.pass(this.#round);
    }
  }

  /** One pair for another: Apple announces it, or only the walk of all assets finds it. */
  async swap(by: Act['by']): Promise<void> {
    const { world } = this;
    const announced = by === 'another-tool' && this.heard;
    if (by === 'another-tool' && !this.heard) return;
    world.setSwitches({ assignmentDelta: 'nothing' });
    const [given, taken] = announced ? ['H000000000', 'E000000001'] : ['H000000001', 'E000000002'];
    this.#act('taken', this.#less, taken, by);
    this.#act('added', this.#less, given, by);
    const { foreignAfterMs, rewalkAfterMs, walkAllEveryMs } = world.virtual.timings;
    await world.pass(
      announced ? 2 * foreignAfterMs + rewalkAfterMs + this.#slack : walkAllEveryMs + this.#round,
    );
  }

  /** A person decides about all that waits for that. */
  async decide(): Promise<void> {
    const { world, site } = this;
    const decision = this.#dice.of(['accept', 'restore'] as const);
    await world.done(`all drift of ${site.uId} that waits is decided: ${decision}`, () =>
      decideDrift(world.virtual.edge, { uId: site.uId, decision }, OWNER),
    );
    const last = new Map(this.#acts.map((act) => [`${act.adamId} ${act.serialNumber}`, act]));
    for (const [key, act] of last)
      if (act.expected === 'asked' && decision === 'restore') this.#decided.add(key);
    await world.pass(this.#slack);
  }

  async finished(): Promise<readonly string[]> {
    const { world, site } = this;
    const log = await world.virtual.events();
    const alerts = log.filter(
      ({ type, stream, position }) =>
        type === 'reconciliation.drift-alerted' &&
        idOf(stream) === site.uId &&
        this.#from !== null &&
        position > this.#from,
    ).length;
    const hours = (world.virtual.clock.now() - this.#began) / ALERT_AFTER_MS;
    // The hour after an alert may have begun before.
    if ((alerts === 0 && hours > 1) || alerts > Math.ceil(hours) + 1)
      this.#wrong.push(`${alerts} alerts of drift in ${hours.toFixed(1)} hours`);
    world.covered.add('others at work: found, told and decided');
    return this.#wrong;
  }

  async #order(kind: 'AssignLicense' | 'ReturnLicense', serialNumbers: readonly string[]): Promise<void> {
    const { world, site } = this;
    const assets = [stdq(this.#more), stdq(this.#less)];
    place(world, site, { kind, assets, serialNumbers: [...serialNumbers], ifShort: 'wait' });
    await world.pass(this.#slack);
  }

  #act(kind: Kind, adamId: string, serialNumber: string, by: Act['by']): void {
    const { world, site } = this;
    const { uId, foreign } = site;
    const { simulator, clock } = world.virtual;
    world.tell(`${by}: ${adamId} is ${kind === 'added' ? 'given to' : 'taken from'} ${serialNumber}`);
    foreign.set(`${adamId} ${serialNumber}`, kind === 'added' ? 'given' : 'taken');
    const expected = this.#decisionOn(kind, adamId, serialNumber);
    this.#acts.push({ kind, adamId, serialNumber, by, at: clock.now(), expected });
    if (by === 'console') {
      const { admin } = simulator;
      // Where the second of two rounds finds the token dead, nothing was restored.
      world.attempt(() =>
        kind === 'added'
          ? admin.addAssignment(uId, { adamId, serialNumber })
          : admin.removeAssignment(uId, { adamId, serialNumber }),
      );
      return;
    }
    // Tools of one location have tokens of their own.
    const { token } = simulator.admin.issueToken(uId, {});
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const path = `/mdm/v2/assets/${kind === 'added' ? 'associate' : 'disassociate'}`;
    const body = JSON.stringify({ assets: [{ adamId }], serialNumbers: [serialNumber] });
    world.requestsOfOthers += 1;
    // The simulator answers when time has passed.
    void simulator.handle({ method: 'POST', path, headers, body }).then(({ status, body: said }) => {
      if (status >= 300) world.tell(`… which Apple refuses: ${said}`);
    });
  }

  #decisionOn(kind: Kind, adamId: string, serialNumber: string): Decision {
    const policy = this.#policies[kind];
    if (policy !== 'restore') return policy === 'accept' ? 'accepted' : 'asked';
    const restored = this.#acts.filter(
      (act) => act.adamId === adamId && act.serialNumber === serialNumber && act.expected === 'restoring',
    ).length;
    return restored < RESTORES ? 'restoring' : 'asked';
  }

  /** Each act was told once, in time and of whom; nothing else was; and Apple is as what was decided has it. */
  async wrong(): Promise<readonly string[]> {
    const log = await this.world.virtual.events();
    const announced = log.flatMap(({ type, data }) =>
      type === 'appleEvent.notification-received' ? [data as Announced] : [],
    );
    const told = this.#told(log);
    for (const act of this.#acts) {
      const index = told.findIndex(
        ({ adamId, serialNumber, kind }) =>
          adamId === act.adamId && serialNumber === act.serialNumber && kind === act.kind,
      );
      const [found] = index < 0 ? [] : told.splice(index, 1);
      if (found) this.#checkTold(act, found, announced);
      else this.#wrong.push(`${textOf(act)} is not told`);
    }
    for (const found of told) this.#wrong.push(`${textOf(found)} is told, and nobody did that`);
    this.#checkApple();
    return this.#wrong;
  }

  #checkTold(act: Act, found: Told, announced: readonly Announced[]): void {
    const { source, decision, from, to } = found;
    const rightly = this.#sourcesOf(act, found, announced);
    if (!rightly.includes(source))
      this.#wrong.push(`${textOf(act)} is said to be of ${source}, not of ${rightly.join(' or ')}`);
    if (decision !== act.expected)
      this.#wrong.push(`${textOf(act)} is ${decision}, where it should be ${act.expected}`);
    const { max: late } = this.world.eventDelayMs;
    if (from > act.at + (act.by === 'console' ? 0 : late) || to < act.at)
      this.#wrong.push(`${textOf(act)} at ${act.at} is said to have happened from ${from} to ${to}`);
  }

  /** Whose act it can be said to be. What Apple announces later than a walk sees it is not known to the walk. */
  #sourcesOf(act: Act, { walkedAt }: Told, announced: readonly Announced[]): readonly string[] {
    const unannounced = this.heard ? 'console' : 'unknown';
    if (act.by === 'console') return [unannounced];
    const knownAfter = this.world.virtual.workers.length > 1 ? SLACK_OF_SEVERAL_MS : REACTED_MS;
    const operation = act.kind === 'added' ? 'ASSOCIATE' : 'DISASSOCIATE';
    const known = announced.some(
      (said) =>
        said.operation === operation &&
        said.at >= act.at &&
        said.at + knownAfter <= walkedAt &&
        said.pairs.some(
          ({ adamId, serialNumbers }) => adamId === act.adamId && serialNumbers.includes(act.serialNumber),
        ),
    );
    return known ? ['another-tool'] : ['another-tool', unannounced];
  }

  #checkApple(): void {
    const { assets } = this.world.virtual.simulator.admin.assignments(this.site.uId);
    const last = new Map(this.#acts.map((act) => [`${act.adamId} ${act.serialNumber}`, act]));
    for (const [key, act] of last) {
      const restored = act.expected === 'restoring' || this.#decided.has(key);
      const held = (assets[`${act.adamId}/STDQ`] ?? []).includes(act.serialNumber);
      if (held !== ((act.kind === 'added') !== restored))
        this.#wrong.push(`${textOf(act)} and ${act.expected}, and Apple ${held ? 'has' : 'lacks'} the pair`);
    }
  }

  #told(log: readonly StoredEvent[]): Told[] {
    const from = this.#from;
    return log.flatMap(({ type, stream, position, data, metadata: { cause } }) => {
      if (type !== 'asset.drift-found' || from === null || position <= from) return [];
      const [uId = '', adamId = ''] = idOf(stream).split('.');
      if (uId !== this.site.uId) return [];
      const found = data as DataOf<AssetEvent, 'asset.drift-found'>;
      const walk = log.find(
        (event) =>
          event.type === 'reconciliation.walk-completed' &&
          event.stream === cause?.stream &&
          event.revision > cause.revision &&
          (event.data as Walked).adamId === adamId,
      );
      const { startedAt: walkedAt = 0 } = (walk?.data ?? {}) as Partial<Walked>;
      return holderKeys(found).map((key) => ({ ...found, adamId, walkedAt, serialNumber: key.slice(2) }));
    });
  }
}

const textOf = ({ kind, adamId, serialNumber }: Pick<Act, 'kind' | 'adamId' | 'serialNumber'>): string =>
  `${adamId} of ${serialNumber}, ${kind} by others`;
