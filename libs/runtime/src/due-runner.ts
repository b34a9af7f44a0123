import {
  isRefusal,
  type Cause,
  type Clock,
  type Command,
  type Ids,
  type Instant,
  type Step,
} from '@seatbook/kernel';
import { following, type CommandContext } from './command-context.js';
import type { CommandRunner, Receipt } from './command-runner.js';
import { dueModel, type DueRow } from './due.js';
import type { Gates } from './gates.js';
import type { Parking } from './parking.js';
import { PollLoop } from './poll-loop.js';
import type { ReadStore } from './read-store.js';
import { RunnerHealth, reasonOf, type Log } from './runner-health.js';

export interface DueRunnerOptions {
  /** Streams without a gate that are worked on at once. */
  readonly concurrency: number;
  /** Streams behind one gate that are worked on at once. */
  readonly concurrencyPerGate: number;
  readonly pollMs: number;
  /** A step that fails this often in a row is parked. */
  readonly attempts: number;
  readonly retryDelayMs: number;
  /** When a step says "not now", it is asked again after this long. */
  readonly notNowMs: number;
}

export const DUE_RUNNER_DEFAULTS: DueRunnerOptions = {
  concurrency: 64,
  concurrencyPerGate: 16,
  pollMs: 1_000,
  attempts: 5,
  retryDelayMs: 500,
  notNowMs: 1_000,
};

const PAGE_ROWS = 200;

/** Where a row that was taken stands: done until its stream stamps anew, or to be taken again at a moment. */
interface Taken {
  readonly revision: number;
  readonly againAt: Instant;
  readonly failures: number;
}

/**
 * Takes due work: loads the stream, goes on only if the stream still says so, appends what begins the step at the revision just
 * read, performs, and gives the answers back to the stream. One step per stream at a time.
 */
export class DueRunner<P> {
  readonly #running = new Map<string, Promise<void>>();
  readonly #perGate = new Map<string, number>();
  readonly #taken = new Map<string, Taken>();
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;

