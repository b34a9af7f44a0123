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

/** Folded states of the streams used last, bounded by their weight (entries of state plus one each). */
export class FoldedCache {
  readonly #entries = new Map<string, { folded: Folded; weight: number }>();
  #weight = 0;

  constructor(private readonly maxWeight: number) {}

  get(stream: string): Folded | undefined {
    const entry = this.#entries.get(stream);
    if (!entry) return undefined;
    this.#entries.delete(stream);
    this.#entries.set(stream, entry);
    return entry.folded;
  }

  put(stream: string, folded: Folded, weight: number): void {
    this.drop(stream);
    this.#entries.set(stream, { folded, weight });
    this.#weight += weight;
    for (const [oldest, entry] of this.#entries) {
      if (this.#weight <= this.maxWeight || oldest === stream) break;
      this.#entries.delete(oldest);
      this.#weight -= entry.weight;
    }
  }

  drop(stream: string): void {
    const entry = this.#entries.get(stream);
    if (!entry) return;
    this.#entries.delete(stream);
    this.#weight -= entry.weight;
  }
}
