/** A moment: milliseconds since 1970-01-01T00:00:00Z. Shown as ISO 8601 at the HTTP edge, a number everywhere else. */
export type Instant = number;

/** A length of time in milliseconds. */
export type Milliseconds = number;

/** Where time comes from. Pure code never sees it: moments come in with the command. */
export interface Clock {
  now(): Instant;
  /** Time that has passed since a moment of its own choice. Setting the clock does not move it. */
  elapsed(): Milliseconds;
  /** Runs `task` once after `delay`; the returned function cancels it. */
  after(delay: Milliseconds, task: () => void): () => void;
}

/** The clock of the machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delay, task) {
    const timer = setTimeout(task, delay);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** ISO 8601 text of a moment, or null. */
export const isoTime = (at: Instant | null | undefined): string | null =>
  at === null || at === undefined ? null : new Date(at).toISOString();
