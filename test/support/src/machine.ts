import type { Clock, Instant, Milliseconds } from '@seatbook/kernel';
import type { LogPage, Stores } from '@seatbook/runtime';
import type { VirtualClock } from './virtual-clock.js';

/**
 * A machine of its own: its wall clock is off, and it can be suspended. While it is, nothing on it runs and its monotonic
 * clock stands still, as Linux has it; only the time on the wall goes on.
 */
export class Machine implements Clock {
  #asleepSince: Milliseconds | null = null;
  #slept: Milliseconds = 0;
  #waiting: (() => void)[] = [];

  constructor(
    private readonly time: VirtualClock,
    private readonly off: Milliseconds,
  ) {}

  get asleep(): boolean {
    return this.#asleepSince !== null;
  }

  now(): Instant {
    return this.time.now() + this.off;
  }

  elapsed(): Milliseconds {
    return (this.#asleepSince ?? this.time.elapsed()) - this.#slept;
  }

  after(delay: Milliseconds, run: () => void): () => void {
    let cancelled = false;
    const runs = (): void => {
      if (!cancelled) run();
    };
    const cancel = this.time.after(delay, () => (this.asleep ? this.#waiting.push(runs) : runs()));
    return () => {
      cancelled = true;
      cancel();
    };
  }

  suspend(): void {
    this.#asleepSince ??= this.time.elapsed();
  }

  resume(): void {
    if (this.#asleepSince === null) return;
    this.#slept += this.time.elapsed() - this.#asleepSince;
    this.#asleepSince = null;
    for (const run of this.#waiting.splice(0)) run();
  }

  /** Stores as a process on this machine has them: calls begin, and answers come, only while it runs. */
  stores({ events, reads, progress, leases, secrets, directory }: Stores): Stores {
    return {
      events: this.#of(events),
      reads: this.#of(reads),
      progress: this.#of(progress),
      leases: this.#of(leases),
      secrets: this.#of(secrets),
      directory: this.#of(directory),
    };
  }

  /** Resolves as soon as it is not suspended. */
  awake(): Promise<void> {
    return this.asleep ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  #of<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]): unknown => {
          const call = (): unknown => Reflect.apply(member, target, parameters);
          if (name === 'subscribe') return this.#pages(call() as AsyncIterable<LogPage>);
          return name === 'onAppended' ? call() : this.#awakeFor(call);
        };
      },
    });
  }

  async #awakeFor(call: () => unknown): Promise<unknown> {
    await this.awake();
    try {
      return await call();
    } finally {
      await this.awake();
    }
  }

  async *#pages(pages: AsyncIterable<LogPage>): AsyncGenerator<LogPage> {
    for await (const page of pages) {
      await this.awake();
      yield page;
    }
  }
}
