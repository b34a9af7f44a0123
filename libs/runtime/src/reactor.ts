import {
  START,
  isRefusal,
  type Clock,
  type Milliseconds,
  type Position,
  type Reaction,
  type UnreadableEvent,
} from '@seatbook/kernel';
import type { CommandRunner } from './command-runner.js';
import { STORE_LOOKED_FOR_MS, hasCode } from './errors.js';
import type { EventLog, LoggedEvent } from './event-log.js';
import type { LogPage } from './event-store.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { pause } from './pause.js';
import { PollLoop } from './poll-loop.js';
import type { ParkedWork, Progress } from './progress.js';
import { handlersOf, messagesOf, parkedOf, type Message } from './reaction-messages.js';
import { RunnerHealth, reasonOf, type Log } from './runner-health.js';
import type { Trouble } from './trouble.js';

export interface ReactorLimits {
  readonly batchEvents: number;
  /** Target streams that are sent to at once. */
  readonly concurrentStreams: number;
  /** It looks for wishes to retry this often. */
  readonly pollMs: Milliseconds;
  /** A command that fails this often in a row is parked. */
  readonly attempts: number;
  /** First pause after a failure; each next one is twice as long, up to the longest. */
  readonly retryDelayMs: Milliseconds;
  readonly maxRetryDelayMs: Milliseconds;
  /** Another worker takes over when it has not heard of this one for so long. */
  readonly leaseMs: Milliseconds;
}

export const REACTOR_LIMITS: ReactorLimits = {
  batchEvents: 500,
  concurrentStreams: 64,
  pollMs: 1_000,
  attempts: 4,
  retryDelayMs: 200,
  maxRetryDelayMs: 10_000,
  leaseMs: 15_000,
};

export interface ReactorOptions {
  readonly events: EventLog;
  readonly progress: Progress;
  readonly runner: CommandRunner;
  readonly leases: LeaseKeeper;
  readonly reactions: readonly Reaction[];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<ReactorLimits>;
  /** Told of events that have been reacted to, in order: once each, twice where an answer of the store was lost. */
  readonly passed?: ((events: readonly LoggedEvent[]) => void) | undefined;
}

/** Name of the lease, and of the checkpoint that it guards. */
export const REACTOR_LEASE = 'reactor';
const WISHES = 100;
const PARKED_PAGE = 200;

const DONE = Symbol('done');
type Answer = typeof DONE | { readonly reason: string; readonly transient: 'store' | 'conflict' | null };

/** The work is over for this process: it stops, or another one has the lease. */
class GivenUp extends Error {
  constructor() {
    super('given up: the process stops, or its lease ran out');
    this.name = 'GivenUp';
  }
}

/**
 * Runs all reactions, with one lease and one checkpoint. It takes a page of the log, sends the commands that follow
 * from it, in order for each target stream, and then moves the checkpoint: after a crash a page is sent again and
 * recognised by its command ids. It stops, and gives its lease away, at an event that its build does not know: passed
 * over, a newer build's reaction to it would be lost for ever.
 */
export class Reactor {
  readonly #options: ReactorOptions;
  readonly #limits: ReactorLimits;
  readonly #handlers: ReadonlyMap<string, readonly Reaction[]>;
  readonly #health: RunnerHealth;
  readonly #retryHealth: RunnerHealth;
  readonly #loop: PollLoop;
  readonly #retries: PollLoop;
  #position: Position = START;
  #epoch = 0;
  #working = false;
  #stopping = false;
  /** What it cannot pass. */
  #unreadable: UnreadableEvent | null = null;
  #following = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ReactorOptions) {
    this.#options = options;
    this.#limits = { ...REACTOR_LIMITS, ...options.limits };
    const { clock, log, leases } = options;
    const { pollMs } = this.#limits;
    this.#handlers = handlersOf(options.reactions);
    this.#health = new RunnerHealth('reactor', log);
    this.#retryHealth = new RunnerHealth('retry of parked reactions', log);
    this.#loop = new PollLoop({ clock, pollMs, task: () => this.#follow(), health: this.#health });
    const retry = (): Promise<boolean> => this.#takeWishes();
    this.#retries = new PollLoop({ clock, pollMs, task: retry, health: this.#retryHealth });
    leases.whileNeeded((name) => name === REACTOR_LEASE && this.#working);
    leases.onGained((name) => {
      if (name === REACTOR_LEASE) this.#loop.wake();
    });
  }

  start(): void {
    this.#stopping = false;
    this.#options.leases.want(REACTOR_LEASE, this.#limits.leaseMs);
    this.#loop.start();
    this.#retries.start();
  }

