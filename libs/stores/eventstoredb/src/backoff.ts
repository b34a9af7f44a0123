import type { Clock, Milliseconds, Random } from '@seatbook/kernel';
import { pause } from '@seatbook/runtime';

const FIRST_MS: Milliseconds = 100;
/** A server that comes back is found within this time. */
const LONGEST_MS: Milliseconds = 2_000;

/** Pauses between attempts: each twice as long as the one before, up to a cap, and never two processes in step. */
export class Backoff {
  #next = FIRST_MS;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Something was achieved: the next pause is short again. */
  reset(): void {
    this.#next = FIRST_MS;
  }

  /** Resolves after the pause, at once where the signal aborts. */
  pause(signal: AbortSignal): Promise<void> {
    const delay = this.#next * (0.5 + this.random() / 2);
    this.#next = Math.min(LONGEST_MS, this.#next * 2);
    return pause(this.clock, delay, signal);
  }
}
