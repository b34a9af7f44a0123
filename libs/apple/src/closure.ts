import type { Clock, Milliseconds } from '@seatbook/kernel';

/** A time during which nothing may be sent. */
export class Closure {
  #since = 0;
  #until = 0;

  constructor(private readonly clock: Clock) {}

  /** Closes for `wait` from now on; never shortens. */
  close(wait: Milliseconds): void {
    const now = this.clock.now();
    this.#until = Math.max(now + wait, now + this.waitMs());
    this.#since = now;
  }

  /** What is left of it; 0 when open. */
  waitMs(): Milliseconds {
    const now = this.clock.now();
    // The clock was set back: what was left then is still to be waited, not the difference as well.
    if (now < this.#since) {
      this.#until -= this.#since - now;
      this.#since = now;
    }
    return Math.max(0, this.#until - now);
  }
}
