import type { Clock, Milliseconds } from '@seatbook/kernel';

/** Resolves after so long by the clock, or as soon as the signal aborts. */
export function pause(clock: Clock, delay: Milliseconds, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delay, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
