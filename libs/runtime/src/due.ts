import type { Due, Position, ReadModel } from '@seatbook/kernel';

/** A stream that waits for something: its last stamp. */
export interface DueRow extends Due {
  readonly stream: string;
  /** Where the worker finds it that does such work: behind its gate, or in one of the partitions of other steps. */
  readonly partition: string;
  /** Revision and position of the event that carried the stamp. */
  readonly revision: number;
  readonly position: Position;
}

/** Steps without a gate are shared out over so many partitions. */
export const STEP_PARTITIONS = 16;

export const gatePartition = (gate: string): string => `gate/${gate}`;
export const stepPartition = (number: number): string => `steps/${number}`;

/** The same stream is always in the same partition. */
export function partitionOf(stream: string): string {
  let hash = 0;
  for (let index = 0; index < stream.length; index += 1)
    hash = (Math.imul(hash, 31) + stream.charCodeAt(index)) >>> 0;
  return stepPartition(hash % STEP_PARTITIONS);
}

/** Each stream's earliest due thing, as stamped on the last event of each append; no row where nothing is awaited. */
export const dueModel: ReadModel<DueRow> = {
  name: 'due',
  version: 2,
  handles: ['*'],
  metadataOnly: true,
  keysOf: ({ metadata, stream }) => (metadata.next === undefined ? [] : [stream]),
  evolve(_row, { metadata, stream, revision, position }) {
    const { next } = metadata;
    if (!next) return null;
    const partition = next.gate === undefined ? partitionOf(stream) : gatePartition(next.gate);
    return { ...next, stream, partition, revision, position };
  },
  indexes: [{ name: 'by-partition', fields: ['partition', 'at'] }],
};
