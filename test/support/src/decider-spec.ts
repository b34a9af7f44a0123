import { isDeepStrictEqual } from 'node:util';
import {
  isRefusal,
  nextOf,
  type Command,
  type Decider,
  type DomainEvent,
  type Due,
  type Instant,
  type Steps,
} from '@seatbook/kernel';

/** The moment at which specs decide where they name none: 2026-09-01T08:00:00Z. */
export const NOW: Instant = Date.UTC(2026, 8, 1, 8);

/** Events are facts: changing one fails here. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}

export interface Decided<E extends DomainEvent> {
  /** These events, in this order, and no others. */
  then(...events: readonly E[]): void;
  /** Types of the events, in order. */
  thenTypes(...types: readonly E['type'][]): void;
  /** All was so already. */
  thenNothing(): void;
  thenRefused(code: string): void;
  /** A broken invariant. */
  thenThrows(message: RegExp): void;
  /** The same decision once more changes nothing. */
  thenOnce(): void;
  /** What the stream waits for afterwards. */
  thenDue(due: Due | null): void;
  /** The events, for a closer look. */
  readonly events: readonly E[];
}

export interface Given<C extends Command, S, E extends DomainEvent> {
  when(command: C, at?: Instant): Decided<E>;
  /** What the stream waits for. */
  due(): Due | null;
  readonly state: S;
}

/** `given(events).when(command, at).then(events)`, with a look at what a decider must never do. */
export function deciderSpec<C extends Command, S, E extends DomainEvent>(
  decider: Decider<C, S, E>,
  steps: Steps<S, never, C> = {},
) {
  const fold = (events: readonly E[], from = decider.initial()): S =>
    events.reduce((state, event) => decider.evolve(state, frozen(event)), from);
  return (...events: readonly E[]): Given<C, S, E> => ({
    state: fold(events),
    due: () => nextOf(steps, fold(events)),
    when(command, at = NOW) {
      const state = fold(events);
      const before = fold(events);
      let made: readonly E[] = [];
      let error: unknown = null;
      try {
        made = decider.decide(frozen(command), state, at);
      } catch (thrown) {
        error = thrown;
      }
      if (!isDeepStrictEqual(state, before)) throw new Error(`deciding ${command.type} changed the state`);
      const decided = (): readonly E[] => {
        if (error !== null) throw error as Error;
        expect(made).toEqual(JSON.parse(JSON.stringify(made)));
        return made;
      };
      const after = (): S => fold(decided(), fold(events));
      return {
        then: (...expected) => expect(decided()).toEqual(expected),
        thenTypes: (...types) => expect(decided().map(({ type }) => type)).toEqual(types),
        thenNothing: () => expect(decided()).toEqual([]),
        thenRefused(code) {
          if (!isRefusal(error))
            throw new Error(
              `${command.type} was not refused: ${error instanceof Error ? error.message : JSON.stringify(made)}`,
            );
          expect(error.code).toBe(code);
        },
        thenThrows(message) {
          expect(isRefusal(error)).toBe(false);
          expect(error).toBeInstanceOf(Error);
          expect((error as Error).message).toMatch(message);
        },
        thenOnce() {
          expect(decided()).not.toEqual([]);
          expect(decider.decide(command, after(), at)).toEqual([]);
        },
        thenDue: (due) => expect(nextOf(steps, after())).toEqual(due),
        get events() {
          return decided();
        },
      };
    },
  });
}
