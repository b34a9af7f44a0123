/** The only source of time of a simulator: the real clock in the server, a virtual one in tests. */
export interface SimulatorClock {
  /** Now, in milliseconds since the epoch. */
  now(): number;
  /** Runs `run` once after `delayMs` milliseconds; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** The timers one simulator has pending, so that stopping it cancels them all. */
export class Timers {
  private readonly cancels = new Set<() => void>();
  private stopped = false;

  constructor(private readonly clock: SimulatorClock) {}

  /** Runs `run` after `delayMs` milliseconds unless the simulator is stopped before. */
  after(delayMs: number, run: () => void): void {
    if (this.stopped) return;
    const cancel = this.clock.after(Math.max(0, delayMs), () => {
      this.cancels.delete(cancel);
      run();
    });
    this.cancels.add(cancel);
  }

  /** Resolves after `delayMs` milliseconds; at once, without the clock, for 0 or less. */
  async pause(delayMs: number): Promise<void> {
    if (delayMs > 0) await new Promise<void>((resolve) => this.after(delayMs, resolve));
  }

  /** Cancels everything pending; nothing can be scheduled afterwards. */
  stop(): void {
    this.stopped = true;
    for (const cancel of this.cancels) cancel();
    this.cancels.clear();
  }
}
