import { systemClock, type Milliseconds } from '@seatbook/kernel';
import type { Log } from '@seatbook/host';

const ONCE_IN_MS: Milliseconds = 60_000;
/** Kinds that are remembered; they are few, and none is made of what a client sends. */
const MAX_KINDS = 1_000;

interface Kind {
  readonly since: Milliseconds;
  unlogged: number;
}

/**
 * Writes a line for the first of its kind and then one a minute at most, with the number of those that had none:
 * whoever floods the doors does not flood the log.
 */
export class SparingLog {
  readonly #kinds = new Map<string, Kind>();

  constructor(
    private readonly log: Log,
    private readonly elapsed: () => Milliseconds = () => systemClock.elapsed(),
  ) {}

  write(level: 'warn' | 'error', kind: string, facts: object, message: string): void {
    const now = this.elapsed();
    const known = this.#kinds.get(kind);
    if (known && now - known.since < ONCE_IN_MS) {
      known.unlogged += 1;
      return;
    }
    if (!known && this.#kinds.size >= MAX_KINDS) this.#kinds.clear();
    this.#kinds.set(kind, { since: now, unlogged: 0 });
    const more = known?.unlogged ?? 0;
    this.log[level]({ ...facts, ...(more > 0 ? { more } : {}) }, message);
  }
}
