import type { Instant, Position } from '@seatbook/kernel';
import type { CheckpointMove, Page } from './read-store.js';

/** Work that failed past its budget: it waits, with the reason, until a person retries it. */
export interface ParkedWork {
  readonly id: string;
  /** `reaction`: a command of a reaction; `step`: due work of a stream; `stream` is what waits behind it. */
  readonly kind: 'reaction' | 'step';
  readonly stream: string;
  /** Name of the reaction or step. */
  readonly name: string;
  /** The command of a reaction as JSON text with its context; empty for a step, which is decided again. */
  readonly payload: string;
  /** Why it failed; null for work that was not tried, since it waits behind other parked work. */
  readonly reason: string | null;
  /** How often it was tried. */
  readonly attempts: number;
  /** The event that it follows from, and its number among all that follows from that event: its place in the order. */
  readonly source: Position;
  readonly index: number;
  readonly parkedAt: Instant;
}

/** Which parked work, and from where on. */
export interface ParkedQuery {
  readonly kind?: ParkedWork['kind'];
  readonly stream?: string;
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** Durable state of the runners that no rebuild of views touches. */
export interface Progress {
  /**
   * Makes this epoch the only one that moves the checkpoint, and tells where it is. Epochs begin at 1; the same again
   * changes nothing.
   * @throws CheckpointMoved when a later epoch has it
   */
  takeOver(name: string, epoch: number): Promise<Position>;
  /** `START` until it is saved. */
  checkpoint(name: string): Promise<Position>;
  /** @throws CheckpointMoved when it is not at `from`, or another epoch has it */
  saveCheckpoint(name: string, move: CheckpointMove): Promise<void>;
  /**
   * Parking the same id again changes nothing but reason and attempts, and those only where there is a new reason;
   * a wish for its retry is then answered and gone.
   */
  park(work: readonly ParkedWork[]): Promise<void>;
  /** In the order of source position, index and id. @throws InvalidCursor */
  parked(query: ParkedQuery): Promise<Page<ParkedWork>>;
  /** Which of these streams have parked work of a kind. */
  parkedStreams(kind: ParkedWork['kind'], streams: readonly string[]): Promise<ReadonlySet<string>>;
  /** Notes that somebody wants this work to be tried again, whichever process does it. False: nothing of that id is parked. */
  requestRetry(id: string): Promise<boolean>;
  /** Work that somebody wants to be tried again, in the order of `parked`. */
  retryRequests(limit: number): Promise<readonly ParkedWork[]>;
  /** Number of those that were still parked. */
  unpark(ids: readonly string[]): Promise<number>;
  countParked(): Promise<number>;
}
