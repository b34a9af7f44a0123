import type { Metadata, Position } from '@seatbook/kernel';

/** An event on its way into the log. `data` and `metadata` are JSON text: serialised once, measured once. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

/** An event as the log holds it, data in the version in which it was written. */
export interface StoredEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Metadata;
}

/** Revision and position of the last event of an append. */
export interface Appended {
  readonly revision: number;
  readonly position: Position;
}

/** What an append expects of its stream: not there yet, or this last revision. There is no 'any': only with an exact revision is a retry safe for ever. */
export type ExpectedRevision = 'absent' | number;

/** No append is larger, on any back end: EventStoreDB refuses above 1 MiB and drops live subscriptions on larger bursts. */
export const MAX_APPEND_BYTES = 900_000;
export const MAX_APPEND_EVENTS = 200;

/**
 * The log. Every adapter keeps this contract (test/contract): revisions of a stream are gapless from 0; positions are
 * unique and increasing; nothing becomes visible below a position already served; an append is all or nothing and
 * durable before it resolves; sizes are limited as above.
 */
export interface EventStore {
  /**
   * @throws WrongExpectedRevision when the stream is elsewhere
   * @throws AppendTooLarge beyond the limits, or with no event at all
   */
  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended>;
  /** Up to `limit` events of a stream from revision `from` on, in order; none for a stream that does not exist. */
  readStream(stream: string, from: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Up to `limit` events after a position, in order. */
  readAll(after: Position, limit: number): Promise<readonly StoredEvent[]>;
  /** Single events by position, in order; positions that hold no event are left out. At most 1,000 at once. */
  readAt(positions: readonly Position[]): Promise<readonly StoredEvent[]>;
  /** Position of the last event, 0 for an empty log. */
  head(): Promise<Position>;
  /** Called after each append, with its position: a hint that may be lost, never the truth. Returns an unsubscribe function. */
  onAppended(listener: (position: Position) => void): () => void;
}

/** The stream was not where the append expected it. */
export class WrongExpectedRevision extends Error {
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    readonly actual: ExpectedRevision,
  ) {
    super(`${stream}: expected ${expected}, found ${actual}`);
    this.name = 'WrongExpectedRevision';
  }
}

/** An append beyond the limits is a bug of the caller: what is longer is several appends under an order. */
export class AppendTooLarge extends Error {
  constructor(stream: string, events: number, bytes: number) {
    super(
      `${stream}: ${events} events of ${bytes} bytes in one append (1 to ${MAX_APPEND_EVENTS} events, ${MAX_APPEND_BYTES} bytes)`,
    );
    this.name = 'AppendTooLarge';
  }
}

/** A row of the log is not what was written. Nothing that rests on it may go on. */
export class CorruptEvent extends Error {
  constructor(
    readonly stream: string,
    readonly revision: number,
    readonly position: Position,
  ) {
    super(
      `the event at position ${position} (${stream}, revision ${revision}) does not match its checksum: restore the log from a backup`,
    );
    this.name = 'CorruptEvent';
  }
}

/** Size of an append as the limits count it. */
export function bytesOf(event: NewEvent): number {
  return (
    Buffer.byteLength(event.data) + Buffer.byteLength(event.metadata) + event.type.length + event.id.length
  );
}
