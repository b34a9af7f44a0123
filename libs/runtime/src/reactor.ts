import {
  START,
  causeOf,
  isRefusal,
  type Clock,
  type Command,
  type Position,
  type Reaction,
} from '@seatbook/kernel';
import { following, type CommandContext } from './command-context.js';
import type { CommandRunner } from './command-runner.js';
import { hasCode } from './errors.js';
import { readable, type EventLog, type LoggedEvent } from './event-log.js';
import type { Parking } from './parking.js';
import { PollLoop } from './poll-loop.js';
import type { ParkedWork, Progress } from './progress.js';
import { RunnerHealth, reasonOf, type Log } from './runner-health.js';

const CHECKPOINT = 'reactor';
const EPOCH = 1;
const BATCH_EVENTS = 500;
const CONCURRENT_STREAMS = 64;
const POLL_MS = 1_000;
const ATTEMPTS = 4;
const RETRY_DELAY_MS = 100;

interface Message {
  readonly reaction: string;
  readonly stream: string;
  readonly command: Command;
  readonly context: CommandContext;
  /** Position of the event that it follows from, and its number among all that does. */
  readonly source: Position;
  readonly index: number;
}

const DONE = Symbol('done');
const PASSING = Symbol('passing');
type Answer = typeof DONE | typeof PASSING | { readonly reason: string };

/**
 * Runs all reactions, with one checkpoint. It reads a batch, sends the commands that follow from it, in order for each
 * target stream, and then moves the checkpoint: after a crash a batch is sent again and recognised by its command ids.
 */
export class Reactor {
  readonly #handlers = new Map<string, Reaction[]>();
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;
  #position: Position = START;
  #stopping = false;

  constructor(
    private readonly events: EventLog,
    private readonly progress: Progress,
    private readonly runner: CommandRunner,
    private readonly parking: Parking,
    reactions: readonly Reaction[],
    private readonly clock: Clock,
    log: Log = () => undefined,
  ) {
    for (const reaction of reactions) {
      for (const type of reaction.handles) {
        this.#handlers.set(type, [...(this.#handlers.get(type) ?? []), reaction]);
      }
    }
    this.#health = new RunnerHealth('reactor', log);
    this.#loop = new PollLoop({ clock, pollMs: POLL_MS, task: () => this.#pass(), health: this.#health });
  }

  async start(): Promise<void> {
    this.#position = await this.progress.takeOver(CHECKPOINT, EPOCH);
    this.#stopping = false;
    this.#loop.start();
  }

  /** Ends after the batch under way, or gives it up where the log cannot be reached: it is sent again at the start. */
  stop(): Promise<void> {
    this.#stopping = true;
    return this.#loop.stop();
  }

  ring(): void {
    this.#loop.wake();
  }

  get position(): Position {
    return this.#position;
  }

  /** Why the last pass failed, or null. It tries again by itself. */
  get failure(): string | null {
    return this.#health.failure;
  }

  get idle(): boolean {
    return this.#loop.idle;
  }

  /** Sends the parked commands of a stream again, in order; stops at the first that still fails and says why. */
  async retry(stream: string): Promise<{ sent: number; failure: string | null }> {
    let sent = 0;
    // What comes meanwhile queues up behind and is sent as well.
    for (;;) {
      const { rows: parked } = await this.progress.parked({ kind: 'reaction', stream, limit: 1_000 });
      if (parked.length === 0) return { sent, failure: null };
      for (const work of parked) {
        const failure = await this.#trySend(JSON.parse(work.payload) as Message, 1);
        if (failure !== null) {
          await this.parking.park({ ...work, reason: failure, attempts: work.attempts + 1 });
          return { sent, failure };
        }
        await this.parking.done(work);
        sent += 1;
      }
    }
  }

