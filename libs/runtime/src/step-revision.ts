import {
  START,
  categoryOf,
  earliest,
  isRefusal,
  sha256,
  type Clock,
  type Milliseconds,
  type Position,
} from '@seatbook/kernel';
import type { CommandRunner } from './command-runner.js';
import { REVISE_STEPS } from './decide-all.js';
import { hasCode } from './errors.js';
import type { EventLog, LoggedEvent } from './event-log.js';
import { giveWay } from './give-way.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { PollLoop } from './poll-loop.js';
import type { Progress } from './progress.js';
import { RunnerHealth, reasonOf, type Log } from './runner-health.js';
import type { StreamKind } from './stream-kind.js';
import type { Trouble } from './trouble.js';

export interface StepRevisionLimits {
  readonly batchEvents: number;
  /** Pause between two batches: this work is in no hurry, and other work is. */
  readonly restMs: Milliseconds;
  readonly pollMs: Milliseconds;
  readonly leaseMs: Milliseconds;
}

export const STEP_REVISION_LIMITS: StepRevisionLimits = {
  batchEvents: 500,
  restMs: 100,
  pollMs: 5_000,
  leaseMs: 15_000,
};

export interface StepRevisionOptions {
  readonly events: EventLog;
  readonly progress: Progress;
  readonly runner: CommandRunner;
  readonly kinds: readonly StreamKind[];
  readonly leases: Pick<LeaseKeeper, 'want' | 'epochOf' | 'onGained'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<StepRevisionLimits>;
}

/** The way through the log for one kind of stream: how far it has come, and where it ends. */
interface Walk {
  readonly kind: StreamKind;
  readonly name: string;
  readonly at: Position;
  readonly end: Position;
}

/** Name of the lease, and of the checkpoints that it guards. */
export const STEP_REVISION_LEASE = 'step-revision';

/**
 * Lets the steps of a new build reach the streams that an older build left waiting for nothing, or for something else.
 * When a kind of stream has other steps than ever before, every stream of it that is in the log by then is loaded
 * once; where today's steps say otherwise than its last stamp, the stream is stamped again. A process of the older
 * build that still appends meanwhile stamps as it knows: it should be gone before this one works.
 */
export class StepRevision {
  readonly #options: StepRevisionOptions;
  readonly #limits: StepRevisionLimits;
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;
  /** Kinds whose streams have not all been looked at. */
  readonly #left: Set<StreamKind>;
  #stopping = false;
  #endRest: () => void = () => undefined;

  constructor(options: StepRevisionOptions) {
    this.#options = options;
    this.#limits = { ...STEP_REVISION_LIMITS, ...options.limits };
    this.#left = new Set(options.kinds.filter(({ steps }) => Object.keys(steps).length > 0));
    const { clock, log, leases } = options;
    this.#health = new RunnerHealth('revision of steps', log);
    const task = (): Promise<boolean> => this.#pass();
    this.#loop = new PollLoop({ clock, pollMs: this.#limits.pollMs, task, health: this.#health });
    leases.onGained((name) => {
      if (name === STEP_REVISION_LEASE) this.#loop.wake();
    });
  }

  start(): void {
    this.#stopping = false;
    this.#options.leases.want(STEP_REVISION_LEASE, this.#limits.leaseMs);
    this.#loop.start();
  }

  /** Ends after the stream under way; the next start goes on from there. */
  stop(): Promise<void> {
    this.#stopping = true;
    this.#endRest();
    return this.#loop.stop();
  }

  get idle(): boolean {
    return this.#loop.idle;
  }

  /** Why it does not get on at present, or null. It keeps trying. */
  get failure(): string | null {
    return this.#health.failure;
  }

  get troubles(): readonly Trouble[] {
    return this.#health.troubles;
  }

  async #pass(): Promise<boolean> {
    const epoch = this.#options.leases.epochOf(STEP_REVISION_LEASE);
    if (epoch === null) return false;
    try {
      const walks: Walk[] = [];
      for (const kind of this.#left) {
        const walk = await this.#walkOf(kind, epoch);
        if (walk) walks.push(walk);
      }
      await this.#walkAll(this.#unfinished(walks), epoch);
    } catch (error) {
      // Another one has the lease by now and goes on from the checkpoints.
      if (!hasCode(error, 'CHECKPOINT_MOVED')) throw error;
    }
    return false;
  }

  /** Where a kind's walk is; its end is the head of the log when this build was first there. Null: the log is empty. */
  async #walkOf(kind: StreamKind, epoch: number): Promise<Walk | null> {
    const { events, progress } = this.#options;
    const name = `${STEP_REVISION_LEASE}/${kind.category}/${digestOf(kind)}`;
    let end = await progress.takeOver(`${name}/end`, epoch);
    if (end === START) {
      end = await events.head();
      if (end === START) return null;
      await progress.saveCheckpoint(`${name}/end`, { from: START, to: end, epoch });
    }
    return { kind, name, at: await progress.takeOver(name, epoch), end };
  }

  /** Walks that have not reached their end; the kinds of the others are done with. */
  #unfinished(walks: readonly Walk[]): Walk[] {
    for (const { kind, at, end } of walks) if (at >= end) this.#left.delete(kind);
    return walks.filter(({ at, end }) => at < end);
  }

  /** One way through the log for all kinds, from where the one that is furthest behind was left. */
  async #walkAll(unfinished: Walk[], epoch: number): Promise<void> {
    const { events, progress, leases } = this.#options;
    const [first, ...others] = unfinished.map(({ at }) => at);
    if (first === undefined) return;
    let walks = unfinished;
    for await (const page of events.pages(earliest(first, ...others), this.#limits.batchEvents)) {
      for (const event of page.events) {
        if (this.#stopping || leases.epochOf(STEP_REVISION_LEASE) !== epoch) return;
        if (isBegun(event, walks)) await this.#stamp(event.stream);
      }
      const to = page.upTo;
      walks = await Promise.all(
        walks.map(async (walk) => {
          if (to <= walk.at) return walk;
          await progress.saveCheckpoint(walk.name, { from: walk.at, to, epoch });
          return { ...walk, at: to };
        }),
      );
      walks = this.#unfinished(walks);
      if (walks.length === 0 || this.#stopping) return;
      await this.#rest();
    }
  }

  /** Ends early when the process stops. */
  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(this.#limits.restMs, resolve);
      this.#endRest = () => {
        cancel();
        resolve();
      };
    });
  }

  async #stamp(stream: string): Promise<void> {
    const { runner, log } = this.#options;
    await giveWay();
    const commandId = `${STEP_REVISION_LEASE}/${digestOf(runner.kindOf(stream))}`;
    const context = { commandId, principal: 'seatbook', correlationId: stream, causationId: commandId };
    try {
      await runner.execute(stream, REVISE_STEPS, context);
    } catch (error) {
      if (isRefusal(error) && error.code === 'TRANSIENT_STORE') throw error;
      // What is wrong with one stream holds up no other: its next event stamps it.
      log('the steps of a stream were not revised', { stream, reason: reasonOf(error) });
    }
  }
}

/** Whether an event is the first of a stream that a walk has still to look at. */
const isBegun = ({ stream, revision, position }: LoggedEvent, walks: readonly Walk[]): boolean =>
  revision === 0 &&
  walks.some(({ kind, at, end }) => kind.category === categoryOf(stream) && position > at && position <= end);

/** The same names of steps have the same digest. */
const digestOf = ({ steps }: StreamKind): string => sha256(Object.keys(steps).sort().join('\n')).slice(0, 12);
