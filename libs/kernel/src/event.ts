import type { Due } from './due.js';
import type { Instant } from './instant.js';

declare const position: unique symbol;

/**
 * A place in the whole log: unique and increasing, not dense. It is opaque: compared and stored, never computed with,
 * since a server's positions are offsets in a file and only those that it gave out mean anything to it. It is a number
 * of which the compiler does not know that: `<` and `===` compile, `+` and `-` do not.
 */
export interface Position {
  readonly [position]: true;
}

/** The place before the first event. */
export const START = 0 as unknown as Position;

/** A number that came from a store or a client as a position. */
export const asPosition = (value: number): Position => value as unknown as Position;

/** The number that a store or a client keeps for a position. */
export const numberOf = (value: Position): number => value as unknown as number;

export const earliest = (first: Position, ...more: readonly Position[]): Position =>
  [first, ...more].reduce((least, one) => (one < least ? one : least));

export const latest = (first: Position, ...more: readonly Position[]): Position =>
  [first, ...more].reduce((most, one) => (one > most ? one : most));

/** A fact: a registered type name and plain JSON data. Nothing about a person, no secret. */
export interface DomainEvent<T extends string = string, D = unknown> {
  readonly type: T;
  readonly data: D;
}

/** What every event carries beside its data. */
export interface Metadata {
  /** Version of the shape of `data`. */
  readonly version: number;
  readonly commandId: string;
  /** SHA-256 of the request's body, where a client named the command by an Idempotency-Key. */
  readonly bodyHash?: string;
  /** Who asked: `owner`, or `seatbook` for what the product does by itself. */
  readonly principal: string;
  readonly reason?: string;
  /** Shared by all that follows from one request. */
  readonly correlationId: string;
  /** Id of the event that this one follows from, or of the command where it begins something. */
  readonly causationId: string;
  /** Where the event is that this one follows from. */
  readonly cause?: { readonly stream: string; readonly revision: number };
  /** On the last event of every append: what the stream waits for from here on, or null. */
  readonly next?: Due | null;
  /** When it happened at Apple or on the device, where that is known. By another clock than `recordedAt`: it may be later. */
  readonly occurredAt?: Instant;
  /** When we learned it. */
  readonly recordedAt: Instant;
  readonly traceparent?: string;
}

/** When something happened: elsewhere, where that is known, else when it was recorded, which is then what happened. */
export const effectiveAt = ({
  occurredAt,
  recordedAt,
}: Pick<Metadata, 'occurredAt' | 'recordedAt'>): Instant => occurredAt ?? recordedAt;

/** Where an event stands in the log, and what it carries beside its data. */
export interface Recorded {
  readonly id: string;
  readonly stream: string;
  /** 0 for the first event of a stream, gapless. */
  readonly revision: number;
  readonly position: Position;
  readonly metadata: Metadata;
}

/** An event as it stands in the log. A switch over its type narrows its data. */
export type Envelope<E extends DomainEvent = DomainEvent> = E extends DomainEvent ? Recorded & E : never;

/** The events of a union that have these types. */
export type EventOf<E extends DomainEvent, T extends E['type']> = Extract<E, { readonly type: T }>;

/** `asset` of `asset-7700000000000001.900000001.STDQ`: what stands before the first dash. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}

/** What stands after the first dash of a stream's name. */
export const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
