import {
  nextOf,
  type Command,
  type Decider,
  type DomainEvent,
  type Due,
  type Milliseconds,
  type SnapshotCodec,
  type Steps,
} from '@seatbook/kernel';

/** All that runs on the streams of one category. A stream is decided by exactly one decider. */
export interface StreamKind<P = unknown> {
  readonly category: string;
  // The runner keeps kinds of all types in one map; each decider sees only its own commands, states and events.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly decider: Decider<any, any, any>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly steps: Steps<any, P, any>;
  /** The longest that a stream may have to wait for a step, by its name; for ever where nothing is said. */
  readonly waits?: Readonly<Record<string, Milliseconds>>;
  /** Types of its events that tell of what happened elsewhere: they say when, as far as their command does. */
  readonly elsewhere?: ReadonlySet<string>;
  /**
   * Memory that a state takes, in bytes, roughly: the cache of states is bounded by it. Called after each command, so
   * it looks at the sizes of collections and does not walk through them.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly weigh: (state: any) => number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly snapshot?: SnapshotCodec<any>;
}

/** Checks the types of a kind once, where it is declared. */
export function streamKind<C extends Command, S, E extends DomainEvent, P>(kind: {
  category: string;
  decider: Decider<C, S, E>;
  weigh: (state: S) => number;
  steps?: Steps<S, P, C>;
  waits?: Readonly<Record<string, Milliseconds>>;
  snapshot?: SnapshotCodec<S>;
}): StreamKind<P> {
  return { ...kind, steps: kind.steps ?? {} };
}

/** What a stream waits for next; undefined for a kind that has no steps. */
export const stampOf = ({ steps }: StreamKind, state: unknown): Due | null | undefined =>
  Object.keys(steps).length === 0 ? undefined : nextOf(steps, state);
