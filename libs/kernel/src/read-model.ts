import type { DomainEvent, Envelope } from './event.js';

/** A document of a read model: plain JSON. */
export type Document = object;

/** Fields of the document that rows are found and ordered by; the document's key breaks ties. */
export interface IndexDeclaration {
  readonly name: string;
  readonly fields: readonly string[];
}

declare const of: unique symbol;

/** A read model as its readers and stores see it. It knows its documents. */
export interface ModelRef<out D extends Document = Document> {
  readonly name: string;
  /** Raised when the documents change their meaning: the new version is built beside the old one. */
  readonly version: number;
  readonly indexes: readonly IndexDeclaration[];
  readonly [of]?: D;
}

/** A fold of the log into documents that are found by key. Pure: the same events give the same documents, always. */
export interface ReadModel<D extends Document, E extends DomainEvent = DomainEvent> extends ModelRef<D> {
  /** The event types that it folds; all others are passed over. */
  readonly handles: readonly E['type'][];
  /**
   * It reads nothing of an event but what all have in every version: stream, revision, position and metadata. Then it
   * folds also events of types and versions that this build does not know, which others wait at.
   */
  readonly metadataOnly?: true;
  /** Keys of the documents that an event touches, each once. */
  keysOf(event: Envelope<E>): readonly string[];
  /** The document after the event; null for none. It owns the document and may change it in place. */
  evolve(document: D | null, event: Envelope<E>, key: string): D | null;
}
