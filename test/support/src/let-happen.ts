import type { VirtualClock } from './virtual-clock.js';

/** Calls of watched stores that have not been answered. */
let unanswered = 0;

/** The same object; {@link calm} waits for what its methods promise. */
export function watched<T extends object>(store: T): T {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...parameters: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, parameters);
        if (isFollowed(answer)) return followed(answer);
        if (!(answer instanceof Promise)) return answer;
        unanswered += 1;
        return answer.finally(() => (unanswered -= 1));
      };
    },
  });
}

interface Followed {
  readonly caughtUp: boolean;
}

const isFollowed = (answer: unknown): answer is AsyncIterable<Followed> =>
  typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;

/** A subscription: until it has caught up, its next page comes without time having to pass. */
async function* followed<P extends Followed>(pages: AsyncIterable<P>): AsyncGenerator<P> {
  let counted = 1;
  unanswered += counted;
  try {
    for await (const page of pages) {
      unanswered -= counted;
      counted = 0;
      yield page;
      counted = page.caughtUp ? 0 : 1;
      unanswered += counted;
    }
  } finally {
    unanswered -= counted;
  }
}

/**
 * Lets everything happen that needs no time: returns after that many turns of the event loop in a row in which no store
 * was at work. Between two calls of a store a runner needs at most one turn, to let others have theirs.
 */
export async function calm(turns = 3, isQuiet = (): boolean => unanswered === 0): Promise<void> {
  for (let quiet = 0; quiet < turns;) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    quiet = isQuiet() ? quiet + 1 : 0;
  }
}

/** Lets things happen, and time pass as timers want it, until a condition holds. */
export async function until(
  clock: VirtualClock,
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 3_600_000,
  isQuiet?: () => boolean,
): Promise<void> {
  const end = clock.now() + withinMs;
  for (;;) {
    await calm(undefined, isQuiet);
    if (await holds()) return;
    const next = clock.next(end);
    if (next === null) throw new Error(`not within ${withinMs} ms: ${what}`);
    clock.moveTo(next);
  }
}

/** Lets that much time pass, timer by timer. */
export async function pass(clock: VirtualClock, ms: number, isQuiet?: () => boolean): Promise<void> {
  const end = clock.now() + ms;
  for (;;) {
    await calm(undefined, isQuiet);
    const next = clock.next(end);
    if (next === null) break;
    clock.moveTo(next);
  }
  clock.moveTo(end);
  await calm(undefined, isQuiet);
}
