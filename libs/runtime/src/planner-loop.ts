import {
  START,
  isRefusal,
  latest,
  type Cause,
  type Clock,
  type Document,
  type Ids,
  type Instant,
  type Milliseconds,
  type PlannedCommand,
  type Planner,
  type Position,
} from '@seatbook/kernel';
import { following, type CommandContext } from './command-context.js';
import type { CommandRunner } from './command-runner.js';
import { longestPauseAfter } from './errors.js';
import type { EventLog } from './event-log.js';
import type { Gates } from './gates.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { PollLoop } from './poll-loop.js';
import type { ReadStore } from './read-store.js';
import { RunnerHealth, type Log } from './runner-health.js';
import type { Trouble } from './trouble.js';
import type { Views } from './views.js';

export interface PlannerLoopLimits {
  readonly pollMs: Milliseconds;
  /** Between two looks at all that is open, while work keeps coming in. */
  readonly restMs: Milliseconds;
  /** Where a plan started nothing and the read model has not moved since, the same rows are looked at only so often. */
  readonly sameRowsMs: Milliseconds;
  /** Rows of one partition that a plan looks at, oldest first; the rest is planned when these are on their way. */
  readonly maxRows: number;
  /** Another worker takes over a partition when it has not heard of this one for so long. */
  readonly leaseMs: Milliseconds;
  /** Longest pause of a partition whose planning fails. */
  readonly maxPauseMs: Milliseconds;
}

export const PLANNER_LOOP_LIMITS: PlannerLoopLimits = {
  pollMs: 1_000,
  restMs: 50,
  sameRowsMs: 15_000,
  maxRows: 20_000,
  leaseMs: 60_000,
  maxPauseMs: 30_000,
};

export interface PlannerLoopOptions<R extends Document, X> {
  readonly planner: Planner<R, X>;
  readonly events: EventLog;
  readonly reads: ReadStore;
  /** Says when the planner's read model has moved: a hint. */
  readonly views: Pick<Views, 'onAdvance'>;
  readonly runner: CommandRunner;
  readonly leases: LeaseKeeper;
  /** Name of the lease of a partition. */
  readonly leaseOf: (partition: string) => string;
  readonly gates: Gates;
  readonly context: (partition: string) => Promise<X>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly limits?: Partial<PlannerLoopLimits>;
}

/** When a partition may be planned: in this epoch of its lease, once the read model has passed this position. */
interface Ready {
  readonly epoch: number;
  readonly after: Position;
}

/** A plan that started nothing: what it rested on, and how long it stays right. */
interface Nothing {
  readonly modelAt: Position;
  readonly wakeAt: Instant | null;
  /** By elapsed time. */
  readonly until: Milliseconds;
}

interface Failing {
  readonly health: RunnerHealth;
  readonly failures: number;
  /** Not before this, by elapsed time. */
  readonly until: Milliseconds;
}

const PAGE_ROWS = 1_000;

/**
 * Runs one planner over its partitions whenever its read model has moved. A partition is planned again only when the
 * read model reflects what the last plan started, and by a new holder of its lease only when the model has passed the
 * head of the log seen after it took over: so nothing is planned twice.
 */
export class PlannerLoop<R extends Document, X> {
  readonly #options: PlannerLoopOptions<R, X>;
  readonly #limits: PlannerLoopLimits;
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;
  readonly #ready = new Map<string, Ready>();
  readonly #failing = new Map<string, Failing>();
  readonly #nothing = new Map<string, Nothing>();
  #wakeAt: Instant | null = null;
  #lastPass: Milliseconds = -Infinity;

