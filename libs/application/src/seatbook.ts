import type { Clock, Document, Ids, Milliseconds, Position, Random, ReadModel } from '@seatbook/kernel';
import {
  DEFAULT_TIMINGS,
  dispatcher,
  licensingReactions,
  licensingRegistry,
  licensingStreams,
  queryModels,
  workModels,
  type AppleApi,
  type DispatchContext,
  type LicensingPorts,
  type LicensingSettings,
  type OpenWorkRow,
  type Timings,
} from '@seatbook/licensing';
import {
  CommandRunner,
  DUE_RUNNER_DEFAULTS,
  DueRunner,
  Parking,
  PlannerLoop,
  Processor,
  Reactor,
  dueModel,
  joinViews,
  reached,
  type CommandContext,
  type CommandOptions,
  type Directory,
  type DueRunnerOptions,
  type EventStore,
  type Receipt,
  type Progress,
  type ReadStore,
  type Secrets,
  type StreamKind,
  type Views,
} from '@seatbook/runtime';
import { AccountGates } from './account-gates.js';
import { KnownAssets } from './known-assets.js';
import { personsOf } from './persons.js';
import { Reader } from './reader.js';
import { notificationSecretName, vaultOf } from './vault.js';

/** Where everything is kept. */
export interface Stores {
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly progress: Progress;
  readonly secrets: Secrets;
  readonly directory: Directory;
}

export interface SeatbookOptions {
  readonly stores: Stores;
  readonly apple: AppleApi;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly settings: LicensingSettings;
  readonly timings?: Timings;
  readonly dueRunner?: Partial<DueRunnerOptions>;
  /** Where the read models are built; inline when absent. */
  readonly views?: Views;
  readonly log?: (message: string, facts: object) => void;
  /** Longest wait of a query for a position. */
  readonly positionWaitMs?: Milliseconds;
  /** A fresh secret that no one can guess, for the notifications of an account. */
  readonly newSecret: () => string;
}

/** Groups of read models that are built in one pass each; what the product works from comes first. */
export const modelGroups: readonly (readonly ReadModel<Document>[])[] = [
  [dueModel, ...workModels],
  queryModels,
];

const POSITION_WAIT_MS: Milliseconds = 10_000;
const START_WITHIN_MS: Milliseconds = 10 * 60_000;

/**
 * The product without its HTTP edge: the domain on the runtime, on whatever stores and clock it is given.
 * Commands go in by `execute`; the rest runs by itself between `start` and `stop`.
 */
export class Seatbook {
  readonly runner: CommandRunner;
  readonly views: Views;
  readonly reader: Reader;
  readonly reactor: Reactor;
  readonly parking: Parking;
  readonly gates: AccountGates;
  readonly assets: KnownAssets;
  readonly due: DueRunner<LicensingPorts>;
  readonly dispatcher: PlannerLoop<OpenWorkRow, DispatchContext>;
  readonly ports: LicensingPorts;
  readonly registry = licensingRegistry();
  /** Notification secrets by account: opened once, since Apple sends hundreds of notifications for one call. */
  readonly #notificationSecrets = new Map<string, string>();
  #stopListening: () => void = () => undefined;

  constructor(readonly options: SeatbookOptions) {
    const { stores, apple, clock, ids, random, settings, timings = DEFAULT_TIMINGS, log } = options;
    const { events, reads, progress } = stores;
    const { registry } = this;
    const kinds = Object.values(licensingStreams(timings)) as readonly StreamKind[];
    this.runner = new CommandRunner({ events, reads, registry, kinds, clock, ids });
    this.views =
      options.views ??
      joinViews(modelGroups.map((models) => new Processor(events, reads, registry, models, clock)));
    this.reader = new Reader({
      reads,
      events,
      clock,
      freshness: {
        position: (model) => this.views.position(model),
        reached: (model, position, timeoutMs) => this.reached(model, position, timeoutMs),
      },
      positionWaitMs: options.positionWaitMs ?? POSITION_WAIT_MS,
    });
    this.parking = new Parking(progress, clock);
    this.gates = new AccountGates(reads, this.views);
    this.assets = new KnownAssets(reads);
    this.ports = {
      apple,
      vault: vaultOf(stores.secrets),
      persons: personsOf(stores.directory),
      read: async <S>(stream: string) => (await this.runner.load(stream)).state as S,
      clock,
      random,
      settings,
    };
    this.reactor = new Reactor(
      events,
      progress,
      registry,
      this.runner,
      this.parking,
      licensingReactions(timings),
      clock,
    );
    const dueOptions = { ...DUE_RUNNER_DEFAULTS, ...options.dueRunner };
    this.due = new DueRunner(
      reads,
      this.runner,
      this.parking,
      this.gates,
      this.ports,
      clock,
      ids,
      dueOptions,
      log,
    );
    this.dispatcher = new PlannerLoop(
      dispatcher(timings),
      reads,
      this.views,
      this.runner,
      this.gates,
      async (uId) => ({ uId, now: clock.now(), limits: await apple.limits(), newCallId: () => ids.next() }),
      clock,
      ids,
      log,
    );
    this.views.onAdvance((model) => {
      if (model === dueModel.name) this.due.ring();
    });
  }

  /** Resolves when due work is being taken: nothing is taken before `due` has reached the head seen at start. */
  async start(): Promise<void> {
    const { clock, stores } = this.options;
    this.#stopListening = stores.events.onAppended(() => {
      this.views.ring();
      this.reactor.ring();
    });
    const head = await stores.events.head();
    await this.views.start();
    await this.parking.load();
    for (const { name } of this.views.status()) {
      const there = await reached(this.views, name, head, clock, START_WITHIN_MS);
      if (!there && name === dueModel.name)
        throw new Error(`the read model ${name} did not reach position ${head}`);
    }
    await this.gates.refresh();
    await this.reactor.start();
    this.due.start();
    this.dispatcher.start();
  }

  /** Takes nothing more, finishes what is under way and saves the checkpoints. The stores stay open. */
  async stop(): Promise<void> {
    await Promise.all([this.dispatcher.stop(), this.due.stop()]);
    await this.reactor.stop();
    this.#stopListening();
    await this.views.stop();
  }

  execute(
    stream: string,
    command: { readonly type: string },
    context: CommandContext,
    options?: CommandOptions,
  ): Promise<Receipt> {
    return this.runner.execute(stream, command, context, options);
  }

  /** The bearer secret that Apple sends with notifications of an account; null for an account that does not exist. */
  async notificationSecret(uId: string): Promise<string | null> {
    const known = this.#notificationSecrets.get(uId);
    if (known !== undefined) return known;
    const secret = await this.options.stores.secrets.get(notificationSecretName(uId));
    if (secret !== null) this.#notificationSecrets.set(uId, secret);
    return secret;
  }

  /** Waits until a read model reflects a position. */
  reached(model: string, position: Position, timeoutMs: Milliseconds): Promise<boolean> {
    return reached(this.views, model, position, this.options.clock, timeoutMs);
  }

  /** Nothing is under way: all that is in the log has been reacted to and shown, and nothing due is being done. */
  async idle(): Promise<boolean> {
    const head = await this.options.stores.events.head();
    const shown = this.views.status().every(({ position, halted }) => halted !== null || position >= head);
    const quiet = this.due.idle && this.dispatcher.idle && this.reactor.idle && this.runner.busy === 0;
    return shown && quiet && this.reactor.position >= head;
  }
}
