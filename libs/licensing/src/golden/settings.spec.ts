import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  categoryOf,
  nextOf,
  type Command,
  type Decider,
  type DomainEvent,
  type Envelope,
} from '@seatbook/kernel';
import { licensingStreams } from '../licensing.js';
import { DEFAULT_TIMINGS, type Timings } from '../timings.js';

/**
 * A moment that something waits for is decided once and stands in the event. So a log means the same after an
 * operator changed a waiting time, in every process, whenever it is folded.
 */
const OTHER_TIMINGS = Object.fromEntries(
  Object.entries(DEFAULT_TIMINGS).map(([name, value]) => [name, 3 * value + 1]),
) as Timings;

const history = readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'history.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Envelope);

/** A fold of every stream of a kind: after each event, the state and what the stream waits for. */
function foldOf(category: string, timings: Timings): (event: Envelope) => unknown {
  const kind = Object.values(licensingStreams(timings)).find((one) => one.category === category);
  const decider = kind?.decider as Decider<Command, object, DomainEvent>;
  const states = new Map<string, object>();
  return (event) => {
    const state = decider.evolve(states.get(event.stream) ?? decider.initial(), event);
    states.set(event.stream, state);
    return [state, nextOf(kind?.steps ?? {}, state)];
  };
}

describe('a history under other waiting times', () => {
  it.each(Object.values(licensingStreams(DEFAULT_TIMINGS)).map(({ category }) => category))(
    'leaves every %s as it was, waiting for the same',
    (category) => {
      const events = history.filter(({ stream }) => categoryOf(stream) === category);
      const [fold, other] = [foldOf(category, DEFAULT_TIMINGS), foldOf(category, OTHER_TIMINGS)];
      expect(events).not.toEqual([]);
      expect(events.filter((event) => !isDeepStrictEqual(fold(event), other(event)))).toEqual([]);
    },
  );
});
