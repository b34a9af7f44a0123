import type { Position } from '@seatbook/kernel';

/** Number of command ids that a stream remembers, for recognising a repeat. */
export const REMEMBERED_COMMANDS = 10_000;

/** A stream's state as folded up to a revision, with what makes commands idempotent. */
export interface Folded {
  state: unknown;
  /** Of the last event; -1 for a stream that does not exist yet. */
  revision: number;
  /** Of the last event. */
  position: Position;
  /** Ids of the last commands that changed the stream, each with its body's hash ('' where no client named it). */
  readonly commands: Map<string, string>;
}

/** Notes that a command changed the stream; the oldest is forgotten beyond the limit. */
export function remember(folded: Folded, commandId: string, bodyHash: string | undefined): void {
  folded.commands.set(commandId, bodyHash ?? '');
  if (folded.commands.size > REMEMBERED_COMMANDS) {
    folded.commands.delete(folded.commands.keys().next().value as string);
  }
}

interface Generation {
  readonly entries: Map<string, { readonly folded: Folded; readonly weight: number }>;
  weight: number;
}

const generation = (): Generation => ({ entries: new Map(), weight: 0 });

/**
 * Folded states of the streams used last, bounded by their weight (entries of state plus one each). Two generations
 * instead of an order of use: what is used moves to the young one, and the old one is dropped whole when the young one
 * is full. Moving an entry at every use costs a third of the command path.
 */
export class FoldedCache {
  #young = generation();
  #old = generation();

  constructor(private readonly maxWeight: number) {}

  get(stream: string): Folded | undefined {
    const young = this.#young.entries.get(stream);
    if (young) return young.folded;
    const old = this.#old.entries.get(stream);
    if (!old) return undefined;
    this.put(stream, old.folded, old.weight);
    return old.folded;
  }

  put(stream: string, folded: Folded, weight: number): void {
    this.drop(stream);
    this.#young.entries.set(stream, { folded, weight });
    this.#young.weight += weight;
    if (this.#young.weight <= this.maxWeight / 2) return;
    this.#old = this.#young;
    this.#young = generation();
  }

  drop(stream: string): void {
    this.#remove(this.#young, stream);
    this.#remove(this.#old, stream);
  }

  #remove(from: Generation, stream: string): void {
    const entry = from.entries.get(stream);
    if (!entry) return;
    from.entries.delete(stream);
    from.weight -= entry.weight;
  }
}
