import type { Clock, Instant, Milliseconds } from '@seatbook/kernel';

/** A clock that stands still until it is told to go on. */
export class VirtualClock implements Clock {
  #now: Instant;
  #setBy: Milliseconds = 0;
  #timers: { at: Instant; task: () => void }[] = [];

  constructor(start: Instant = Date.UTC(2026, 10, 1)) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now + this.#setBy;
  }

  elapsed(): Milliseconds {
    return this.#now;
  }

  after(delay: Milliseconds, task: () => void): () => void {
    const timer = { at: this.#now + delay, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Somebody sets the clock: timers and the time that has passed do not notice. */
  set(by: Milliseconds): void {
    this.#setBy += by;
  }

  /** Time passes without running what falls due. */
  jump(delta: Milliseconds): void {
    this.#now += delta;
  }

  /** Lets time pass; whatever falls due runs at its own moment, with all promises settled in between. */
  async pass(duration: Milliseconds): Promise<void> {
    const end = this.#now + duration;
    for (;;) {
      await settled();
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
    }
    this.#now = end;
    await settled();
  }

  /** Lets time pass until the promise has settled. */
  async until<T>(promise: Promise<T>, limit: Milliseconds = 86_400_000): Promise<T> {
    let done = false;
    const finish = (): void => void (done = true);
    promise.then(finish, finish);
    const end = this.#now + limit;
    for (;;) {
      await settled();
      if (done) return promise;
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (!next || next.at > end) throw new Error('it has not settled and nothing more will happen');
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
    }
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
