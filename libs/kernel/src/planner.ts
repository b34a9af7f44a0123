import type { CommandMessage } from './decider.js';
import type { Instant } from './instant.js';
import type { Document, ReadModel } from './read-model.js';

/**
 * Level-triggered: what should be started, given all that is open. It decides from every row of its partition and
 * not from one event, so whatever was missed or lost is planned the next time.
 */
export interface Planner<R extends Document, X> {
  readonly name: string;
  readonly reads: ReadModel<R>;
  /** The index of `reads` whose first field is the partition. */
  readonly index: string;
  plan(rows: readonly R[], context: X): { commands: readonly CommandMessage[]; wakeAt: Instant | null };
}
