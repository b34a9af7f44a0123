import { readModel, type Due, type Instant, type Position } from '@seatbook/kernel';

/** A stream that waits for something: its last stamp. */
export interface DueRow extends Omit<Due, 'ahead'> {
  readonly stream: string;
  /** Where it waits for its turn: behind its gate, or with all other steps. */
  readonly queue: string;
  /** Of the event that carried the stamp. */
  readonly revision: number;
  readonly position: Position;
  readonly recordedAt: Instant;
}

/** The queue of steps without a gate. */
export const STEPS_QUEUE = 'steps';
export const gateQueue = (gate: string): string => `gate/${gate}`;

/** Workers share the steps without a gate out by so many leases. */
const STEP_PARTITIONS = 16;
const stepLease = (partition: number): string => `steps/${partition}`;
export const STEP_LEASES: readonly string[] = Array.from({ length: STEP_PARTITIONS }, (_lease, number) =>
  stepLease(number),
);

/** The lease that covers a stream's steps without a gate; always the same one. */
export function stepLeaseOf(stream: string): string {
  let hash = 0;
  for (let index = 0; index < stream.length; index += 1)
    hash = (Math.imul(hash, 31) + stream.charCodeAt(index)) >>> 0;
  return stepLease(hash % STEP_PARTITIONS);
}

/** Each stream's earliest due thing, as stamped on the last event of each append; no row where nothing is awaited. */
export const dueModel = readModel<DueRow>()({
  name: 'due',
  version: 3,
  metadataOnly: true,
  overwrites: true,
  on: {
    '*': ({ metadata: { next, recordedAt }, stream, revision, position }) => {
      if (next === undefined) return [];
      if (next === null) return [{ key: stream, evolve: () => null }];
      const { step, at, gate } = next;
      const row = { step, at, stream, queue: STEPS_QUEUE, revision, position, recordedAt };
      const behind = gate === undefined ? {} : { gate, queue: gateQueue(gate) };
      return [{ key: stream, evolve: () => ({ ...row, ...behind }) }];
    },
  },
  indexes: [{ name: 'by-queue', fields: ['queue', 'at'] }],
});
