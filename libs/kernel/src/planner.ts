import type { Cause } from './cause.js';
import type { CommandMessage } from './command-message.js';
import type { Instant } from './instant.js';
import type { Document, ReadModel } from './read-model.js';

/**
 * A command that a planner decided from many rows. It has a correlation of its own, since it follows from no single
 * event; `cause` names the newest event that it rests on, so that a chain of causes has no hole there.
 */
export interface PlannedCommand extends CommandMessage {
  readonly cause?: Cause;
}

/**
 * Level-triggered: what should be started, given all that is open. It decides from every row of its partition and
 * not from one event, so whatever was missed or lost is planned the next time.
 */
export interface Planner<R extends Document, X> {
  readonly name: string;
  readonly reads: ReadModel<R>;
  /** The index of `reads` whose first field is the partition. */
  readonly index: string;
  plan(rows: readonly R[], context: X): { commands: readonly PlannedCommand[]; wakeAt: Instant | null };
}
