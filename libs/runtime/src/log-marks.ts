import type { Position } from '@seatbook/kernel';

/** An event that a log must hold. A log that does not is another one, or was restored from an older backup. */
export interface LogMark {
  /** Which log it is: made once, when the log begins. */
  readonly log: string;
  readonly position: Position;
  readonly eventId: string;
}

/**
 * What was delivered furthest on, kept beside the checkpoints and never in the log itself. A mark is noted before the
 * event is delivered, so no checkpoint is ever beyond it. All processes of a deployment share one.
 */
export interface LogMarks {
  /** Null: nothing was noted yet. */
  load(): Promise<LogMark | null>;
  /** Durable when it resolves. One that is further on stays. */
  save(mark: LogMark): Promise<void>;
}
