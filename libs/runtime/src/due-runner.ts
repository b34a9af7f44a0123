import {
  isRefusal,
  type Cause,
  type Clock,
  type Command,
  type Ids,
  type Milliseconds,
  type Step,
} from '@seatbook/kernel';
import { following, type CommandContext } from './command-context.js';
import type { CommandRunner, LoadedStream, Receipt } from './command-runner.js';
import { STEP_PARTITIONS, dueModel, gatePartition, stepPartition, type DueRow } from './due.js';
import type { Gates } from './gates.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { PollLoop } from './poll-loop.js';
import type { Progress } from './progress.js';
import type { ReadStore } from './read-store.js';
import { RunnerHealth, reasonOf, type Log } from './runner-health.js';

export interface DueRunnerLimits {
  /** Streams without a gate that are worked on at once. */
  readonly concurrency: number;
  /** Streams behind one gate that are worked on at once, and behind all gates together. */
  readonly concurrencyPerGate: number;
  readonly gatedConcurrency: number;
  /** Every partition is looked at this often, and wishes to retry. */
  readonly pollMs: Milliseconds;
  /** A step that fails this often in a row is parked. */
  readonly attempts: number;
  /** First pause after a failure; each next one is twice as long, 128 times as long at most. */
  readonly retryDelayMs: Milliseconds;
  /** When a step says "not now", it is asked again after this long. */
  readonly notNowMs: Milliseconds;
  /** Another worker takes over a partition when it has not heard of this one for so long. */
  readonly stepLeaseMs: Milliseconds;
  readonly gateLeaseMs: Milliseconds;
  /** No step behind a gate starts when its lease may run out before this: its requests would outlive it. */
  readonly gateLeaseLeftMs: Milliseconds;
}

export const DUE_RUNNER_LIMITS: DueRunnerLimits = {
  concurrency: 64,
  concurrencyPerGate: 16,
  gatedConcurrency: 512,
  pollMs: 1_000,
  attempts: 5,
  retryDelayMs: 500,
  notNowMs: 1_000,
  stepLeaseMs: 15_000,
  gateLeaseMs: 60_000,
  gateLeaseLeftMs: 30_000,
};

export interface DueRunnerOptions<P> {
  readonly reads: Pick<ReadStore, 'query'>;
  readonly progress: Progress;
  readonly runner: CommandRunner;
  readonly leases: Pick<LeaseKeeper, 'want' | 'leftOf' | 'onGained'>;
  /** Name of the lease of what is behind a gate. */
  readonly leaseOf: (gate: string) => string;
  readonly gates: Gates;
  /** What the steps work with. */
  readonly ports: P;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly limits?: Partial<DueRunnerLimits>;
}

/** Due work that one lease covers. */
interface Partition {
  readonly name: string;
  readonly lease: string;
  readonly gate: string | null;
}

/** What is known of a row that was taken: done until its stream is stamped again, or to be taken again at a moment. */
interface Taken {
  readonly revision: number;
  /** By the clock's elapsed time: setting the clock changes nothing. */
  readonly againAt: Milliseconds;
  readonly failures: number;
}

const STEPS: readonly Partition[] = Array.from({ length: STEP_PARTITIONS }, (_partition, number) => {
  const name = stepPartition(number);
  return { name, lease: name, gate: null };
});
const PAGE_ROWS = 100;
const MAX_TAKEN = 20_000;
const WISHES = 100;

/**
 * Takes due work: loads the stream, goes on only if the stream still says so, appends what the step begins with at the
 * revision just read, performs, and gives the answers back to the stream. One step per stream at a time. Gates share
 * fairly, and what has no gate does not wait for them.
 */
export class DueRunner<P> {
  readonly #options: DueRunnerOptions<P>;
  readonly #limits: DueRunnerLimits;
  readonly #running = new Map<string, Promise<void>>();
  /** Streams worked on in each partition. */
  readonly #busy = new Map<string, number>();
  #gated = 0;
  readonly #taken = new Map<string, Taken>();
  /** When each partition is to be looked at again, by elapsed time; at once where nothing is noted. */
  readonly #lookAt = new Map<string, Milliseconds>();
  /** When each gate last got a place, by counting places: who has waited longest is looked at first. */
  readonly #servedAt = new Map<string, number>();
  #served = 0;
  #wishesAt: Milliseconds = -Infinity;
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;

