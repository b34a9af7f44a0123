import {
  EventRegistry,
  Refusal,
  firstVersions,
  type Decider,
  type Due,
  type ErrorCode,
  type Instant,
  type Steps,
} from '@seatbook/kernel';
import {
  CommandRunner,
  EventLog,
  streamKind,
  type CommandContext,
  type CommandRunnerOptions,
  type EventStore,
} from '@seatbook/runtime';
import { seededIds } from './seeded-random.js';

/** A code of this domain alone. */
const TOO_HIGH = 'REJECTED_TOO_HIGH' as string as ErrorCode;

/** A small domain for specs of the runtime: a stream that adds numbers up and may wait for a moment. */
export type CounterEvent =
  | { readonly type: 'counter.added'; readonly data: { readonly n: number; readonly text?: string } }
  | {
      readonly type: 'counter.waits';
      readonly data: { readonly step: string; readonly at: Instant; readonly gate?: string };
    }
  | {
      readonly type: 'counter.started';
      readonly data: { readonly attempt: number; readonly doubtfulAt: Instant };
    }
  | { readonly type: 'counter.done'; readonly data: object };

export type CounterCommand =
  | { readonly type: 'Add'; readonly n: number }
  /** Adds up to this sum and no further: nothing where that is reached. */
  | { readonly type: 'RaiseTo'; readonly sum: number }
  | { readonly type: 'RefuseAbove'; readonly limit: number }
  | { readonly type: 'AddMany'; readonly count: number; readonly bytes: number }
  | { readonly type: 'Break'; readonly why: string }
  | { readonly type: 'Wait'; readonly step: string; readonly at: Instant; readonly gate?: string }
  | { readonly type: 'Start'; readonly doubtfulAt: Instant }
  | { readonly type: 'Finish' };

export interface Counter {
  sum: number;
  events: number;
  attempt: number;
  due: Due | null;
}

/** Set by a spec to let `Break` succeed after all. */
export const mended = new Set<string>();

export const counterDecider: Decider<CounterCommand, Counter, CounterEvent> = {
  initial: () => ({ sum: 0, events: 0, attempt: 0, due: null }),
  decide(command, state) {
    switch (command.type) {
      case 'Add':
        return [{ type: 'counter.added', data: { n: command.n } }];
      case 'RaiseTo':
        return state.sum >= command.sum
          ? []
          : [{ type: 'counter.added', data: { n: command.sum - state.sum } }];
      case 'RefuseAbove':
        if (state.sum > command.limit) throw new Refusal(TOO_HIGH, 'too high', { sum: state.sum });
        return [{ type: 'counter.added', data: { n: 0 } }];
      case 'AddMany':
        return Array.from({ length: command.count }, () => ({
          type: 'counter.added',
          data: { n: 1, text: 'x'.repeat(command.bytes) },
        }));
      case 'Break':
        if (!mended.has(command.why)) throw new TypeError(command.why);
        return [{ type: 'counter.added', data: { n: 0, text: command.why } }];
      case 'Wait': {
        const { step, at, gate } = command;
        return [{ type: 'counter.waits', data: { step, at, ...(gate === undefined ? {} : { gate }) } }];
      }
      case 'Start':
        return [
          { type: 'counter.started', data: { attempt: state.attempt + 1, doubtfulAt: command.doubtfulAt } },
        ];
      case 'Finish':
        return state.due === null ? [] : [{ type: 'counter.done', data: {} }];
    }
  },
  evolve(state, event) {
    state.events += 1;
    switch (event.type) {
      case 'counter.added':
        state.sum += event.data.n;
        return state;
      case 'counter.waits':
        state.due = event.data;
        return state;
      case 'counter.started':
        state.attempt = event.data.attempt;
        if (state.due) state.due = { ...state.due, at: event.data.doubtfulAt };
        return state;
      case 'counter.done':
        state.due = null;
        return state;
    }
  },
};

/** Due when the counter waits for a step of this name. */
export const dueAs =
  (step: string) =>
  ({ due }: Counter) =>
    due?.step === step ? due : null;

export const counterRegistry = (): EventRegistry =>
  new EventRegistry(
    firstVersions<CounterEvent>({
      'counter.added': true,
      'counter.waits': true,
      'counter.started': true,
      'counter.done': true,
    }),
  );

const ring: Steps<Counter, unknown, CounterCommand> = {
  ring: { due: dueAs('ring'), perform: () => Promise.resolve([]) },
};

export const counterKind = <P>(
  steps: Steps<Counter, P, CounterCommand> = ring,
  snapshots?: { version: number },
) =>
  streamKind<CounterCommand, Counter, CounterEvent, P>({
    category: 'counter',
    decider: counterDecider,
    steps,
    weigh: () => 100,
    ...(snapshots
      ? {
          snapshot: {
            version: snapshots.version,
            entries: () => 1,
            save: (state: Counter) => [state],
            load: ([state]: readonly unknown[]) => state as Counter,
          },
        }
      : {}),
  });

export const contextOf = (commandId: string, more: Partial<CommandContext> = {}): CommandContext => ({
  commandId,
  principal: 'owner',
  correlationId: commandId,
  causationId: commandId,
  ...more,
});

let runners = 0;

/** A runner of counters, each with ids of its own as processes have them. */
export const counterRunner = ({
  events,
  ...options
}: { readonly events: EventStore } & Pick<CommandRunnerOptions, 'reads' | 'clock'> &
  Partial<Omit<CommandRunnerOptions, 'events'>>): CommandRunner =>
  new CommandRunner({
    events: new EventLog(events, counterRegistry()),
    kinds: [counterKind()],
    ids: seededIds(1, (runners += 1)),
    ...options,
  });
