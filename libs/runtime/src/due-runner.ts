import {
  START,
  isRefusal,
  type Cause,
  type Clock,
  type Command,
  type Due,
  type Ids,
  type Instant,
  type Milliseconds,
  type Position,
  type Step,
} from '@seatbook/kernel';
import { following, type CommandContext } from './command-context.js';
import type { CommandRunner, LoadedStream, Receipt } from './command-runner.js';
import { STEPS_QUEUE, STEP_LEASES, dueModel, gateQueue, stepLeaseOf, type DueRow } from './due.js';
import { hasCode, longestPauseAfter } from './errors.js';
import type { Gates } from './gates.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { PollLoop } from './poll-loop.js';
import type { Progress } from './progress.js';
import type { ReadStore } from './read-store.js';
import { RunnerHealth, reasonOf, type Log } from './runner-health.js';
import { CLOCK_SKEW_MS, isTooFarAhead, longestWait, stampOf, type StreamKind } from './stream-kind.js';
import type { Trouble } from './trouble.js';

export interface DueRunnerLimits {
  /** Streams without a gate that are worked on at once. */
  readonly concurrency: number;
  /** Streams behind one gate that are worked on at once, and behind all gates together. */
  readonly concurrencyPerGate: number;
  readonly gatedConcurrency: number;
  /** It looks this often whether something was stamped, and for wishes to retry. */
  readonly pollMs: Milliseconds;
  /** A step that fails this often in a row is parked. */
  readonly attempts: number;
  /** First pause after a failure; each next one is twice as long, 128 times as long at most. */
  readonly retryDelayMs: Milliseconds;
  /** When a step says "not now", it is asked again after this long. */
  readonly notNowMs: Milliseconds;
  /** Another worker takes over when it has not heard of this one for so long. */
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
  readonly reads: Pick<ReadStore, 'query' | 'checkpoint'>;
  readonly progress: Progress;
  readonly runner: CommandRunner;
  readonly leases: Pick<LeaseKeeper, 'want' | 'leftOf' | 'isLeaving' | 'whileNeeded' | 'onGained'>;
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

/** Due work in the order of its moments: what is behind one gate, or what has none. */
interface Queue {
  readonly name: string;
  readonly gate: string | null;
}

/** What is known of a row that was taken: done until its stream is stamped again, or to be taken again at a moment. */
interface Taken {
  readonly revision: number;
  /** By the clock's elapsed time: setting the clock changes nothing. */
  readonly againAt: Milliseconds;
  readonly failures: number;
  /** It was not worked on: it waits only because a clock that was ahead has noted its moment, which may come sooner. */
  readonly ahead?: true;
}

/** What is done for a stream at present. */
interface Running {
  readonly lease: string;
  readonly ended: Promise<void>;
}

const STEPS: Queue = { name: STEPS_QUEUE, gate: null };
const PAGE_ROWS = 100;
/** A queue is looked at this often even where nothing is due by its clock: that may be set to another time. */
const LOOK_AGAIN_MS: Milliseconds = 30_000;
/** Work noted by a clock that was ahead is looked for this often, and whenever a clock is seen to have been set back. */
const LOOK_AHEAD_MS: Milliseconds = 600_000;
/** Within one pass a clock is not put right by more than this without having been set. */
const CLOCK_DRIFT_MS: Milliseconds = 1_000;
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
  readonly #running = new Map<string, Running>();
  /** Streams worked on in each queue. */
  readonly #busy = new Map<string, number>();
  #gated = 0;
  readonly #taken = new Map<string, Taken>();
  /** When each queue is to be looked at again, by elapsed time; at once where nothing is noted. */
  readonly #lookAt = new Map<string, Milliseconds>();
  /** When each queue is to be looked through for work that was noted by a clock that was ahead; at once where nothing is noted. */
  readonly #lookAheadAt = new Map<string, Milliseconds>();
  /** How far the clock was ahead of the elapsed time. */
  #offset = -Infinity;
  /** Up to where `due` had come when all queues were last to be looked at. */
  #seen: Position = START;
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
    gates.onOpened((gate) => this.#look(gateQueue(gate)));
    leases.whileNeeded((lease) => this.#needs(lease));
    leases.onGained(() => {
      this.#lookAheadAt.clear();
      this.#lookAtAll();
    });
  }

  start(): void {
    for (const lease of STEP_LEASES) this.#options.leases.want(lease, this.#limits.stepLeaseMs);
    this.#loop.start();
  }

  /** Takes nothing more and waits for what is under way. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** Streams may have been stamped. */
  wake(): void {
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

  get troubles(): readonly Trouble[] {
    return this.#health.troubles;
  }

  #look(queue: string): void {
    this.#lookAt.delete(queue);
    this.#loop.wake();
  }

  #lookAtAll(): void {
    this.#lookAt.clear();
    this.#loop.wake();
  }

