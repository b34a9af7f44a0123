import type { Clock, Instant, Milliseconds } from '@seatbook/kernel';
import { longestPauseAfter } from './errors.js';
import type { RunnerHealth } from './runner-health.js';

export interface PollLoopOptions {
  readonly clock: Clock;
  /** The task runs at least this often, woken or not. */
  readonly pollMs: Milliseconds;
  /** Answers true when there may be more to do at once. */
  readonly task: () => Promise<boolean>;
  /** Learns of every run that failed, and of the next one that worked. */
  readonly health: RunnerHealth;
  /** Longest pause after failures in a row; the first pause is `pollMs`, each next one twice as long. */
  readonly maxPauseMs?: Milliseconds;
}

const MAX_PAUSE_MS = 30_000;

/**
 * Runs one task at a time: when it is woken, and every `pollMs` in any case, so a lost wake-up delays work and never
 * loses it. After a failure it pauses, whatever wakes it, and then tries again; it never gives up.
 */
export class PollLoop {
  readonly #options: PollLoopOptions;
  #running: Promise<void> | null = null;
  #woken = false;
  #stopped = true;
  #cancel: (() => void) | null = null;
  /** The earliest wake-up that was asked for. */
  #wakeAt: Instant = Infinity;
  #failures = 0;
  #pausing = false;

  constructor(options: PollLoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#pausing = false;
    this.#failures = 0;
    this.wake();
  }

  /** Resolves when the run under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#wakeAt = Infinity;
    await this.#running;
  }

  /** Nothing runs, and nothing will before time passes. */
  get idle(): boolean {
    return this.#running === null && (!this.#woken || this.#pausing);
  }

  wake(): void {
    this.#woken = true;
    if (this.#running === null && !this.#stopped && !this.#pausing) this.#running = this.#run();
  }

  /** Wakes once after a delay, or sooner where that was asked for before. */
  wakeIn(delay: Milliseconds): void {
    const { clock, pollMs } = this.#options;
    const at = clock.now() + Math.max(0, Math.min(delay, pollMs));
    if (this.#stopped || this.#pausing || this.#wakeAt <= at) return;
    this.#wakeAt = at;
    this.#arm(at);
  }

  #arm(at: Instant): void {
    const { clock } = this.#options;
    this.#cancel?.();
    this.#cancel = clock.after(at - clock.now(), () => {
      this.#wakeAt = Infinity;
      this.#pausing = false;
      this.wake();
    });
  }

  async #run(): Promise<void> {
    const { clock, pollMs, task, health } = this.#options;
    // Lets the caller finish first: a wake-up often comes in the middle of the work that caused it.
    await Promise.resolve();
    while (this.#woken && !this.#stopped && !this.#pausing) {
      this.#woken = false;
      this.#arm(Math.min(this.#wakeAt, clock.now() + pollMs));
      try {
        if (await task()) this.#woken = true;
        this.#failures = 0;
        health.worked();
      } catch (error) {
        health.failed(error);
        this.#pause(error);
      }
    }
    this.#running = null;
  }

  #pause(error: unknown): void {
    const { clock, pollMs, maxPauseMs = MAX_PAUSE_MS } = this.#options;
    const longest = longestPauseAfter(error, maxPauseMs);
    const pause = Math.min(pollMs * 2 ** this.#failures, Math.max(pollMs, longest));
    this.#failures += 1;
    this.#pausing = true;
    this.#wakeAt = Infinity;
    if (!this.#stopped) this.#arm(clock.now() + pause);
  }
}
