import { crc32 } from 'node:zlib';
import type { Collection, Db } from 'mongodb';
import type { Position } from '@seatbook/kernel';
import type { Snapshot } from '@seatbook/runtime';

interface SnapshotDocument {
  readonly _id: string;
  readonly schema: string;
  readonly revision: number;
  readonly position: Position;
  readonly eventId: string;
  readonly chunks: number;
}

interface ChunkDocument {
  readonly _id: string;
  readonly stream: string;
  readonly schema: string;
  readonly revision: number;
  readonly eventId: string;
  readonly number: number;
  /** JSON. */
  readonly chunk: string;
  readonly checksum: number;
}

/** Chunks read in one query: an answer of the server has 16 MB at most. */
const CHUNKS_AT_ONCE = 10;

/**
 * Snapshots of streams. Chunks are written first, under the name of what they are a snapshot of, then the document that
 * names them: it never names a half of one snapshot and a half of another.
 */
export class Snapshots {
  readonly #snapshots: Collection<SnapshotDocument>;
  readonly #chunks: Collection<ChunkDocument>;

  constructor(database: Db) {
    this.#snapshots = database.collection('snapshots');
    this.#chunks = database.collection('snapshotChunks');
  }

  async prepare(): Promise<void> {
    await this.#chunks.createIndex({ stream: 1, revision: 1 });
  }

  async load(stream: string): Promise<Snapshot | null> {
    const found = await this.#snapshots.findOne({ _id: stream });
    if (!found) return null;
    const { schema, revision, position, eventId } = found;
    const chunks: unknown[] = [];
    for (let start = 0; start < found.chunks; start += CHUNKS_AT_ONCE) {
      const numbers = numbersFrom(start, found.chunks);
      const part = await this.#chunks
        .find({ _id: { $in: numbers.map((number) => chunkId(found, stream, number)) } })
        .toArray();
      part.sort((one, other) => one.number - other.number);
      // Decisions rest on it, so one that is damaged or being replaced is ignored.
      if (part.length < numbers.length || part.some(({ chunk, checksum }) => crc32(chunk) !== checksum))
        return null;
      chunks.push(...part.map(({ chunk }) => JSON.parse(chunk) as unknown));
    }
    return { stream, schema, revision, position, eventId, chunks };
  }

  async save(snapshot: Snapshot): Promise<void> {
    const { stream, schema, revision, position, eventId, chunks } = snapshot;
    const ids: string[] = [];
    for (const [number, part] of chunks.entries()) {
      const chunk = JSON.stringify(part);
      const _id = chunkId(snapshot, stream, number);
      const document = { stream, schema, revision, eventId, number, chunk, checksum: crc32(chunk) };
      await this.#chunks.replaceOne({ _id }, document, { upsert: true });
      ids.push(_id);
    }
    const document = { schema, revision, position, eventId, chunks: chunks.length };
    await this.#snapshots.replaceOne({ _id: stream }, document, { upsert: true });
    // Later ones may be another process's that is about to name them.
    await this.#chunks.deleteMany({ stream, revision: { $lte: revision }, _id: { $nin: ids } });
  }
}

const chunkId = (
  of: Pick<Snapshot, 'schema' | 'revision' | 'eventId'>,
  stream: string,
  number: number,
): string => JSON.stringify([stream, of.schema, of.revision, of.eventId, number]);

const numbersFrom = (start: number, end: number): readonly number[] =>
  Array.from({ length: Math.min(CHUNKS_AT_ONCE, end - start) }, (_, index) => start + index);
