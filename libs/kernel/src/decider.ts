import type { DomainEvent } from './event.js';
import type { Instant } from './instant.js';

/** What is asked of one stream: plain data. */
export interface Command<T extends string = string> {
  readonly type: T;
}

/**
 * The one place where the rules of a stream stand.
 * `decide` answers with events, with none (already so), or throws a `Refusal`; it must not change the state.
 * `evolve` owns the state that it is given and may change it in place: copying a map of 200,000 holders
 * per event is not affordable. Neither reads a clock, makes an id or does I/O: `at` is the moment of the decision.
 */
export interface Decider<C extends Command, S, E extends DomainEvent> {
  initial(): S;
  decide(command: C, state: S, at: Instant): readonly E[];
  evolve(state: S, event: E): S;
}

/** How the state of a long stream is kept as a rebuildable cache. */
export interface SnapshotCodec<S> {
  /** Another version is ignored and the stream is folded from its first event. */
  readonly version: number;
  /** Number of entries in the state; a snapshot pays only when the tail is longer. */
  entries(state: S): number;
  /** Plain JSON in chunks that each stay below 1 MB as text. */
  save(state: S): readonly unknown[];
  load(chunks: readonly unknown[]): S;
}
