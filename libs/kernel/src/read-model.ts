import type { DomainEvent, Envelope, EventOf } from './event.js';

/** A document of a read model: plain JSON. */
export type Document = object;

/** Fields of the document that rows are found and ordered by; the document's key breaks ties. */
export interface IndexDeclaration<I extends string = string> {
  readonly name: I;
  readonly fields: readonly string[];
}

/** What a field of a key holds. */
export type KeyPart = 'text' | 'number';

declare const of: unique symbol;

/** A read model as its readers and stores see it. It knows its documents and the names of its indexes. */
export interface ModelRef<out D extends Document = Document, out I extends string = string> {
  readonly name: string;
  /** Raised when the documents change their meaning: the new version is built beside the old one. */
  readonly version: number;
  readonly indexes: readonly IndexDeclaration<I>[];
  /**
   * Fields of the documents that their keys are made of, in this order, joined by `|`, which only the last of them may
   * hold itself. A store may then keep the fields and no key. Undefined: a key says what no field does.
   */
  readonly key?: Readonly<Record<string, KeyPart>>;
  /**
   * Fields with texts that many documents have in common. A store may keep each text once, under a number; so those in
   * an index are asked for by their value, never in order or in a range.
   */
  readonly shared?: readonly string[];
  readonly [of]?: D;
}

/** What an event does to one document. */
export interface Change<D extends Document> {
  readonly key: string;
  /** The document after the event; null for none. It owns the document and may change it in place. */
  evolve(this: void, document: D | null): D | null;
}

/** What each type of event does to documents, a key each once; other types are none of the model's business. */
export type Changes<D extends Document, E extends DomainEvent> = {
  readonly [T in E['type']]?: (event: Envelope<EventOf<E, T>>) => readonly Change<D>[];
};

/** A fold of the log into documents that are found by key. Pure: the same events give the same documents, always. */
export interface ReadModel<
  D extends Document,
  E extends DomainEvent = DomainEvent,
  I extends string = string,
> extends ModelRef<D, I> {
  /** The event types that it folds; `*` for all. Others are passed over. */
  readonly handles: readonly string[];
  /**
   * It reads nothing of an event but what all have in every version: stream, revision, position and metadata. Then it
   * folds also events of types and versions that this build does not know, which others wait at.
   */
  readonly metadataOnly: boolean;
  /** An event says all that is in the documents that it touches: what was there before need not be read. */
  readonly overwrites: boolean;
  /** What an event does to documents, a key each once; nothing for an event that it does not handle. */
  changesBy(event: Envelope<E>): readonly Change<D>[];
}

/** The documents of a model. */
export type DocumentOf<M extends ModelRef> = M extends ModelRef<infer D> ? D : never;

/** The names of a model's indexes. */
export type IndexOf<M extends ModelRef> = M extends ModelRef<Document, infer I> ? I : never;

/** Fields of the documents of a union, those of one member included. */
type FieldOf<D> = D extends unknown ? keyof D & string : never;

/** Its indexes and its key are of fields that its documents have. */
interface Indexed<D extends Document, I extends string> {
  readonly indexes: readonly { readonly name: I; readonly fields: readonly FieldOf<D>[] }[];
  readonly key?: { readonly [F in FieldOf<D>]?: KeyPart };
  readonly shared?: readonly FieldOf<D>[];
}

interface Declaration<D extends Document, E extends DomainEvent, I extends string> extends Indexed<D, I> {
  readonly name: string;
  readonly version: number;
  readonly metadataOnly?: boolean;
  readonly overwrites?: boolean;
  /** By type of event; or one function for all events as `*`. */
  readonly on: Changes<D, E> | { readonly '*': (event: Envelope) => readonly Change<D>[] };
}

/**
 * Declares a read model of documents and events: `readModel<AccountDocument, AccountEvent>()({ … })`. It handles the
 * events that it has a function for.
 */
export const readModel =
  <D extends Document, E extends DomainEvent = DomainEvent>() =>
  <const I extends string>(declaration: Declaration<D, E, I>): ReadModel<D, E, I> => {
    const { name, version, metadataOnly = false, overwrites = false, indexes, shared, on } = declaration;
    const key = declaration.key as ModelRef['key'];
    checkTies(name, indexes, key, shared);
    // Each function is given only events of its own type, which the compiler cannot see in a lookup by type.
    const functions = on as unknown as Readonly<
      Record<string, ((event: Envelope) => readonly Change<D>[]) | undefined>
    >;
    const every = functions['*'];
    return {
      name,
      version,
      handles: Object.keys(on),
      metadataOnly,
      overwrites,
      indexes,
      ...(key && { key }),
      ...(shared && { shared }),
      changesBy: (event) => (every ?? functions[event.type])?.(event) ?? [],
    };
  };

/**
 * Ties in an index are broken by the key as text, in which 10 comes before 9, and which a shared field does not order:
 * an index has such fields of the key itself.
 */
function checkTies(
  name: string,
  indexes: readonly IndexDeclaration[],
  key: ModelRef['key'] = {},
  shared: readonly string[] = [],
): void {
  const unordered = Object.keys(key).filter((field) => key[field] === 'number' || shared.includes(field));
  for (const index of indexes)
    for (const field of unordered)
      if (!index.fields.includes(field))
        throw new Error(`the index ${index.name} of ${name} needs the field ${field} of its key`);
}
