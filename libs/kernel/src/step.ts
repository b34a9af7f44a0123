import type { Command } from './decider.js';
import type { Due } from './due.js';
import type { Instant } from './instant.js';

/**
 * Due work of one stream. A decider with steps is a saga. A step without a `begin` only reads, or writes what may be
 * written twice.
 */
export interface Step<S, P, C extends Command = Command> {
  /** When the stream waits for this step, and behind which gate; null where it does not. Pure. */
  due(state: S): Pick<Due, 'at' | 'gate'> | null;
  /**
   * The command whose event is appended, at the revision just read, before anything leaves the process: who loses that
   * append does not perform. Null: not now (the state of another stream says no); the runner looks again later.
   */
  begin?(state: S, ports: P, stream: string): Promise<C | null>;
  /** Commands for its own stream. */
  perform(state: S, ports: P, stream: string): Promise<readonly C[]>;
}

/** All steps of a kind of stream, by name. Of those due at the same moment the first goes first. */
export type Steps<S, P, C extends Command = Command> = Readonly<Record<string, Step<S, P, C>>>;

/**
 * The earliest thing that a stream waits for, over all its steps; null where it waits for nothing. A stream waits in one
 * queue: were one step behind a gate and another one not, the gate would hide whatever is due after its own. `momentOf`
 * may say that a step is due at another moment than the stream has noted.
 * @throws Error where the steps of a state wait behind different gates
 */
export function nextOf<S>(
  steps: Readonly<Record<string, Pick<Step<S, never>, 'due'>>>,
  state: S,
  momentOf: (step: string, at: Instant) => Instant = (_step, at) => at,
): Due | null {
  let next: Due | null = null;
  for (const [name, step] of Object.entries(steps)) {
    const due = step.due(state);
    if (!due) continue;
    if (next !== null && next.gate !== due.gate)
      throw new Error(`${next.step} waits behind ${gateText(next)}, ${name} behind ${gateText(due)}`);
    const at = momentOf(name, due.at);
    if (next === null || at < next.at) next = { ...due, at, step: name };
  }
  return next;
}

const gateText = ({ gate }: Pick<Due, 'gate'>): string =>
  gate === undefined ? 'no gate' : `the gate ${gate}`;
