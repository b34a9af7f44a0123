import type { Due, Position, ReadModel } from '@seatbook/kernel';

/** A stream that waits for something: its last stamp. */
export interface DueRow extends Due {
  readonly stream: string;
  /** Revision and position of the event that carried the stamp. */
  readonly revision: number;
  readonly position: Position;
}

/** Each stream's earliest due thing, as stamped on the last event of each append; no row where nothing is awaited. */
export const dueModel: ReadModel<DueRow> = {
  name: 'due',
  version: 2,
  handles: ['*'],
  metadataOnly: true,
  keysOf: ({ metadata, stream }) => (metadata.next === undefined ? [] : [stream]),
  evolve(_row, { metadata, stream, revision, position }) {
    return metadata.next ? { ...metadata.next, stream, revision, position } : null;
  },
  indexes: [{ name: 'by-at', fields: ['at'] }],
};
