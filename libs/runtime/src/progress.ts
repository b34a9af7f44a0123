import type { Instant, Position } from '@seatbook/kernel';

/** Work that failed past its budget: it waits, with the reason, until a person retries it. */
export interface ParkedWork {
  readonly id: string;
  /** `reaction`: a command of a reaction; `step`: due work of a stream; `stream` is what waits behind it. */
  readonly kind: 'reaction' | 'step';
  readonly stream: string;
  /** Name of the reaction or step. */
  readonly name: string;
  /** The command of a reaction as JSON text with its context; empty for a step, which is taken anew. */
  readonly payload: string;
  readonly reason: string;
  readonly parkedAt: Instant;
}

/** Durable state of the runners that no rebuild of views touches. */
export interface Progress {
  checkpoint(name: string): Promise<Position>;
  /** @throws CheckpointMoved when it is not at `from` */
  saveCheckpoint(name: string, from: Position, to: Position): Promise<void>;
  /** In order of parking within a stream. Parking the same id again changes only the reason. */
  park(work: readonly ParkedWork[]): Promise<void>;
  parked(limit: number, afterId?: string): Promise<readonly ParkedWork[]>;
  /** All parked work of a stream, in order of parking. */
  parkedOf(stream: string): Promise<readonly ParkedWork[]>;
  unpark(ids: readonly string[]): Promise<void>;
  countParked(): Promise<number>;
}
