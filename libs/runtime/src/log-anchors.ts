import type { Position } from '@seatbook/kernel';

/** An event that a log must hold. A log that does not is another one, or was restored from an older backup. */
export interface LogAnchor {
  /** Which log it is: made once, when the log begins. */
  readonly log: string;
  readonly position: Position;
  readonly eventId: string;
}

/**
 * What was delivered furthest on, kept beside the checkpoints and never in the log itself. An anchor is noted before the
 * event is delivered, so no checkpoint is ever beyond it. All processes of a deployment share one.
 */
export interface LogAnchors {
  /** Null: nothing was noted yet. */
  load(): Promise<LogAnchor | null>;
  /** Durable when it resolves. One that is further on stays. */
  save(anchor: LogAnchor): Promise<void>;
}
