import type { Position as ServerPosition } from '@eventstore/db-client';
import { START, asPosition, numberOf, type Metadata, type Position } from '@seatbook/kernel';
import { CorruptEvent, type StoredEvent } from '@seatbook/runtime';
import type { StreamNames } from './stream-names.js';

/** An event as the client hands it over, of any stream on the server. */
export interface RecordedEvent {
  readonly id: string;
  readonly streamId: string;
  readonly revision: bigint;
  readonly type: string;
  readonly data: unknown;
  readonly metadata?: unknown;
  readonly position?: ServerPosition;
}

/** A position of ours as the server wants it: for us both of its parts are one. */
export const serverPosition = (position: Position): ServerPosition => ({
  commit: BigInt(numberOf(position)),
  prepare: BigInt(numberOf(position)),
});

/** Our position for the server's; null where the two cannot be the same number. */
export function ourPosition(position: ServerPosition | undefined): Position | null {
  if (!position || position.commit !== position.prepare) return null;
  return position.commit <= BigInt(Number.MAX_SAFE_INTEGER) ? asPosition(Number(position.commit)) : null;
}

/** @throws CorruptEvent where the event is not as this adapter writes events, e.g. the trace of a deleted stream */
export function storedEvent(event: RecordedEvent, names: StreamNames): StoredEvent {
  const stream = names.ours(event.streamId);
  const revision = Number(event.revision);
  const corrupt = (why: string, at: Position = START): CorruptEvent =>
    new CorruptEvent(stream, revision, at, why);
  const position = ourPosition(event.position);
  if (position === null) {
    const { commit, prepare } = event.position ?? {};
    throw corrupt(`has a position that cannot be kept (commit ${commit}, prepare ${prepare})`);
  }
  const { id, type, data, metadata } = event;
  if (type.startsWith('$'))
    throw corrupt(`is a ${type} of the server: somebody deleted the stream`, position);
  if (!isObject(data) || !isObject(metadata)) throw corrupt('has no JSON in it', position);
  return { id, stream, revision, position, type, data, metadata: metadata as unknown as Metadata };
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
