import type { Clock, Milliseconds } from '@seatbook/kernel';

/**
 * Counts starts within the last moments. Apple's rule: `maxRequestPerSecond` is the total of a location or token.
 * A token bucket would allow twice as many within one unlucky second.
 */
export class SlidingWindow {
  /** By elapsed time: setting the clock lets no more start. */
  #starts: Milliseconds[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly windowMs: Milliseconds,
  ) {}

  /** The wait until one more may start within `limit` per window. */
  waitMs(limit: number): Milliseconds {
    const now = this.#trim();
    const blocking = this.#starts[this.#starts.length - Math.max(1, limit)];
    return blocking === undefined ? 0 : blocking + this.windowMs - now;
  }

  /** One starts now. */
  take(): void {
    const now = this.#trim();
    this.#starts.push(now);
  }

  get count(): number {
    this.#trim();
    return this.#starts.length;
  }

  #trim(): number {
    const now = this.clock.elapsed();
    const kept = this.#starts.findIndex((at) => at > now - this.windowMs);
    if (kept !== 0) this.#starts = kept < 0 ? [] : this.#starts.slice(kept);
    return now;
  }
}