  constructor(options: PlannerLoopOptions<R, X>) {
    this.#options = options;
    this.#limits = { ...PLANNER_LOOP_LIMITS, ...options.limits };
    const { planner, clock, log, views, gates, leases } = options;
    this.#health = new RunnerHealth(`planner ${planner.name}`, log);
    const task = (): Promise<boolean> => this.#pass();
    this.#loop = new PollLoop({ clock, pollMs: this.#limits.pollMs, task, health: this.#health });
    views.onAdvance((model) => {
      if (model === planner.reads.name) this.#moved();
    });
    gates.onOpened(() => this.#moved());
    leases.onGained(() => this.#moved());
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  get idle(): boolean {
    return this.#loop.idle;
  }

  /** Why it does not get on at present, or null. It keeps trying. */
  get failure(): string | null {
    const [failing] = this.#failing.values();
    return this.#health.failure ?? failing?.health.failure ?? null;
  }

  get troubles(): readonly Trouble[] {
    const failing = [...this.#failing.values()].map(({ health }) => health);
    return [this.#health, ...failing].flatMap(({ troubles }) => troubles);
  }

  #moved(): void {
    const rested = this.#options.clock.elapsed() - this.#lastPass;
    if (rested >= this.#limits.restMs) this.#loop.wake();
    else this.#loop.wakeIn(this.#limits.restMs - rested);
  }

  async #pass(): Promise<boolean> {
    const { clock, reads, planner, gates } = this.#options;
    this.#lastPass = clock.elapsed();
    this.#wakeAt = null;
    const held = await this.#heldPartitions();
    const modelAt = await reads.checkpoint(planner.reads);
    for (const partition of held) if (gates.isOpen(partition)) await this.#tryPlan(partition, modelAt);
    if (this.#wakeAt !== null) this.#loop.wakeIn(this.#wakeAt - clock.now());
    return false;
  }

  /** Partitions that have rows and whose lease is held, with the position that the model must have passed. */
  async #heldPartitions(): Promise<readonly string[]> {
    const { leases, leaseOf, events } = this.#options;
    const held: string[] = [];
    const gained = new Map<string, number>();
    for await (const partition of this.#partitions()) {
      leases.want(leaseOf(partition), this.#limits.leaseMs);
      const epoch = leases.epochOf(leaseOf(partition));
      if (epoch === null) continue;
      held.push(partition);
      if (this.#ready.get(partition)?.epoch !== epoch) gained.set(partition, epoch);
    }
    // What the holder before planned, or this one without hearing an answer, is below the head by now.
    const after = gained.size === 0 ? START : await events.head();
    for (const [partition, epoch] of gained) this.#ready.set(partition, { epoch, after });
    return held;
  }

  /** What is wrong with one partition holds up that one, and the others go on. */
  async #tryPlan(partition: string, modelAt: Position): Promise<void> {
    const { clock, log, planner } = this.#options;
    const failing = this.#failing.get(partition);
    if (failing && failing.until > clock.elapsed()) return;
    try {
      const ready = this.#ready.get(partition);
      if (ready && modelAt >= ready.after && !this.#stillNothing(partition, modelAt))
        await this.#plan(partition, ready.epoch, modelAt);
      failing?.health.worked();
      this.#failing.delete(partition);
    } catch (error) {
      const health = failing?.health ?? new RunnerHealth(`planner ${planner.name} of ${partition}`, log);
      const failures = (failing?.failures ?? 0) + 1;
      const longest = longestPauseAfter(error, this.#limits.maxPauseMs);
      const pause = Math.min(this.#limits.pollMs * 2 ** (failures - 1), longest);
      health.failed(error);
      this.#failing.set(partition, { health, failures, until: clock.elapsed() + pause });
    }
  }

  #stillNothing(partition: string, modelAt: Position): boolean {
    const nothing = this.#nothing.get(partition);
    const { clock } = this.#options;
    const still =
      nothing?.modelAt === modelAt &&
      nothing.until > clock.elapsed() &&
      (nothing.wakeAt === null || nothing.wakeAt > clock.now());
    if (still) this.#wake(nothing.wakeAt);
    else this.#nothing.delete(partition);
    return still;
  }

  #wake(at: Instant | null): void {
    if (at !== null) this.#wakeAt = Math.min(this.#wakeAt ?? Infinity, at);
  }

  async *#partitions(): AsyncGenerator<string> {
    const { index, reads: model } = this.#options.planner;
    const field = model.indexes.find(({ name }) => name === index)?.fields[0] as string;
    let after: string | undefined;
    for (;;) {
      const { rows } = await this.#options.reads.query(model, {
        index,
        equals: [],
        limit: 1,
        ...(after === undefined ? {} : { range: { after } }),
      });
      // Partitions are text: the planner names an index that begins with such a field.
      const partition = (rows[0] as Readonly<Record<string, unknown>> | undefined)?.[field];
      if (typeof partition !== 'string') return;
      yield partition;
      after = partition;
    }
  }

  async #plan(partition: string, epoch: number, modelAt: Position): Promise<void> {
    const { planner, context, leases, leaseOf, ids, clock } = this.#options;
    const rows = await this.#rows(partition);
    const { commands, wakeAt } = planner.plan(rows, await context(partition));
    this.#wake(wakeAt);
    if (commands.length === 0) {
      this.#nothing.set(partition, { modelAt, wakeAt, until: clock.elapsed() + this.#limits.sameRowsMs });
      return;
    }
    if (leases.epochOf(leaseOf(partition)) !== epoch) return;
    const plan = ids.next();
    let failure: unknown = null;
    const positions = await Promise.all(
      commands.map((planned, index) =>
        this.#send(planned, `${plan}/${index}`).catch((error: unknown) => {
          failure ??= error;
          return START;
        }),
      ),
    );
    if (failure !== null) {
      // What failed may have been written all the same: the head is looked up before the next plan.
      this.#ready.delete(partition);
      throw failure as Error;
    }
    this.#ready.set(partition, { epoch, after: latest(START, ...positions) });
  }

  /** Where the model must have got before the partition is planned again. */
  async #send({ stream, command, cause }: PlannedCommand, commandId: string): Promise<Position> {
    const { runner, planner, log } = this.#options;
    try {
      const context = contextOf(stream, commandId, cause);
      return (await runner.execute(stream, command, context, { likelyAbsent: true })).position;
    } catch (error) {
      if (!isRefusal(error) || error.kind === 'TRANSIENT') throw error;
      log('a planned command was refused', { planner: planner.name, stream, code: error.code });
      return START;
    }
  }

  async #rows(partition: string): Promise<R[]> {
    const { planner, reads } = this.#options;
    const rows: R[] = [];
    let cursor: string | undefined;
    do {
      const page = await reads.query(planner.reads, {
        index: planner.index,
        equals: [partition],
        limit: PAGE_ROWS,
        ...(cursor === undefined ? {} : { cursor }),
      });
      rows.push(...page.rows);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined && rows.length < this.#limits.maxRows);
    return rows;
  }
}

/**
 * What is planned follows from many rows and so has a correlation of its own; its cause is the newest event that it
 * rests on, where the planner names one.
 */
function contextOf(stream: string, commandId: string, cause: Cause | undefined): CommandContext {
  const sender = { commandId, principal: 'seatbook' };
  const caused = cause ? following(cause, sender) : { ...sender, causationId: commandId };
  return { ...caused, correlationId: stream };
}
