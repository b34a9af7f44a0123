import {
  START,
  type Instant,
  type Milliseconds,
  type ModelRef,
  type Position,
  type Random,
} from '@seatbook/kernel';
import {
  accountOfGate,
  MAX_TOLD,
  accountStream,
  dispatcher,
  licensingReactions,
  MDM_SERVER,
  mdmDispatcher,
  newCommandUuid,
  openWorkModel,
  queryModels,
  wantedInstallationsModel,
  type AccountRefusal,
  type AppleApi,
  type AssetId,
  type DispatchContext,
  type MdmApi,
  type MdmDispatchContext,
  type HolderKey,
  type LedgerCounts,
  type LicensingPorts,
  type OutdatedApp,
  type LicensingSettings,
  type OpenWorkRow,
  type Timings,
  type WantedRow,
} from '@seatbook/licensing';
import {
  DUE_RUNNER_LIMITS,
  DueRunner,
  LeaseKeeper,
  PlannerLoop,
  Processor,
  Reactor,
  StepRevision,
  dueModel,
  following,
  hasCode,
  joinViews,
  leaseTenure,
  pause,
  stepLeaseOf,
  troublesOf,
  type DueRunnerLimits,
  type Gates,
  type LeaseKeeperLimits,
  type ReadStore,
  type PlannerLoopLimits,
  type PlannerLoopOptions,
  type ReactorLimits,
  type TenureOf,
  type Pace,
  type Trouble,
  type Views,
} from '@seatbook/runtime';
import { allRows } from '../foundation/all-rows.js';
import { enrolledOf } from '../foundation/devices-of-person.js';
import type { Foundation } from '../foundation/foundation.js';
import { modelGroups } from '../foundation/model-groups.js';
import { accountLease, accountOf, modelLease } from '../foundation/partitions.js';
import { AccountGates } from './account-gates.js';
import { tellNews, type News } from './news.js';
import { NotificationAddresses } from './notification-addresses.js';
import { personsOf } from './persons.js';
import { vaultOf } from './vault.js';

export interface WorkerOptions {
  readonly apple: AppleApi;
  /** Where apps are installed from; null: nowhere. */
  readonly mdm?: MdmApi | null;
  readonly random: Random;
  readonly settings: LicensingSettings;
  /** A fresh secret that no one can guess, for the notifications of an account. */
  readonly newSecret: () => string;
  readonly limits?: {
    readonly reactor?: Partial<ReactorLimits>;
    readonly due?: Partial<DueRunnerLimits>;
    readonly planner?: Partial<PlannerLoopLimits>;
    readonly leases?: Partial<LeaseKeeperLimits>;
    readonly buildersLeaseMs?: Milliseconds;
  };
  /** What its requests to Apple wait for, for health and metrics; not told when absent. */
  readonly paces?: () => readonly Pace[];
  /** Where it says what an operator cares about; nowhere when absent. */
  readonly news?: News;
  /** Where the read models are built; inline when absent. */
  readonly views?: (tenureOf: TenureOf) => Views;
}

/** What work is taken from. What people look at may lag: no work waits for it. */
const WORKED_FROM: readonly ModelRef[] = [
  dueModel,
  openWorkModel,
  wantedInstallationsModel,
  queryModels.accounts,
];

/** The lease of planning for the MDM server. */
const MDM_LEASE = `mdm/${MDM_SERVER}`;

/** Work for the MDM server waits for nobody's token; without a server, it waits for one. */
const ALWAYS_OPEN: Gates = {
  isOpen: () => true,
  open: () => [MDM_SERVER],
  onOpened: () => () => undefined,
};
const NEVER_OPEN: Gates = { ...ALWAYS_OPEN, isOpen: () => false, open: () => [] };

/** How often a start that waits for a read model looks whether it has halted. */
const LOOK_MS: Milliseconds = 1_000;

/**
 * The half of the product that works: it builds the read models, reacts to events, does what is due and plans calls to
 * Apple. It needs nobody to talk to it and runs by itself between `start` and `stop`.
 */
export class SeatbookWorker {
  readonly views: Views;
  readonly reactor: Reactor;
  readonly leases: LeaseKeeper;
  readonly gates: AccountGates;
  readonly addresses: NotificationAddresses;
  readonly due: DueRunner<LicensingPorts>;
  readonly stepRevision: StepRevision;
  readonly dispatcher: PlannerLoop<OpenWorkRow, DispatchContext>;
  readonly mdmDispatcher: PlannerLoop<WantedRow, MdmDispatchContext>;
  readonly ports: LicensingPorts;
  /** What must be left of an account's lease when a request to Apple starts, so that it ends before the lease does. */
  readonly #leftMs: Milliseconds;
  #stopping = false;
  #ending = new AbortController();

