import type { Clock, Milliseconds } from '@seatbook/kernel';

/** A period in which nothing may be sent. Setting the clock neither shortens it nor makes it longer. */
export class Closure {
  #until: Milliseconds = -Infinity;

  constructor(private readonly clock: Clock) {}

  /** Closes for `wait` from now on; never shortens a closure. */
  close(wait: Milliseconds): void {
    this.#until = Math.max(this.#until, this.clock.elapsed() + wait);
  }

  /** What is left of it; 0 when open. */
  waitMs(): Milliseconds {
    return Math.max(0, this.#until - this.clock.elapsed());
  }
}