  async #pass(): Promise<boolean> {
    const { clock, reads } = this.#options;
    this.#noticeClock();
    await this.#takeWishes();
    const stamped = await reads.checkpoint(dueModel);
    if (stamped !== this.#seen) this.#lookAt.clear();
    this.#seen = stamped;
    for (const queue of this.#queues()) {
      if ((this.#lookAt.get(queue.name) ?? 0) > clock.elapsed()) continue;
      await this.#lookThrough(queue);
    }
    let next = Infinity;
    for (const at of this.#lookAt.values()) next = Math.min(next, at);
    if (next < Infinity) this.#loop.wakeIn(next - clock.elapsed());
    return false;
  }

  /** What was noted before the clock was set back may be due long before its moment comes again. */
  #noticeClock(): void {
    const { clock } = this.#options;
    const offset = clock.now() - clock.elapsed();
    if (offset < this.#offset - CLOCK_DRIFT_MS) {
      this.#lookAheadAt.clear();
      this.#lookAt.clear();
    }
    this.#offset = offset;
  }

  async #lookThrough(queue: Queue): Promise<void> {
    const { clock } = this.#options;
    // Noted before the look: what asks for another one meanwhile is not forgotten.
    this.#lookAt.set(queue.name, Infinity);
    try {
      const wait = Math.min(await this.#takeFrom(queue), await this.#takeAhead(queue), LOOK_AGAIN_MS);
      if (this.#lookAt.has(queue.name)) this.#lookAt.set(queue.name, clock.elapsed() + wait);
    } catch (error) {
      this.#lookAt.delete(queue.name);
      throw error;
    }
  }

  /** What may be worked on: steps without a gate, and those of the open gates, the longest waiting first. */
  #queues(): Queue[] {
    const { gates, leases, leaseOf } = this.#options;
    const servedAt = (gate: string): number => this.#servedAt.get(gate) ?? 0;
    const open = [...gates.open()].sort((one, other) => servedAt(one) - servedAt(other));
    for (const gate of open) leases.want(leaseOf(gate), this.#limits.gateLeaseMs);
    const held = open.filter((gate) => this.#mayStartBehind(gate));
    const queues = [STEPS, ...held.map((gate): Queue => ({ name: gateQueue(gate), gate }))];
    const known = new Set(queues.map(({ name }) => name));
    for (const looks of [this.#lookAt, this.#lookAheadAt])
      for (const name of looks.keys()) if (!known.has(name)) looks.delete(name);
    return queues;
  }

  /** Whether something is under way that a lease covers. */
  #needs(lease: string): boolean {
    return [...this.#running.values()].some((work) => work.lease === lease);
  }

  #leaseOf(stream: string, { gate }: Queue): string {
    return gate === null ? stepLeaseOf(stream) : this.#options.leaseOf(gate);
  }

  /** Whether work may be begun: it may be started, and its lease is not about to be another worker's. */
  #mayTake(stream: string, queue: Queue): boolean {
    return this.#mayStart(stream, queue) && !this.#options.leases.isLeaving(this.#leaseOf(stream, queue));
  }

  /** Whether work behind a gate may be started: it is open, and its lease is held for long enough. */
  #mayStartBehind(gate: string): boolean {
    const { gates, leases, leaseOf } = this.#options;
    return gates.isOpen(gate) && leases.leftOf(leaseOf(gate)) > this.#limits.gateLeaseLeftMs;
  }

  #mayStart(stream: string, { gate }: Queue): boolean {
    return gate === null ? this.#options.leases.leftOf(stepLeaseOf(stream)) > 0 : this.#mayStartBehind(gate);
  }

  /** Streams that may still be taken of a queue. */
  #roomOf({ name, gate }: Queue): number {
    const { concurrency, concurrencyPerGate, gatedConcurrency } = this.#limits;
    if (gate === null) return concurrency - (this.#running.size - this.#gated);
    return Math.min(concurrencyPerGate - (this.#busy.get(name) ?? 0), gatedConcurrency - this.#gated);
  }

  /** Takes what is due of a queue, as far as there is room. Answers how long the next may wait. */
  async #takeFrom(queue: Queue): Promise<Milliseconds> {
    const { clock } = this.#options;
    let wait = Infinity;
    for await (const rows of this.#pages(queue)) {
      const now = clock.now();
      const due = rows.filter(({ at }) => at <= now);
      wait = Math.min(wait, await this.#takeRows(due, queue));
      const later = rows[due.length];
      if (later) return Math.min(wait, later.at - now);
      if (this.#roomOf(queue) <= 0) return wait;
    }
    return wait;
  }

  /**
   * Takes what waits for a moment that a clock noted which was ahead, when as much time has passed as it was to wait.
   * Where that is not known it is taken at once: nothing waits longer than its step has to.
   */
  async #takeAhead(queue: Queue): Promise<Milliseconds> {
    const { clock } = this.#options;
    if ((this.#lookAheadAt.get(queue.name) ?? 0) > clock.elapsed()) return Infinity;
    let wait = Infinity;
    let found = false;
    for await (const rows of this.#pages(queue, clock.now() + CLOCK_SKEW_MS)) {
      const ahead = rows.filter((row) => this.#isAhead(row) || this.#wasAhead(row));
      for (const row of ahead) {
        found = true;
        const { stream, revision, at, recordedAt } = row;
        const noted = this.#taken.get(stream)?.revision === revision;
        if (noted || !this.#isOfLater(row)) continue;
        this.#note(stream, {
          revision,
          againAt: clock.elapsed() + Math.min(at - recordedAt, longestWait(this.#kindOf(row), row.step)),
          failures: 0,
          ahead: true,
        });
      }
      wait = Math.min(wait, await this.#takeRows(ahead, queue));
      if (this.#roomOf(queue) <= 0) return wait;
    }
    const next = found ? Math.min(wait, LOOK_AGAIN_MS) : LOOK_AHEAD_MS;
    this.#lookAheadAt.set(queue.name, clock.elapsed() + next);
    return found ? next : Infinity;
  }

  /** It was noted by a clock that was ahead of this one. */
  #isOfLater({ recordedAt }: DueRow): boolean {
    return recordedAt > this.#options.clock.now() + CLOCK_SKEW_MS;
  }

  /** That was seen before this clock came to where the other one had been; it waits no longer for that. */
  #wasAhead({ stream, revision }: DueRow): boolean {
    const taken = this.#taken.get(stream);
    return taken?.ahead === true && taken.revision === revision;
  }

  /** Its moment is further ahead than it may be. */
  #isAhead(row: DueRow): boolean {
    return this.#isOfLater(row) || isTooFarAhead(this.#kindOf(row), row, this.#options.clock.now());
  }

  #kindOf({ stream }: DueRow): StreamKind {
    return this.#options.runner.kindOf(stream);
  }

  async *#pages({ name }: Queue, from?: Instant): AsyncGenerator<readonly DueRow[]> {
    let cursor: string | undefined;
    do {
      const page = await this.#options.reads.query(dueModel, {
        index: 'by-queue',
        equals: [name],
        limit: PAGE_ROWS,
        ...(from === undefined ? {} : { range: { from } }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      yield page.rows;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  /** Takes rows as far as there is room. Answers how long those that were taken before have to wait. */
  async #takeRows(rows: readonly DueRow[], queue: Queue): Promise<Milliseconds> {
    const mine = rows.filter(({ stream }) => !this.#running.has(stream) && this.#mayTake(stream, queue));
    if (mine.length === 0) return Infinity;
    const streams = mine.map(({ stream }) => stream);
    const parked = await this.#options.progress.parkedStreams('step', streams);
    let wait = Infinity;
    for (const row of mine) {
      // What ends makes room and asks for another look.
      if (this.#roomOf(queue) <= 0) return wait;
      const again = this.#againIn(row);
      if (again <= 0) this.#take(row, queue, parked.has(row.stream));
      else wait = Math.min(wait, again);
    }
    return wait;
  }

  /** How long a row that was taken before has to wait; 0 for one that is to be taken now. */
  #againIn({ stream, revision, at }: DueRow): Milliseconds {
    const { clock } = this.#options;
    const taken = this.#taken.get(stream);
    if (!taken || taken.revision < revision || (taken.ahead && at <= clock.now())) return 0;
    return taken.againAt - clock.elapsed();
  }

  #take(row: DueRow, queue: Queue, hasParked: boolean): void {
    const { name, gate } = queue;
    const gated = gate === null ? 0 : 1;
    this.#gated += gated;
    if (gate !== null) this.#servedAt.set(gate, (this.#served += 1));
    this.#busy.set(name, (this.#busy.get(name) ?? 0) + 1);
    const ended = this.#work(row, queue, hasParked).finally(() => {
      this.#running.delete(row.stream);
      this.#gated -= gated;
      const left = (this.#busy.get(name) ?? 1) - 1;
      if (left > 0) this.#busy.set(name, left);
      else this.#busy.delete(name);
      this.#roomFor(queue);
    });
    this.#running.set(row.stream, { lease: this.#leaseOf(row.stream, queue), ended });
  }

  /** What has ended leaves room: for its own queue, and where all places of gates were taken for all gates. */
  #roomFor({ name, gate }: Queue): void {
    if (gate !== null && this.#gated === this.#limits.gatedConcurrency - 1) this.#lookAtAll();
    else this.#look(name);
  }

  /** Never rejects: what fails is tried again after a pause. */
  async #work(row: DueRow, queue: Queue, hasParked: boolean): Promise<void> {
    const { stream, revision } = row;
    const failures = this.#taken.get(stream)?.failures ?? 0;
    const { clock, log } = this.#options;
    try {
      const wait = await this.#perform(row, queue, hasParked);
      this.#note(stream, { revision, againAt: clock.elapsed() + wait, failures: 0 });
    } catch (error) {
      const reason = reasonOf(error);
      const grown = this.#limits.retryDelayMs * 2 ** Math.min(failures, 7);
      const delay = Math.min(grown, longestPauseAfter(error, grown));
      this.#note(stream, { revision, againAt: clock.elapsed() + delay, failures: failures + 1 });
      log('a step failed', { stream, step: row.step, attempt: failures + 1, reason });
      const transient =
        hasCode(error, 'STORE_UNAVAILABLE') || (isRefusal(error) && error.kind === 'TRANSIENT');
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
  async #perform(row: DueRow, queue: Queue, hasParked: boolean): Promise<Milliseconds> {
    const { clock, runner } = this.#options;
    const { stream } = row;
    const wasAhead = this.#wasAhead(row);
    const loaded = await runner.load(stream);
    const next = hasParked ? await this.#nextButParked(stream, loaded.state) : loaded.next;
    // What is parked may be retried by any process: it is looked at again.
    if (!next) return hasParked ? LOOK_AGAIN_MS : Infinity;
    const movedOn = loaded.revision > row.revision;
    const later = next.at > clock.now() && (movedOn || !(wasAhead || this.#isAhead({ ...row, ...next })));
    // A stream that moved on has its own row; else today's build waits for another thing than the one that stamped it.
    if (movedOn && (later || next.step !== row.step)) return Infinity;
    if (later) return Math.min(next.at - clock.now(), hasParked ? LOOK_AGAIN_MS : Infinity);
    if (next.gate !== undefined && !this.#options.gates.isOpen(next.gate)) return this.#limits.notNowMs;
    return (await this.#run(loaded, next.step, stream, queue)) ? Infinity : this.#limits.notNowMs;
  }

  /** Parked steps of a stream wait for a person; its others go on. */
  async #nextButParked(stream: string, state: unknown): Promise<Due | null> {
    const { clock, progress, runner } = this.#options;
    const { rows } = await progress.parked({ kind: 'step', stream, limit: PAGE_ROWS });
    const parked = new Set(rows.map(({ name }) => name));
    const kind = runner.kindOf(stream);
    const others = Object.entries(kind.steps).filter(([name]) => !parked.has(name));
    return stampOf({ ...kind, steps: Object.fromEntries(others) }, state, clock.now()) ?? null;
  }

  /** Whether the stream was moved on, here or by another worker. */
  async #run(loaded: LoadedStream, name: string, stream: string, queue: Queue): Promise<boolean> {
    const { runner, ports, ids } = this.#options;
    const step = this.#stepOf(stream, name);
    let { state, last } = loaded;
    const attempt = ids.next();
    if (!this.#mayStart(stream, queue)) return false;
    if (step.begin) {
      const command = await step.begin(state, ports, stream);
      if (command === null || !this.#mayStart(stream, queue)) return false;
      const begun = await this.#send(stream, command, `${attempt}/begin`, last, loaded.revision);
      if (begun === null) return true;
      state = (await runner.load(stream)).state;
      last = begun.last ?? last;
      // It counts as begun and doubtful, and is looked into by whoever has the lease then.
      if (!this.#mayStart(stream, queue)) return true;
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