  /** Ends after the page under way, or gives that up where the log cannot be reached: it is sent again at the start. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#following.abort();
    await Promise.all([this.#loop.stop(), this.#retries.stop()]);
  }

  /** Up to where it has reacted, as far as this process knows. */
  get position(): Position {
    return this.#position;
  }

  /** Why it does not get on at present, or null. It keeps trying. */
  get failure(): string | null {
    return this.#health.failure ?? this.#retryHealth.failure;
  }

  get troubles(): readonly Trouble[] {
    return [...this.#health.troubles, ...this.#retryHealth.troubles];
  }

  /** Nothing is being sent. */
  get idle(): boolean {
    return !this.#working && this.#retries.idle;
  }

  get #holds(): boolean {
    return this.#options.leases.epochOf(REACTOR_LEASE) === this.#epoch;
  }

  /** Follows the log for as long as the lease is held. */
  async #follow(): Promise<boolean> {
    const { events, leases } = this.#options;
    const epoch = leases.epochOf(REACTOR_LEASE);
    if (epoch === null) {
      // It has given its lease away for this, and the reason remains.
      if (this.#unreadable) throw this.#unreadable;
      return false;
    }
    if (leases.isLeaving(REACTOR_LEASE)) return false;
    this.#following = new AbortController();
    const { signal } = this.#following;
    try {
      await this.#takeOver(epoch);
      for await (const page of events.subscribe(this.#position, {
        signal,
        pageEvents: this.#limits.batchEvents,
      })) {
        if (this.#stopping || !this.#holds || leases.isLeaving(REACTOR_LEASE)) return false;
        await this.#take(page);
        this.#health.worked();
      }
    } catch (error) {
      if (error instanceof GivenUp) return false;
      if (!hasCode(error, 'CHECKPOINT_MOVED')) throw error;
      // It was saved and only the answer was lost, so it goes on from there. Or another one has the lease.
      if (await this.#isOurs(epoch)) return true;
      await leases.giveAway(REACTOR_LEASE);
    } finally {
      this.#following.abort();
      this.#working = false;
    }
    return false;
  }

  /** Where the checkpoint is now: it may have been saved though the answer was lost. */
  async #takeOver(epoch: number): Promise<void> {
    const { progress } = this.#options;
    this.#position = await progress.takeOver(REACTOR_LEASE, epoch);
    if (this.#epoch === epoch) return;
    this.#epoch = epoch;
    await this.#retryForNewBuild();
  }

  async #isOurs(epoch: number): Promise<boolean> {
    try {
      this.#position = await this.#options.progress.takeOver(REACTOR_LEASE, epoch);
      return true;
    } catch (error) {
      if (hasCode(error, 'CHECKPOINT_MOVED')) return false;
      throw error;
    }
  }

