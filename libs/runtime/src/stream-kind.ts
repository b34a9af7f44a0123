import type { Command, Decider, DomainEvent, SnapshotCodec, Step } from '@seatbook/kernel';

/** All that runs on the streams of one category. A stream is decided by exactly one decider. */
export interface StreamKind<P = unknown> {
  readonly category: string;
  // The runner keeps kinds of all types in one map; each decider sees only its own commands, states and events.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly decider: Decider<any, any, any>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly steps: readonly Step<any, P, any>[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly snapshot?: SnapshotCodec<any>;
}

/** Checks the types of a kind once, where it is declared. */
export function streamKind<C extends Command, S, E extends DomainEvent, P>(kind: {
  category: string;
  decider: Decider<C, S, E>;
  steps?: readonly Step<S, P, C>[];
  snapshot?: SnapshotCodec<S>;
}): StreamKind<P> {
  return { ...kind, steps: kind.steps ?? [] };
}
