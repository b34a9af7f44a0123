import {
  nextOf,
  type AheadMoments,
  type Command,
  type Decider,
  type DomainEvent,
  type Due,
  type Instant,
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

/** Clocks of several machines differ; what is due no further ahead than this comes soon enough. */
export const CLOCK_SKEW_MS: Milliseconds = 60_000;

/** The longest that a stream of this kind ever waits for a step. */
export const longestWait = ({ waits }: StreamKind, step: string): Milliseconds => waits?.[step] ?? Infinity;

/** Whether a moment is further ahead than its step ever waits. Only a clock that was ahead can have noted it. */
export const isTooFarAhead = (kind: StreamKind, { step, at }: Due, now: Instant): boolean =>
  at > now + Math.max(longestWait(kind, step), CLOCK_SKEW_MS);

/** When a stream was last said to wait for something, and what is known of the clock by which that was. */
export interface Stamped {
  readonly stamp: Due | null;
  readonly stampedAt: Instant;
}

const NEVER: Stamped = { stamp: null, stampedAt: 0 };

/**
 * What a stream waits for next; undefined for a kind that has no steps. What was noted by a clock that was ahead when the
 * stream was last stamped is due now, since nobody knows how long ago that was; so is what is too far ahead: else they
 * would stay hidden behind steps that are due before them.
 */
export function stampOf(
  kind: StreamKind,
  state: unknown,
  now: Instant,
  { stamp, stampedAt }: Stamped = NEVER,
): Due | null | undefined {
  if (Object.keys(kind.steps).length === 0) return undefined;
  const wasSetBack = stampedAt > now + CLOCK_SKEW_MS;
  const ahead: Record<string, AheadMoments[string]> = {};
  const next = nextOf(kind.steps, state, (step, noted) => {
    const before = stamp?.ahead?.[step];
    if (before?.noted === noted) ahead[step] = before;
    else if (wasSetBack && noted >= stampedAt && isInterval(kind, step)) ahead[step] = { noted, at: now };
    const at = ahead[step]?.at ?? noted;
    return isTooFarAhead(kind, { step, at }, now) ? now : at;
  });
  return next && Object.keys(ahead).length > 0 ? { ...next, ahead } : next;
}

/** A step that waits for a date, however far that is, waits for no time to pass. */
const isInterval = (kind: StreamKind, step: string): boolean => longestWait(kind, step) < Infinity;
