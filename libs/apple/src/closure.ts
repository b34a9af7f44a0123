import type { Clock, Milliseconds } from '@seatbook/kernel';

/** A period in which nothing may be sent. */
export class Closure {
  #since = 0;
  #until = 0;

  constructor(private readonly clock: Clock) {}

  /** Closes for `wait` from now on; never shortens a closure. */
  close(wait: Milliseconds): void {
    const now = this.clock.now();
    this.#until = Math.max(now + wait, now + this.waitMs());
    this.#since = now;
  }

  /** What is left of it; 0 when open. */
  waitMs(): Milliseconds {
    const now = this.clock.now();
    // The clock was set back: wait what was left at that time, without the difference.
    if (now < this.#since) {
      this.#until -= this.#since - now;
      this.#since = now;
    }
    return Math.max(0, this.#until - now);
  }
}
