import type { Clock, Instant, Milliseconds } from '@seatbook/kernel';

/**
 * Runs one task at a time whenever it is rung, and by itself every `pollMs`: a ring may be lost, the work is not.
 * The task answers true when there may be more to do at once.
 */
export class Bell {
  #running: Promise<void> | null = null;
  #rung = false;
  #stopped = true;
  #cancel: (() => void) | null = null;
  /** When it was asked to ring. */
  #asked: Instant = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly pollMs: Milliseconds,
    private readonly task: () => Promise<boolean>,
    private readonly failed: (error: unknown) => void = () => undefined,
  ) {}

  start(): void {
    this.#stopped = false;
    this.ring();
  }

  /** Ends after the task under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#asked = Infinity;
    await this.#running;
  }

  get idle(): boolean {
    return this.#running === null && !this.#rung;
  }

  ring(): void {
    this.#rung = true;
    if (this.#running === null && !this.#stopped) this.#running = this.#run();
  }

  /** Rings once after a delay, or sooner where that was asked before. */
  ringIn(delay: Milliseconds): void {
    const at = this.clock.now() + Math.max(0, Math.min(delay, this.pollMs));
    if (this.#stopped || this.#asked <= at) return;
    this.#asked = at;
    this.#arm(at);
  }

  #arm(at: Instant): void {
    this.#cancel?.();
    this.#cancel = this.clock.after(at - this.clock.now(), () => {
      this.#asked = Infinity;
      this.ring();
    });
  }

  async #run(): Promise<void> {
    // Lets the caller finish first: a ring is often given in the middle of the work that caused it.
    await Promise.resolve();
    while (this.#rung && !this.#stopped) {
      this.#rung = false;
      this.#arm(Math.min(this.#asked, this.clock.now() + this.pollMs));
      try {
        if (await this.task()) this.#rung = true;
      } catch (error) {
        this.failed(error);
      }
    }
    this.#running = null;
  }
}