  constructor(
    readonly foundation: Foundation,
    { apple, mdm = null, random, settings, newSecret, limits, paces, views, news }: WorkerOptions,
  ) {
    const { stores, events, runner, timings, clock, ids, log } = foundation;
    const { reads, progress } = stores;
    const holder = ids.next();
    this.#leftMs = limits?.due?.gateLeaseLeftMs ?? DUE_RUNNER_LIMITS.gateLeaseLeftMs;
    this.leases = new LeaseKeeper({ leases: stores.leases, holder, clock, log, limits: limits?.leases });
    this.leases.tell(() => ({ troubles: this.#troubles(), paces: paces?.() ?? [] }));
    const tenureOf: TenureOf = (model) =>
      leaseTenure(this.leases, modelLease(model), limits?.buildersLeaseMs);
    this.views = views?.(tenureOf) ?? buildersOf(foundation, tenureOf);
    this.gates = new AccountGates({
      reads,
      views: this.views,
      clock,
      log,
      report: (uId, refusal) => this.#report(uId, refusal),
      revise: (uId, fingerprint) => this.#revise(uId, fingerprint),
    });
    const vault = vaultOf(stores.secrets, newSecret);
    this.ports = { apple, mdm, vault, clock, random, settings, ...readingPorts(foundation) };
    this.addresses = new NotificationAddresses(foundation, settings.publicUrl);
    const shared = { runner, leases: this.leases, clock, log };
    const reactions = licensingReactions(timings);
    this.reactor = new Reactor({
      ...shared,
      events,
      progress,
      reactions,
      limits: limits?.reactor,
      passed: news && ((passed) => tellNews(passed, news)),
    });
    this.stepRevision = new StepRevision({ ...shared, events, progress, kinds: runner.kinds });
    // All that speaks to Apple for an account is one worker's business.
    const gated = { ...shared, reads, ids };
    this.due = new DueRunner({
      ...gated,
      gates: this.gates,
      leaseOf: (gate) => accountLease(accountOfGate(gate)),
      progress,
      ports: this.ports,
      limits: limits?.due,
    });
    this.dispatcher = new PlannerLoop({
      ...gated,
      gates: this.gates.writes,
      leaseOf: accountLease,
      planner: dispatcher(timings),
      events,
      views: this.views,
      context: async (uId) => ({
        uId,
        now: clock.now(),
        limits: await apple.limits(),
        probeAt: await this.#probeAt(uId),
        newCallId: () => ids.next(),
      }),
      limits: limits?.planner,
    });
    this.mdmDispatcher = forDevices({ ...gated, events, views: this.views, limits: limits?.planner }, mdm, {
      timings,
      random,
    });
    this.views.onAdvance((model) => {
      if (model === dueModel.name) this.due.wake();
    });
  }

  /**
   * Resolves when work is being done. Nothing is taken before the read models that work is taken from have reached the
   * head of the log as it was at start.
   * @throws when one of them has halted
   */
  async start(): Promise<void> {
    this.#stopping = false;
    this.#ending = new AbortController();
    const head = await this.#head();
    if (this.#stopping) return;
    this.leases.start();
    await this.views.start();
    await Promise.all(WORKED_FROM.map((model) => this.#caughtUp(model, head)));
    if (this.#stopping) return;
    this.gates.start();
    this.reactor.start();
    this.stepRevision.start();
    this.due.start();
    this.dispatcher.start();
    this.mdmDispatcher.start();
    this.addresses.start();
  }

  /** The end of the log, as soon as that can be read: its server may be away, also since the stores were opened. */
  async #head(): Promise<Position> {
    const { stores, clock, log } = this.foundation;
    let told = '';
    while (!this.#stopping) {
      try {
        return await stores.events.head();
      } catch (error) {
        if (!hasCode(error, 'STORE_UNAVAILABLE') || error.lasting) throw error;
        const { message } = error;
        if (message !== told) log('the work begins as soon as the log can be read', { reason: message });
        told = message;
        await pause(clock, LOOK_MS, this.#ending.signal);
      }
    }
    return START;
  }

  async #caughtUp(model: ModelRef, head: Position): Promise<void> {
    while (!this.#stopping) {
      if (await this.foundation.freshness.reached(model, head, LOOK_MS)) return;
      const halted = this.views.status().find(({ name }) => name === model.name)?.halted ?? null;
      if (halted !== null) throw new Error(`the read model ${model.name} has halted: ${halted}`);
    }
  }

  /** Takes nothing more, finishes what is under way and saves the checkpoints. The stores stay open. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#ending.abort();
    const { dispatcher, mdmDispatcher, due, gates, stepRevision, addresses } = this;
    await Promise.all(
      [dispatcher, mdmDispatcher, due, gates, stepRevision, addresses].map((runner) => runner.stop()),
    );
    await this.reactor.stop();
    await this.views.stop();
    await this.leases.stop();
  }

  /**
   * Whether a request to Apple may start now: not under a lease that ran out, or may run out before the answer comes.
   * What concerns the account itself is work without a gate, and has the lease of that.
   */
  mayAsk(uId: string, about: 'account' | 'licences'): boolean {
    // A token that is being examined: whose it is Apple says with the answer.
    if (uId === '') return true;
    if (about === 'account') return this.leases.leftOf(stepLeaseOf(accountStream(uId))) > 0;
    return this.leases.leftOf(accountLease(uId)) > this.#leftMs;
  }

  /** Called when the work of an account is this worker's that another one had, or an earlier life of this one. */
  onTookOver(listener: (uId: string) => void): () => void {
    return this.leases.onGained((lease) => {
      const uId = accountOf(lease);
      // In the first epoch nobody was there before.
      if (uId !== null && (this.leases.epochOf(lease) ?? 0) > 1) listener(uId);
    });
  }

  get #runners() {
    const { gates, addresses, reactor, stepRevision, due, dispatcher, mdmDispatcher } = this;
    return [gates, addresses, reactor, stepRevision, due, dispatcher, mdmDispatcher];
  }

  /** What keeps a runner from its work at present: told to other processes with the leases. */
  #troubles(): readonly Trouble[] {
    return [...this.#runners.flatMap(({ troubles }) => troubles), ...troublesOf(this.views.status())];
  }

  /** When one small call may try whether Apple accepts what is written for an account; null while it does. */
  async #probeAt(uId: string): Promise<Instant | null> {
    const { state } = await this.foundation.runner.load(accountStream(uId));
    return state.phase === 'imported' && state.writes.state === 'refused' ? state.writes.probeAt : null;
  }

  /** Tells an account what Apple refused. It knows whether that is still about the token in use. */
  async #report(uId: string, refusal: AccountRefusal): Promise<Position> {
    const { position } = await this.foundation.begin(
      accountStream(uId),
      refusal.kind === 'conflict'
        ? { type: 'ReportConflict', mdmInfo: refusal.mdmInfo }
        : { ...refusal, type: 'RefuseToken' },
    );
    return position;
  }

  /** Tells an account that the date of its token has not come after all, as far as that is still its token. */
  async #revise(uId: string, fingerprint: string): Promise<void> {
    const { runner, ids } = this.foundation;
    const stream = accountStream(uId);
    const { last } = await runner.load(stream);
    // It follows from what the account said last, so that what had stopped by that goes on with its causes.
    if (!last) return;
    const context = following(last, { commandId: ids.next(), principal: 'seatbook' });
    await runner.execute(stream, { type: 'ReviseExpiry', fingerprint }, context);
  }

  /** None of its runners is at work, and no command is being decided. */
  get quiet(): boolean {
    return [...this.#runners, this.leases].every(({ idle }) => idle) && this.foundation.runner.busy === 0;
  }

  /** It is quiet, and all that is in the log has been reacted to and shown: by this worker, where it is the only one. */
  async idle(): Promise<boolean> {
    if (!this.quiet) return false;
    const head = await this.foundation.stores.events.head();
    if (this.reactor.position < head || !this.quiet) return false;
    return this.views.status().every(({ position, halted }) => halted !== null || position >= head);
  }
}

/** Plans what is sent to devices. */
const forDevices = (
  shared: Omit<
    PlannerLoopOptions<WantedRow, MdmDispatchContext>,
    'gates' | 'leaseOf' | 'planner' | 'context'
  >,
  mdm: MdmApi | null,
  { timings, random }: { readonly timings: Timings; readonly random: Random },
): PlannerLoop<WantedRow, MdmDispatchContext> =>
  new PlannerLoop({
    ...shared,
    gates: mdm === null ? NEVER_OPEN : ALWAYS_OPEN,
    leaseOf: () => MDM_LEASE,
    planner: mdmDispatcher(timings),
    context: async () => ({
      now: shared.clock.now(),
      newCommandUuid: () => newCommandUuid('install', random),
    }),
  });

/** What steps read of the product itself. */
const readingPorts = ({
  stores: { directory, reads, events },
  runner,
  freshness,
}: Foundation): Pick<
  LicensingPorts,
  'persons' | 'read' | 'look' | 'ledgers' | 'heldBy' | 'outdated' | 'devicesWith' | 'devicesOf'
> => ({
  persons: personsOf(directory),
  read: async (stream) => (await runner.load(stream)).state,
  look: (stream, at) => runner.look(stream, at),
  ledgers: (uId) => ledgersIn(reads, uId),
  async heldBy(holder) {
    const fresh = await freshness.reached(queryModels.pairs, await events.head(), LOOK_MS);
    return fresh ? heldIn(reads, holder) : null;
  },
  outdated: (uId, adamId) => outdatedIn(reads, uId, adamId),
  async devicesWith(uId, adamId, after) {
    const head = await events.head();
    const fresh = await freshness.reached(queryModels.installations, head, LOOK_MS);
    return fresh ? devicesIn(reads, uId, adamId, after) : null;
  },
  async devicesOf(userId) {
    const fresh = await freshness.reached(queryModels.devices, await events.head(), LOOK_MS);
    return fresh ? enrolledOf(reads, userId) : null;
  },
});

/** Devices that have an older version of an app than the store, and were not asked for that yet. */
async function outdatedIn(
  reads: ReadStore,
  uId: string,
  only: string | null,
): Promise<readonly OutdatedApp[]> {
  const outdated: OutdatedApp[] = [];
  const assets = allRows(reads, queryModels.assets, { index: 'by-account', equals: [uId] });
  for await (const { adamId, pricingParam, version } of assets) {
    if (version === null || (only !== null && only !== adamId)) continue;
    const serialNumbers: string[] = [];
    const rows = { index: 'by-app', equals: [uId, adamId, 'installed'] } as const;
    for await (const row of allRows(reads, queryModels.installations, rows)) {
      const older = row.version !== null && row.version < version && (row.askedVersion ?? 0) < version;
      if (older && row.device !== null && row.pricingParam === pricingParam) serialNumbers.push(row.device);
    }
    if (serialNumbers.length > 0) outdated.push({ adamId, pricingParam, version, serialNumbers });
  }
  return outdated;
}

/** Devices of an account that have one of its apps, or of one of them, or may get it. */
async function devicesIn(
  reads: ReadStore,
  uId: string,
  adamId: string | null,
  after: string,
): Promise<readonly string[]> {
  const devices = new Set<string>();
  const rows = { index: 'by-app', equals: adamId === null ? [uId] : [uId, adamId] } as const;
  for await (const { device } of allRows(reads, queryModels.installations, rows))
    if (device !== null && device > after) devices.add(device);
  return [...devices].sort().slice(0, MAX_TOLD);
}

/** What a holder has or waits for, by account. */
async function heldIn(reads: ReadStore, holder: HolderKey): Promise<readonly HeldOfAccount[]> {
  const held = new Map<string, AssetId[]>();
  const pairs = allRows(reads, queryModels.pairs, { index: 'by-holder', equals: [holder] });
  for await (const { uId, adamId, pricingParam, state } of pairs)
    if (state !== 'failed') held.set(uId, [...(held.get(uId) ?? []), { adamId, pricingParam }]);
  return [...held].map(([uId, assets]) => ({ uId, assets }));
}

type HeldOfAccount = NonNullable<Awaited<ReturnType<LicensingPorts['heldBy']>>>[number];

/** Counts of all ledgers of an account. */
async function ledgersIn(reads: ReadStore, uId: string): Promise<readonly LedgerCounts[]> {
  const ledgers: LedgerCounts[] = [];
  const assets = allRows(reads, queryModels.assets, { index: 'by-account', equals: [uId] });
  for await (const { adamId, pricingParam, baseline, reserved, assigned, returning, quietSince } of assets)
    ledgers.push({ adamId, pricingParam, baseline, reserved, assigned, returning, quietSince });
  return ledgers;
}

/** Builders in this thread. */
const buildersOf = ({ stores, events, clock, log }: Foundation, tenureOf: TenureOf): Views =>
  joinViews(
    modelGroups.map(
      ({ models }) => new Processor({ events, reads: stores.reads, models, clock, log, tenureOf }),
    ),
  );
