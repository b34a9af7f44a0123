const PAUSE_MS = 20;

/**
 * Asks until there is an answer. Only for what can be seen from outside alone and runs in real time: other processes,
 * threads, the product behind its HTTP API. All else waits for a position, under the virtual clock.
 *
 * @param ask answers null or false for "not yet"; a failure counts as "not yet" too
 * @throws after `withinMs`, with the last failure as its cause
 */
export async function eventually<T>(
  what: string,
  ask: () => T | null | false | Promise<T | null | false>,
  withinMs = 60_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await ask();
      if (answer !== null && answer !== false) return answer;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