  async #pass(): Promise<boolean> {
    for await (const { events, upTo, caughtUp } of this.events.pages(this.#position, BATCH_EVENTS)) {
      if (upTo !== this.#position) await this.#react(events, upTo);
      return !caughtUp;
    }
    return false;
  }

  async #react(events: readonly LoggedEvent[], upTo: Position): Promise<void> {
    const queues = new Map<string, Message[]>();
    for (const event of events) {
      for (const message of this.#messages(event)) {
        const queue = queues.get(message.stream);
        if (queue) queue.push(message);
        else queues.set(message.stream, [message]);
      }
    }
    const waiting = [...queues.values()].reverse();
    const workers = Array.from({ length: CONCURRENT_STREAMS }, async () => {
      for (let queue = waiting.pop(); queue; queue = waiting.pop()) await this.#sendAll(queue);
    });
    await Promise.all(workers);
    try {
      const move = { from: this.#position, to: upTo, epoch: EPOCH };
      await this.progress.saveCheckpoint(CHECKPOINT, move);
      this.#position = upTo;
    } catch (error) {
      // It was saved and only the answer was lost, or another reactor was faster.
      if (hasCode(error, 'CHECKPOINT_MOVED')) this.#position = await this.progress.checkpoint(CHECKPOINT);
      throw error;
    }
  }

  #messages(event: LoggedEvent): Message[] {
    const reactions = this.#handlers.get(event.type);
    if (!reactions) return [];
    const envelope = readable(event);
    let place = 0;
    const { principal } = event.metadata;
    const cause = causeOf(event);
    return reactions.flatMap((reaction) => {
      const sent = new Map<string, number>();
      return reaction.react(envelope).map(({ stream, command }) => {
        const index = sent.get(stream) ?? 0;
        sent.set(stream, index + 1);
        const commandId = `${event.id}/${reaction.name}/${index}`;
        const context = following(cause, { commandId, principal });
        return { reaction: reaction.name, stream, command, context, source: event.position, index: place++ };
      });
    });
  }

  /**
   * All at once to the runner, which keeps their order and decides them together. From the first that fails they are
   * sent one by one; one that fails past its budget is parked, and all behind it queue up there.
   */
  async #sendAll(queue: readonly Message[]): Promise<void> {
    const stream = queue[0]?.stream as string;
    let parked = this.parking.has('reaction', stream);
    let from = 0;
    if (!parked) {
      const sequence = {};
      const answers = await Promise.all(queue.map((message) => this.#send(message, sequence)));
      from = answers.findIndex((answer) => answer !== DONE);
      if (from < 0) return;
    }
    for (const message of queue.slice(from)) {
      const failure = parked ? null : await this.#trySend(message, ATTEMPTS);
      if (failure === null && !parked) continue;
      await this.#park(message, failure);
      parked = true;
    }
  }

  /** Without a reason it waits behind work that was parked before. */
  #park(message: Message, reason: string | null): Promise<void> {
    const work: Omit<ParkedWork, 'parkedAt'> = {
      id: `${message.stream}/${message.context.commandId}`,
      kind: 'reaction',
      stream: message.stream,
      name: message.reaction,
      payload: JSON.stringify(message),
      reason,
      attempts: reason === null ? 0 : ATTEMPTS,
      source: message.source,
      index: message.index,
    };
    return this.parking.park(work);
  }

  /** Sends until it is done, or has failed `attempts` times: then it says why. A store that is down is waited for. */
  async #trySend(message: Message, attempts: number): Promise<string | null> {
    for (let attempt = 1; ;) {
      const answer = await this.#send(message);
      if (answer === DONE) return null;
      if (answer !== PASSING) {
        if (attempt >= attempts) return answer.reason;
        attempt += 1;
      }
      if (this.#stopping) throw new Error('stopped while the log could not be reached');
      await new Promise<void>((resolve) => this.clock.after(RETRY_DELAY_MS * 2 ** attempt, resolve));
    }
  }

  /** A refusal ends a command as success does. */
  async #send({ stream, command, context }: Message, sequence?: object): Promise<Answer> {
    try {
      await this.runner.execute(stream, command, context, sequence ? { sequence } : {});
      return DONE;
    } catch (error) {
      if (!isRefusal(error)) return { reason: reasonOf(error) };
      return error.kind === 'TRANSIENT' || error.code === 'CONFLICT_VERSION' ? PASSING : DONE;
    }
  }
}
