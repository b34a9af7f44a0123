import {
  START,
  STEPS_REVISED,
  type Cause,
  type DomainEvent,
  type Due,
  type Instant,
  type Position,
} from '@seatbook/kernel';
import { RememberedCommands } from './remembered-commands.js';
import type { StreamKind } from './stream-kind.js';

/** A stream as folded up to a revision, with what makes commands idempotent and what follows from it traceable. */
export interface StreamState {
  state: unknown;
  /** Of the last event; -1 for a stream that does not exist yet. */
  revision: number;
  /** Of the last event that is durable. */
  position: Position;
  /** The last event, for what follows from it; null for a stream that does not exist yet. */
  last: Cause | null;
  /** The last event that came into the stream from elsewhere: it follows from nothing that the stream did itself. */
  entry: Cause | null;
  readonly commands: RememberedCommands;
  /** What its events say that it waits for; null for nothing. */
  stamp: Due | null;
  /** When that was said. */
  stampedAt: Instant;
  /** Up to where a snapshot holds it; -1 for none. */
  snapshotRevision: number;
  /** Somebody was given `state` and may keep it: it is copied before it is changed. */
  lent: boolean;
}

/** A stream that does not exist yet; `remembered`: commands that it remembers beside its first. */
export const newStream = ({ decider }: StreamKind, remembered: number): StreamState => ({
  state: decider.initial() as unknown,
  revision: -1,
  position: START,
  last: null,
  entry: null,
  commands: new RememberedCommands(remembered),
  stamp: null,
  stampedAt: 0,
  snapshotRevision: -1,
  lent: false,
});

/** Moves the state on by an event. What the runtime wrote itself is no decider's business. */
export function evolve({ decider }: StreamKind, stream: StreamState, event: DomainEvent): void {
  if (event.type !== STEPS_REVISED) stream.state = decider.evolve(stream.state, event) as unknown;
}

/** Notes an event as the last of its stream. */
export function noteLast(
  state: StreamState,
  event: Cause,
  cause: { readonly stream: string } | undefined,
): void {
  state.revision = event.revision;
  state.last = event;
  if (cause?.stream !== event.stream) state.entry = event;
}

/** What a stream takes in memory beside its state and its commands, in bytes. */
const STREAM_BYTES = 1_000;
/** What a remembered command takes, in bytes. */
const COMMAND_BYTES = 200;

/** Memory that a cached stream takes, in bytes, roughly. */
export const weightOf = (kind: StreamKind, { state, commands }: StreamState): number =>
  STREAM_BYTES + COMMAND_BYTES * commands.size + kind.weigh(state);

interface Generation {
  readonly entries: Map<string, { readonly stream: StreamState; readonly weight: number }>;
  weight: number;
}

const generation = (): Generation => ({ entries: new Map(), weight: 0 });

/**
 * States of the streams used last, bounded by their weight. Two generations instead of an order of use: what is used
 * moves to the young one, and the old one is dropped whole when the young one is full. Moving an entry at every use
 * costs a third of the command path.
 */
export class StreamCache {
  #young = generation();
  #old = generation();

  constructor(private readonly maxWeight: number) {}

  /** Of all that is kept: never more than the maximum and the one stream that was used last. */
  get weight(): number {
    return this.#young.weight + this.#old.weight;
  }

  get(name: string): StreamState | undefined {
    const young = this.#young.entries.get(name);
    if (young) return young.stream;
    const old = this.#old.entries.get(name);
    if (!old) return undefined;
    this.put(name, old.stream, old.weight);
    return old.stream;
  }

  put(name: string, stream: StreamState, weight: number): void {
    this.drop(name);
    this.#young.entries.set(name, { stream, weight });
    this.#young.weight += weight;
    if (this.#young.weight <= this.maxWeight / 2) return;
    this.#old = this.#young;
    this.#young = generation();
  }

  drop(name: string): void {
    this.#remove(this.#young, name);
    this.#remove(this.#old, name);
  }

  #remove(from: Generation, name: string): void {
    const entry = from.entries.get(name);
    if (!entry) return;
    from.entries.delete(name);
    from.weight -= entry.weight;
  }
}
