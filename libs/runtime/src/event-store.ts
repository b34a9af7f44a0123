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

/** What an append expects of its stream: not there yet, or this last revision. There is no 'any': only an exact revision makes a retry safe however late it comes. */
export type ExpectedRevision = 'absent' | number;

/** No append is larger, on any back end: EventStoreDB refuses above 1 MiB and drops live subscriptions on larger bursts. */
export const MAX_APPEND_BYTES = 900_000;
export const MAX_APPEND_EVENTS = 200;
/** References that are read at once. */
export const MAX_REFERENCES = 1_000;

/** A part of the log in order. */
export interface LogPage<E = StoredEvent> {
  readonly events: readonly E[];
  /** Everything up to here has been delivered. Where the next subscription goes on. */
  readonly upTo: Position;
  /** These were all events at the moment when the page was read. */
  readonly caughtUp: boolean;
}

/** Names one event. A position, where it is known, saves an adapter the look into the stream. */
export interface EventReference {
  readonly stream: string;
  readonly revision: number;
  readonly position?: Position;
}

export interface SubscribeOptions {
  /** Ends the subscription: the iteration is over, without an error. */
  readonly signal: AbortSignal;
  /** Events of a page at most; at least 1. */
  readonly pageEvents: number;
}

/**
 * The log. Every adapter keeps this contract (test/contract): revisions of a stream are gapless from 0; positions are
 * unique and increasing; nothing becomes visible below a position already served; an append is all or nothing and
 * durable before it resolves; sizes are limited as above. What cannot be reached throws `StoreUnavailable`.
 */
export interface EventStore {
  /**
   * @throws WrongExpectedRevision when the stream is elsewhere
   * @throws AppendTooLarge beyond the limits, or with no event at all
   */
  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended>;
  /** Up to `limit` events of a stream from revision `from` on, in order; none for a stream that does not exist. */
  readStream(stream: string, from: number, limit: number): Promise<readonly StoredEvent[]>;
  /**
   * All events after a position that was served before, page by page, and then new ones as they come. The first page
   * that reaches the end says so, even an empty one. Goes on until the signal aborts; throws when the log cannot be
   * read, and the consumer subscribes again from what it has processed. Other work of the process gets its turn
   * between two pages.
   */
  subscribe(after: Position, options: SubscribeOptions): AsyncIterable<LogPage>;
  /** Single events in the order asked, `MAX_REFERENCES` at most; what names no event is left out. */
  readReferences(references: readonly EventReference[]): Promise<readonly StoredEvent[]>;
  /** The event at a position that was served before; null where none has it. */
  readAt(position: Position): Promise<StoredEvent | null>;
  /** Position of the last event; `START` for an empty log. */
  head(): Promise<Position>;
  /**
   * Writes to the log's own storage, durably, what no reader sees. Throws why that is not possible, or what damage a
   * read has met.
   */
  probe(): Promise<void>;
  /** Called after each append, with its position: a hint that may be lost, never the truth. Returns an unsubscribe function. */
  onAppended(listener: (position: Position) => void): () => void;
}

/** Size of an append as the limits count it. */
export function bytesOf(event: NewEvent): number {
  return (
    Buffer.byteLength(event.data) + Buffer.byteLength(event.metadata) + event.type.length + event.id.length
  );
}
