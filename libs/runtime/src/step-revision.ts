import {
  START,
  categoryOf,
  isRefusal,
  sha256,
  type Clock,
  type Milliseconds,
  type Position,
} from '@seatbook/kernel';
import type { CommandRunner } from './command-runner.js';
import { REVISE_STEPS } from './decide-all.js';
import { hasCode } from './errors.js';
import type { EventLog } from './event-log.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { PollLoop } from './poll-loop.js';
import type { Progress } from './progress.js';
import { RunnerHealth, reasonOf, type Log } from './runner-health.js';
import type { StreamKind } from './stream-kind.js';

export interface StepRevisionLimits {
  readonly batchEvents: number;
  /** Streams that are loaded at once. */
  readonly concurrency: number;
  readonly pollMs: Milliseconds;
  readonly leaseMs: Milliseconds;
}

export const STEP_REVISION_LIMITS: StepRevisionLimits = {
  batchEvents: 500,
  concurrency: 8,
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

const NAME = 'step-revision';

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

  constructor(options: StepRevisionOptions) {
    this.#options = options;
    this.#limits = { ...STEP_REVISION_LIMITS, ...options.limits };
    this.#left = new Set(options.kinds.filter(({ steps }) => Object.keys(steps).length > 0));
    const { clock, log, leases } = options;
    this.#health = new RunnerHealth('revision of steps', log);
    const task = (): Promise<boolean> => this.#pass();
    this.#loop = new PollLoop({ clock, pollMs: this.#limits.pollMs, task, health: this.#health });
    leases.onGained((name) => {
      if (name === NAME) this.#loop.wake();
    });
  }

  start(): void {
    this.#options.leases.want(NAME, this.#limits.leaseMs, () => this.failure);
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
    return this.#health.failure;
  }

  async #pass(): Promise<boolean> {
    const epoch = this.#options.leases.epochOf(NAME);
    if (epoch === null) return false;
    for (const kind of this.#left) {
      try {
        if (await this.#revise(kind, epoch)) this.#left.delete(kind);
      } catch (error) {
        // Another one has the lease by now and goes on from the checkpoint.
        if (hasCode(error, 'CHECKPOINT_MOVED')) return false;
        throw error;
      }
    }
    return false;
  }

  /** Looks at all streams of a kind, from where that was left. False: not all were reached. */
  async #revise(kind: StreamKind, epoch: number): Promise<boolean> {
    const { events, progress, leases } = this.#options;
    const name = `${NAME}/${kind.category}/${digestOf(kind)}`;
    const end = await this.#endOf(`${name}/end`, epoch);
    if (end === null) return false;
    let at = await progress.takeOver(name, epoch);
    if (at >= end) return true;
    for await (const page of events.pages(at, this.#limits.batchEvents)) {
      const created = page.events.filter(
        ({ stream, revision }) => revision === 0 && categoryOf(stream) === kind.category,
      );
      await this.#look(created.map(({ stream }) => stream));
      if (leases.epochOf(NAME) !== epoch) return false;
      if (page.upTo !== at) await progress.saveCheckpoint(name, { from: at, to: page.upTo, epoch });
      at = page.upTo;
      if (at >= end) return true;
    }
    return at >= end;
  }

  /** The head of the log as it was when this build was first there; null for a log that is still empty. */
  async #endOf(name: string, epoch: number): Promise<Position | null> {
    const { events, progress } = this.#options;
    const known = await progress.takeOver(name, epoch);
    if (known !== START) return known;
    const head = await events.head();
    if (head === START) return null;
    await progress.saveCheckpoint(name, { from: START, to: head, epoch });
    return head;
  }

  async #look(streams: readonly string[]): Promise<void> {
    const waiting = [...streams];
    const worker = async (): Promise<void> => {
      for (let stream = waiting.pop(); stream !== undefined; stream = waiting.pop())
        await this.#stamp(stream);
    };
    const ends = await Promise.allSettled(Array.from({ length: this.#limits.concurrency }, worker));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #stamp(stream: string): Promise<void> {
    const { runner, log } = this.#options;
    const commandId = `${NAME}/${digestOf(runner.kindOf(stream))}`;
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

/** The same names of steps have the same digest. */
const digestOf = ({ steps }: StreamKind): string => sha256(Object.keys(steps).sort().join('\n')).slice(0, 12);
