import { crc32 } from 'node:zlib';

/** What the checksum of an event covers: everything in its row of the log. */
export interface Checked {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

/** CRC-32 of an event. The lengths come before the texts, so nothing can move from one column to the next unseen. */
export const checksumOf = (event: Checked): number =>
  crc32(
    `${event.position},${event.revision},${event.stream.length},${event.id.length},${event.type.length},${event.data.length};` +
      event.stream +
      event.id +
      event.type +
      event.data +
      event.metadata,
  );
