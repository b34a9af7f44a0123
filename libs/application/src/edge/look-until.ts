import type { Clock, Milliseconds } from '@seatbook/kernel';

const LOOK_EVERY_MS: Milliseconds = 50;

/** Looks 20 times a second until there is something to see. Null when `withinMs` passed first. */
export async function lookUntil<T>(
  clock: Clock,
  withinMs: Milliseconds,
  look: () => Promise<T | null>,
): Promise<T | null> {
  const end = clock.elapsed() + withinMs;
  for (;;) {
    const seen = await look();
    const leftMs = end - clock.elapsed();
    if (seen !== null || leftMs <= 0) return seen;
    await new Promise<void>((resolve) => clock.after(Math.min(LOOK_EVERY_MS, leftMs), resolve));
  }
}
