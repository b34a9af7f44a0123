import type { Clock, Instant, Milliseconds } from '@seatbook/kernel';

interface Timer {
  readonly at: Instant;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that moves only on demand. Timers fire in order of time, then of creation. */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #order = 0;
  #offset: Milliseconds = 0;

  constructor(private time: Instant = Date.UTC(2026, 8, 1, 8)) {}

  now(): Instant {
    return this.time + this.#offset;
  }

  elapsed(): Milliseconds {
    return this.time;
  }

  /** How many timers were ever set. */
  get timersSet(): number {
    return this.#order;
  }

  /** Somebody sets the clock forward, or back: timers and the time that has passed do not notice. */
  set(by: Milliseconds): void {
    this.#offset += by;
  }

  after(delay: Milliseconds, run: () => void): () => void {
    const timer: Timer = { at: this.time + Math.max(0, Math.ceil(delay)), order: (this.#order += 1), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moment of the next timer that is due by `until`; null if there is none. */
  next(until: Instant): Instant | null {
    let at: Instant | null = null;
    for (const timer of this.#timers)
      if (timer.at + this.#offset <= until && (at === null || timer.at < at)) at = timer.at;
    return at === null ? null : at + this.#offset;
  }

  /** Goes to a moment and fires what is due by then. */
  moveTo(at: Instant): void {
    this.time = Math.max(this.time, at - this.#offset);
    const due = [...this.#timers].filter((timer) => timer.at <= this.time);
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const timer of due) {
      // A timer that fired earlier may have cancelled this one.
      if (this.#timers.delete(timer)) timer.run();
    }
  }
}
