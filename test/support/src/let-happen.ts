import type { VirtualClock } from './virtual-clock.js';

/** Lets everything happen that needs no time. */
export async function calm(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Lets things happen, and time pass as timers want it, until a condition holds. */
export async function until(
  clock: VirtualClock,
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 3_600_000,
): Promise<void> {
  const end = clock.now() + withinMs;
  for (;;) {
    await calm();
    if (await holds()) return;
    const next = clock.next(end);
    if (next === null) throw new Error(`not within ${withinMs} ms: ${what}`);
    clock.moveTo(next);
  }
}

/** Lets that much time pass, timer by timer. */
export async function pass(clock: VirtualClock, ms: number): Promise<void> {
  const end = clock.now() + ms;
  for (;;) {
    await calm();
    const next = clock.next(end);
    if (next === null) break;
    clock.moveTo(next);
  }
  clock.moveTo(end);
  await calm();
}