  constructor(options: DueRunnerOptions<P>) {
    this.#options = options;
    this.#limits = { ...DUE_RUNNER_LIMITS, ...options.limits };
    const { clock, log, gates, leases } = options;
    this.#health = new RunnerHealth('due runner', log);
    const task = (): Promise<boolean> => this.#pass();
    this.#loop = new PollLoop({ clock, pollMs: this.#limits.pollMs, task, health: this.#health });
    gates.onOpened((gate) => this.#look(gatePartition(gate)));
    leases.onGained(() => this.wake());
  }

  start(): void {
    for (const { lease } of STEPS) this.#options.leases.want(lease, this.#limits.stepLeaseMs);
    this.#loop.start();
  }

  /** Takes nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all(this.#running.values());
  }

  /** Streams may have been stamped: every partition is looked at. */
  wake(): void {
    this.#lookAt.clear();
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

  #look(partition: string): void {
    this.#lookAt.delete(partition);
    this.#loop.wake();
  }

  async #pass(): Promise<boolean> {
    const { clock } = this.#options;
    await this.#takeWishes();
    const now = clock.elapsed();
    for (const partition of this.#partitions()) {
      if ((this.#lookAt.get(partition.name) ?? 0) > now) continue;
      // Noted before the look: what is stamped meanwhile asks for another one.
      this.#lookAt.set(partition.name, now + this.#limits.pollMs);
      const wait = await this.#takeFrom(partition);
      if (wait < this.#limits.pollMs) this.#lookIn(partition, wait);
    }
    let next = Infinity;
    for (const at of this.#lookAt.values()) next = Math.min(next, at);
    if (next < Infinity) this.#loop.wakeIn(next - clock.elapsed());
    return false;
  }

  #lookIn({ name }: Partition, wait: Milliseconds): void {
    const noted = this.#lookAt.get(name);
    if (noted !== undefined) this.#lookAt.set(name, Math.min(noted, this.#options.clock.elapsed() + wait));
  }

  /** Those whose lease is held: of other steps, and of the open gates, the longest waiting first. */
  #partitions(): Partition[] {
    const { gates, leases, leaseOf } = this.#options;
    const servedAt = (gate: string): number => this.#servedAt.get(gate) ?? 0;
    const open = [...gates.open()].sort((one, other) => servedAt(one) - servedAt(other));
    const gated = open.map((gate) => ({ name: gatePartition(gate), lease: leaseOf(gate), gate }));
    for (const { lease } of gated) leases.want(lease, this.#limits.gateLeaseMs);
    const held = [...STEPS, ...gated].filter((partition) => this.#mayStart(partition));
    const known = new Set(held.map(({ name }) => name));
    for (const name of this.#lookAt.keys()) if (!known.has(name)) this.#lookAt.delete(name);
    return held;
  }

  /** Whether work of a partition may be started: its gate is open, and its lease is held for long enough. */
  #mayStart({ lease, gate }: Partition): boolean {
    const { gates, leases } = this.#options;
    if (gate !== null && !gates.isOpen(gate)) return false;
    return leases.leftOf(lease) > (gate === null ? 0 : this.#limits.gateLeaseLeftMs);
  }

  /** Streams that may still be taken of a partition. */
  #roomOf({ name, gate }: Partition): number {
    const { concurrency, concurrencyPerGate, gatedConcurrency } = this.#limits;
    if (gate === null) return concurrency - (this.#running.size - this.#gated);
    return Math.min(concurrencyPerGate - (this.#busy.get(name) ?? 0), gatedConcurrency - this.#gated);
  }

  /** Takes what is due of a partition, as far as there is room. Answers how long the next may wait. */
  async #takeFrom(partition: Partition): Promise<Milliseconds> {
    const { reads, progress, clock } = this.#options;
    let wait = Infinity;
    let cursor: string | undefined;
    do {
      const page = await reads.query(dueModel, {
        index: 'by-partition',
        equals: [partition.name],
        limit: PAGE_ROWS,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const now = clock.now();
      const due = page.rows.filter(({ at }) => at <= now);
      const streams = due.map(({ stream }) => stream);
      const parked = due.length === 0 ? new Set() : await progress.parkedStreams('step', streams);
      for (const row of due) {
        // What ends makes room and asks for another look.
        if (this.#roomOf(partition) <= 0) return wait;
        if (this.#running.has(row.stream) || parked.has(row.stream)) continue;
        const again = this.#againIn(row);
        if (again <= 0) this.#take(row, partition);
        else wait = Math.min(wait, again);
      }
      const later = page.rows[due.length];
      if (later) return Math.min(wait, later.at - now);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return wait;
  }

  /** How long a row that was taken before has to wait; 0 for one that is to be taken now. */
  #againIn({ stream, revision }: DueRow): Milliseconds {
    const taken = this.#taken.get(stream);
    return taken && taken.revision >= revision ? taken.againAt - this.#options.clock.elapsed() : 0;
  }

  #take(row: DueRow, partition: Partition): void {
    const { name, gate } = partition;
    const gated = gate === null ? 0 : 1;
    this.#gated += gated;
    if (gate !== null) this.#servedAt.set(gate, (this.#served += 1));
    this.#busy.set(name, (this.#busy.get(name) ?? 0) + 1);
    const work = this.#work(row, partition).finally(() => {
      this.#running.delete(row.stream);
      this.#gated -= gated;
      const left = (this.#busy.get(name) ?? 1) - 1;
      if (left > 0) this.#busy.set(name, left);
      else this.#busy.delete(name);
      this.#roomFor(partition);
    });
    this.#running.set(row.stream, work);
  }

  /** What has ended leaves room: for its own partition, and for those that share its places with it. */
  #roomFor({ name, gate }: Partition): void {
    const { concurrency, gatedConcurrency } = this.#limits;
    const wasFull =
      gate === null
        ? this.#running.size - this.#gated === concurrency - 1
        : this.#gated === gatedConcurrency - 1;
    if (wasFull) this.#lookAt.clear();
    this.#look(name);
  }

  /** Never rejects: what fails is tried again after a pause. */
  async #work(row: DueRow, partition: Partition): Promise<void> {
    const { stream, revision } = row;
    const failures = this.#taken.get(stream)?.failures ?? 0;
    const { clock, log } = this.#options;
    try {
      const wait = await this.#perform(row, partition);
      this.#note(stream, { revision, againAt: clock.elapsed() + wait, failures: 0 });
    } catch (error) {
      const reason = reasonOf(error);
      const delay = this.#limits.retryDelayMs * 2 ** Math.min(failures, 7);
      this.#note(stream, { revision, againAt: clock.elapsed() + delay, failures: failures + 1 });
      log('a step failed', { stream, step: row.step, attempt: failures + 1, reason });
      const transient = isRefusal(error) && error.kind === 'TRANSIENT';
      if (failures + 1 >= this.#limits.attempts && !transient) await this.#park(row, reason, failures + 1);
    }
  }

  async #park({ stream, step, position }: DueRow, reason: string, attempts: number): Promise<void> {
    const { progress, clock, log } = this.#options;
    const id = `${stream}/${step}`;
    const work = { id, kind: 'step', stream, name: step, payload: '', reason, attempts } as const;
    try {
      await progress.park([{ ...work, source: position, index: 0, parkedAt: clock.now() }]);
      this.#taken.delete(stream);
    } catch (error) {
      log('a step could not be parked and is tried again', { stream, step, reason: reasonOf(error) });
    }
  }

  #note(stream: string, taken: Taken): void {
    this.#taken.delete(stream);
    this.#taken.set(stream, taken);
    // Done rows are forgotten oldest first: a forgotten one costs a look at its stream, nothing else.
    if (this.#taken.size > MAX_TAKEN) this.#taken.delete(this.#taken.keys().next().value as string);
  }

  /** How long the row is to be left alone: for ever, when the stream moved on or needs nothing any more. */
  async #perform(row: DueRow, partition: Partition): Promise<Milliseconds> {
    const { clock, runner } = this.#options;
    const { stream } = row;
    const loaded = await runner.load(stream);
    const { next } = loaded;
    if (!next) return Infinity;
    const movedOn = loaded.revision > row.revision;
    // A stream that moved on has its own row; else today's build waits for another thing than the one that stamped it.
    if (next.at > clock.now() || (movedOn && next.step !== row.step))
      return movedOn ? Infinity : next.at - clock.now();
    if (next.gate !== undefined && !this.#options.gates.isOpen(next.gate)) return this.#limits.notNowMs;
    return (await this.#run(loaded, next.step, stream, partition)) ? Infinity : this.#limits.notNowMs;
  }

  /** Whether the stream was moved on, here or by another worker. */
  async #run(loaded: LoadedStream, name: string, stream: string, partition: Partition): Promise<boolean> {
    const { runner, ports, ids } = this.#options;
    const step = this.#stepOf(stream, name);
    let { state, last } = loaded;
    const attempt = ids.next();
    if (!this.#mayStart(partition)) return false;
    if (step.begin) {
      const command = await step.begin(state, ports, stream);
      if (command === null || !this.#mayStart(partition)) return false;
      const begun = await this.#send(stream, command, `${attempt}/begin`, last, loaded.revision);
      if (begun === null) return true;
      state = (await runner.load(stream)).state;
      last = begun.last ?? last;
      // It counts as begun and doubtful, and is looked into by whoever has the lease then.
      if (!this.#mayStart(partition)) return true;
    }
    const commands = await step.perform(state, ports, stream);
    let moved = step.begin !== undefined;
    for (const [index, command] of commands.entries())
      moved = (await this.#send(stream, command, `${attempt}/${index}`, last)) !== null || moved;
    return moved;
  }

  #stepOf(stream: string, name: string): Step<unknown, P> {
    // The runner keeps kinds of all types; the ports are those of the deployment, for every kind.
    const step = this.#options.runner.kindOf(stream).steps[name] as Step<unknown, P> | undefined;
    if (!step) throw new Error(`${stream} waits for the step ${name}, which this build does not have`);
    return step;
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
      const receipt = await this.#options.runner.execute(stream, command, context, options);
      return receipt.events > 0 ? receipt : null;
    } catch (error) {
      if (isRefusal(error) && error.code === 'CONFLICT_VERSION') return null;
      throw error;
    }
  }

  /** Parked steps that somebody wants to be taken again, whichever process was told so. */
  async #takeWishes(): Promise<void> {
    const { progress, clock } = this.#options;
    const now = clock.elapsed();
    if (now - this.#wishesAt < this.#limits.pollMs) return;
    this.#wishesAt = now;
    const wishes = (await progress.retryRequests(WISHES)).filter(({ kind }) => kind === 'step');
    if (wishes.length === 0) return;
    await progress.unpark(wishes.map(({ id }) => id));
    for (const { stream } of wishes) this.#taken.delete(stream);
    this.#lookAt.clear();
  }
}