  constructor(
    private readonly reads: ReadStore,
    private readonly runner: CommandRunner,
    private readonly parking: Parking,
    private readonly gates: Gates,
    private readonly ports: P,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly options: DueRunnerOptions = DUE_RUNNER_DEFAULTS,
    private readonly log: Log = () => undefined,
  ) {
    this.#health = new RunnerHealth('due runner', log);
    this.#loop = new PollLoop({
      clock,
      pollMs: options.pollMs,
      task: () => this.#pass(),
      health: this.#health,
    });
    gates.onOpened(() => this.#loop.wake());
  }

  start(): void {
    this.#loop.start();
  }

  /** Takes nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all(this.#running.values());
  }

  ring(): void {
    this.#loop.wake();
  }

  get idle(): boolean {
    return this.#loop.idle && this.#running.size === 0;
  }

  get running(): number {
    return this.#running.size;
  }

  get failure(): string | null {
    return this.#health.failure;
  }

  /** Lets a parked step be taken again. */
  async retry(stream: string, id: string): Promise<void> {
    const work = (await this.parking.of(stream)).find((parked) => parked.id === id);
    if (!work) return;
    await this.parking.done(work);
    this.#taken.delete(stream);
    this.#loop.wake();
  }

  async #pass(): Promise<boolean> {
    const now = this.clock.now();
    let cursor: string | undefined;
    for (;;) {
      const page = await this.reads.query(dueModel, {
        index: 'by-at',
        equals: [],
        range: { to: now },
        limit: PAGE_ROWS,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const row of page.rows) {
        if (this.#running.size >= this.options.concurrency) return false;
        if (this.#mayTake(row, now)) this.#take(row);
      }
      if (page.next === null) break;
      cursor = page.next;
    }
    await this.#sleepUntilNext(now);
    return false;
  }

  async #sleepUntilNext(now: Instant): Promise<void> {
    const { rows } = await this.reads.query(dueModel, {
      index: 'by-at',
      equals: [],
      range: { after: now },
      limit: 1,
    });
    let wake = rows[0]?.at ?? Infinity;
    for (const { againAt } of this.#taken.values()) if (againAt > now) wake = Math.min(wake, againAt);
    if (wake < Infinity) this.#loop.wakeIn(wake - now);
  }

  #mayTake(row: DueRow, now: Instant): boolean {
    if (this.#running.has(row.stream) || this.parking.has('step', row.stream)) return false;
    const taken = this.#taken.get(row.stream);
    if (taken && taken.revision >= row.revision && taken.againAt > now) return false;
    if (row.gate === undefined) return true;
    if (!this.gates.isOpen(row.gate)) return false;
    return (this.#perGate.get(row.gate) ?? 0) < this.options.concurrencyPerGate;
  }

  #take(row: DueRow): void {
    const { gate, stream } = row;
    if (gate !== undefined) this.#perGate.set(gate, (this.#perGate.get(gate) ?? 0) + 1);
    const work = this.#work(row).finally(() => {
      this.#running.delete(stream);
      if (gate !== undefined) this.#perGate.set(gate, (this.#perGate.get(gate) ?? 1) - 1);
      this.#loop.wake();
    });
    this.#running.set(stream, work);
  }

  async #work(row: DueRow): Promise<void> {
    const { stream, revision } = row;
    const failures = this.#taken.get(stream)?.failures ?? 0;
    try {
      this.#settle(stream, { revision, againAt: await this.#perform(row), failures: 0 });
    } catch (error) {
      const reason = reasonOf(error);
      const passing = isRefusal(error) && error.kind === 'TRANSIENT';
      this.log('a step failed', { stream, step: row.step, attempt: failures + 1, reason });
      if (failures + 1 >= this.options.attempts && !passing) {
        const id = `${stream}/${row.step}`;
        const step = { id, kind: 'step', stream, name: row.step, payload: '' } as const;
        await this.parking.park({ ...step, reason, attempts: failures + 1, source: row.position, index: 0 });
        this.#taken.delete(stream);
        return;
      }
      const delay = this.options.retryDelayMs * 2 ** Math.min(failures, 7);
      this.#settle(stream, { revision, againAt: this.clock.now() + delay, failures: failures + 1 });
    }
  }

  #settle(stream: string, taken: Taken): void {
    this.#taken.delete(stream);
    this.#taken.set(stream, taken);
    // Done rows are forgotten oldest first: a forgotten one costs a look at its stream, nothing else.
    if (this.#taken.size > 20_000) this.#taken.delete(this.#taken.keys().next().value as string);
  }

  /** When the row is to be looked at again: never, when the stream moved on or needs nothing any more. */
  async #perform(row: DueRow): Promise<Instant> {
    const { stream } = row;
    const notNow = (): Instant => this.clock.now() + this.options.notNowMs;
    const loaded = await this.runner.load(stream);
    const { next } = loaded;
    if (!next) return Infinity;
    const name = next.step;
    const stamped = loaded.revision > row.revision;
    // A stream that moved on has its own row; else today's build waits for another thing than the one that stamped it.
    if (next.at > this.clock.now() || (stamped && name !== row.step)) return stamped ? Infinity : next.at;
    if (next.gate !== undefined && !this.gates.isOpen(next.gate)) return notNow();
    // The runner keeps kinds of all types; the ports are those of the deployment, for every kind.
    const step = this.runner.kindOf(stream).steps[name] as Step<unknown, P> | undefined;
    if (!step) throw new Error(`${stream} waits for the step ${name}, which this build does not have`);
    let { state, last } = loaded;
    const attempt = this.ids.next();
    if (step.begin) {
      const command = await step.begin(state, this.ports, stream);
      if (command === null) return notNow();
      const begun = await this.#send(stream, command, `${attempt}/begin`, last, loaded.revision);
      if (begun === null) return Infinity;
      state = (await this.runner.load(stream)).state;
      last = begun.last ?? last;
    }
    const commands = await step.perform(state, this.ports, stream);
    let moved = step.begin !== undefined;
    for (const [index, command] of commands.entries()) {
      moved = (await this.#send(stream, command, `${attempt}/${index}`, last)) !== null || moved;
    }
    return moved ? Infinity : notNow();
  }

  /** Null when the stream moved since it was read (another worker began first), or the command changed nothing. */
  async #send(
    stream: string,
    command: Command,
    commandId: string,
    cause: Cause | null,
    ifRevision?: number,
  ): Promise<Receipt | null> {
    const sender = { commandId, principal: 'seatbook' };
    const context: CommandContext = cause
      ? following(cause, sender)
      : { ...sender, correlationId: stream, causationId: commandId };
    try {
      const options = ifRevision === undefined ? {} : { ifRevision };
      const receipt = await this.runner.execute(stream, command, context, options);
      return receipt.events > 0 ? receipt : null;
    } catch (error) {
      if (isRefusal(error) && error.code === 'CONFLICT_VERSION') return null;
      throw error;
    }
  }
}