  async #take({ events, upTo }: LogPage<LoggedEvent>): Promise<void> {
    this.#working = true;
    const stopAt = events.findIndex((event) => this.#needs(event) !== null);
    const known = stopAt < 0 ? events : events.slice(0, stopAt);
    await this.#inTurn(() => this.#react(known));
    const to = stopAt < 0 ? upTo : (known.at(-1)?.position ?? this.#position);
    if (to !== this.#position) {
      const move = { from: this.#position, to, epoch: this.#epoch };
      await this.#options.progress.saveCheckpoint(REACTOR_LEASE, move);
      this.#position = to;
      this.#options.passed?.(known);
    }
    this.#unreadable = stopAt < 0 ? null : this.#needs(events[stopAt] as LoggedEvent);
    if (this.#unreadable) {
      await this.#options.leases.giveAway(REACTOR_LEASE);
      throw this.#unreadable;
    }
    this.#working = false;
  }

  /** Why an event stops the reactor: nobody here knows what follows from it. */
  #needs({ type, problem }: LoggedEvent): UnreadableEvent | null {
    if (problem?.code === 'NEWER_EVENT_VERSION' && !this.#handlers.has(type)) return null;
    return problem ?? null;
  }

  async #react(events: readonly LoggedEvent[]): Promise<void> {
    const queues = new Map<string, Message[]>();
    for (const event of events) {
      for (const message of messagesOf(event, this.#handlers)) {
        const queue = queues.get(message.stream);
        if (queue) queue.push(message);
        else queues.set(message.stream, [message]);
      }
    }
    if (queues.size === 0) return;
    const parked = await this.#options.progress.parkedStreams('reaction', [...queues.keys()]);
    const waiting = [...queues].reverse();
    const worker = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [stream, queue] = next;
        await this.#sendAll(queue, parked.has(stream));
      }
    };
    // Where one fails the others still end: the page is taken again, and not beside what is left of this time.
    const ends = await Promise.allSettled(Array.from({ length: this.#limits.concurrentStreams }, worker));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /**
   * All at once to the runner, which keeps their order and decides them together. From the first that fails they are
   * sent one by one; one that fails past its budget is parked, and all behind it queue up there.
   */
  async #sendAll(queue: readonly Message[], behindParked: boolean): Promise<void> {
    let parked = behindParked;
    let from = 0;
    if (!parked) {
      const sequence = {};
      const answers = await Promise.all(queue.map((message) => this.#send(message, sequence)));
      from = answers.findIndex((answer) => answer !== DONE);
      if (from < 0) return;
    }
    for (const message of queue.slice(from)) {
      const failure = parked ? null : await this.#trySend(message);
      if (failure === null && !parked) continue;
      await this.#park(parkedOf(message, failure, failure === null ? 0 : this.#limits.attempts));
      parked = true;
    }
  }

  #park(work: Omit<ParkedWork, 'parkedAt'>): Promise<void> {
    return this.#options.progress.park([{ ...work, parkedAt: this.#options.clock.now() }]);
  }

  /** Sends until it is done, or has failed too often: then it says why. A store that is down is waited for. */
  async #trySend(message: Message): Promise<string | null> {
    const { attempts, retryDelayMs, maxRetryDelayMs } = this.#limits;
    let failures = 0;
    for (let tries = 0; ; tries += 1) {
      const answer = await this.#send(message);
      if (answer === DONE) return null;
      if (await this.#isOwnFailure(answer)) failures += 1;
      else this.#health.failed(answer.reason);
      if (failures >= attempts) return answer.reason;
      if (this.#stopping || !this.#holds) throw new GivenUp();
      const longest = answer.transient === 'store' ? STORE_LOOKED_FOR_MS : maxRetryDelayMs;
      const delay = Math.min(retryDelayMs * 2 ** tries, longest, maxRetryDelayMs);
      await pause(this.#options.clock, delay, this.#following.signal);
    }
  }

  /** Whether a failure is the stream's own. One of a store that takes nothing at all is not: it is waited for. */
  async #isOwnFailure({ transient }: Exclude<Answer, typeof DONE>): Promise<boolean> {
    if (transient !== 'store') return transient === null;
    return this.#options.events.probe().then(
      () => true,
      () => false,
    );
  }

  /** A refusal ends a command as success does. */
  async #send({ stream, command, context }: Message, sequence?: object): Promise<Answer> {
    try {
      await this.#options.runner.execute(stream, command, context, sequence ? { sequence } : {});
      return DONE;
    } catch (error) {
      const reason = reasonOf(error);
      if (!isRefusal(error)) return { reason, transient: null };
      if (error.code === 'CONFLICT_VERSION') return { reason, transient: 'conflict' };
      if (error.code === 'TRANSIENT_STORE') return { reason, transient: 'store' };
      return error.kind === 'TRANSIENT' ? { reason, transient: null } : DONE;
    }
  }

  /** Parked work and new events take turns, so that nothing is parked behind work that has just gone. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Sends parked commands again that somebody wants to be sent, whichever process was told so. */
  async #takeWishes(): Promise<boolean> {
    if (!this.#holds) return false;
    const wishes = await this.#options.progress.retryRequests(WISHES);
    const streams = new Set(wishes.flatMap(({ kind, stream }) => (kind === 'reaction' ? stream : [])));
    for (const stream of streams) await this.#inTurn(() => this.#retry(stream, wishes));
    return false;
  }

  /** All parked commands of a stream, in order, up to the first that still fails. */
  async #retry(stream: string, wishes: readonly ParkedWork[]): Promise<void> {
    const { progress } = this.#options;
    for (;;) {
      const { rows } = await progress.parked({ kind: 'reaction', stream, limit: PARKED_PAGE });
      if (rows.length === 0) return;
      for (const work of rows) {
        if (this.#stopping || !this.#holds) return;
        const answer = await this.#send(JSON.parse(work.payload) as Message);
        if (answer === DONE) {
          await progress.unpark([work.id]);
        } else if (await this.#isOwnFailure(answer)) {
          await this.#park({ ...work, reason: answer.reason, attempts: work.attempts + 1 });
          const behind = wishes.filter((wish) => wish.stream === stream && wish.id !== work.id);
          for (const wish of behind)
            await this.#park({ ...wish, reason: `behind ${work.id}, which failed again` });
          return;
        } else {
          throw new Error(answer.reason);
        }
      }
    }
  }

  /** What an older build could not decide is tried again by each build that takes over. */
  async #retryForNewBuild(): Promise<void> {
    const { progress } = this.#options;
    let cursor: string | undefined;
    do {
      const query = {
        kind: 'reaction',
        limit: PARKED_PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      } as const;
      const page = await progress.parked(query);
      for (const { id, reason } of page.rows)
        if (reason?.startsWith('TRANSIENT_NEWER_BUILD')) await progress.requestRetry(id);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }
}
