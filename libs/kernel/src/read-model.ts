import type { DomainEvent, Envelope } from './event.js';

/** A document of a read model: plain JSON. */
export type Document = object;

/** Fields of the document that rows are found and ordered by; the document's key breaks ties. */
export interface IndexDeclaration<I extends string = string> {
  readonly name: I;
  readonly fields: readonly string[];
}

declare const of: unique symbol;

/** A read model as its readers and stores see it. It knows its documents and the names of its indexes. */
export interface ModelRef<out D extends Document = Document, out I extends string = string> {
  readonly name: string;
  /** Raised when the documents change their meaning: the new version is built beside the old one. */
  readonly version: number;
  readonly indexes: readonly IndexDeclaration<I>[];
  readonly [of]?: D;
}

/** A fold of the log into documents that are found by key. Pure: the same events give the same documents, always. */
export interface ReadModel<
  D extends Document,
  E extends DomainEvent = DomainEvent,
  I extends string = string,
> extends ModelRef<D, I> {
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

/** The documents of a model. */
export type DocumentOf<M extends ModelRef> = M extends ModelRef<infer D> ? D : never;

/** The names of a model's indexes. */
export type IndexOf<M extends ModelRef> = M extends ModelRef<Document, infer I> ? I : never;

/** Fields of the documents of a union, those of one member included. */
type FieldOf<D> = D extends unknown ? keyof D & string : never;

/** Its indexes are of fields that its documents have. */
interface Indexed<D extends Document, I extends string> {
  readonly indexes: readonly { readonly name: I; readonly fields: readonly FieldOf<D>[] }[];
}

/** Declares a read model of documents and events: `readModel<AccountDocument, AccountEvent>()({ … })`. */
export const readModel =
  <D extends Document, E extends DomainEvent = DomainEvent>() =>
  <const I extends string>(model: ReadModel<D, E, I> & Indexed<D, I>): ReadModel<D, E, I> =>
    model;
