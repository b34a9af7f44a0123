import type { Clock, Ids, Command, StreamName } from '@seatbook/kernel';
import { DEFAULT_TIMINGS, licensingRegistry, licensingStreams, type Timings } from '@seatbook/licensing';
import {
  CommandRunner,
  EventLog,
  Freshness,
  type CommandContext,
  type CommandOptions,
  type Log,
  type Receipt,
  type StreamLimits,
  type Stores,
  type StreamKind,
} from '@seatbook/runtime';

export interface FoundationOptions {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timings?: Timings;
  readonly log?: Log;
  readonly limits?: Partial<StreamLimits> | undefined;
}

/** What both halves of the product rest on. A process that has both gives them one, so that they share folded states. */
export class Foundation {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timings: Timings;
  readonly log: Log;
  readonly events: EventLog;
  readonly runner: CommandRunner;
  readonly freshness: Freshness;

  constructor({
    stores,
    clock,
    ids,
    timings = DEFAULT_TIMINGS,
    log = () => undefined,
    limits,
  }: FoundationOptions) {
    this.stores = stores;
    this.clock = clock;
    this.ids = ids;
    this.timings = timings;
    this.log = log;
    this.events = new EventLog(stores.events, licensingRegistry());
    const kinds = Object.values(licensingStreams(timings)) as readonly StreamKind[];
    const { events } = this;
    this.runner = new CommandRunner({ events, reads: stores.reads, kinds, clock, ids, limits });
    this.freshness = new Freshness(stores.reads, clock, log);
  }

  execute<C extends Command>(
    stream: StreamName<C>,
    command: NoInfer<C>,
    context: CommandContext,
    options?: CommandOptions,
  ): Promise<Receipt> {
    return this.runner.execute(stream, command, context, options);
  }

  /** Sends a command of the product's own that follows from nothing in the log. */
  begin<C extends Command>(
    stream: StreamName<C>,
    command: NoInfer<C>,
    more: Pick<CommandContext, 'reason'> = {},
  ): Promise<Receipt> {
    const id = this.ids.next();
    const context = { commandId: id, principal: 'seatbook', correlationId: id, causationId: id };
    return this.execute(stream, command, { ...context, ...more });
  }
}
