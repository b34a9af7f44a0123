import type { Document, Position } from '@seatbook/kernel';
import type { FieldValue, Placed } from '@seatbook/runtime';

/**
 * A document as its collection holds it: its fields as they are, so that any tool can read them, and beside them ours,
 * which begin with an underscore.
 */
export interface StoredDocument {
  readonly _id: string;
  /** The last event that touched it. */
  readonly _position: Position;
  /** Only live documents have it. */
  readonly _live?: true;
  /** The event deleted it. */
  readonly _deleted?: true;
  /** The whole document as JSON, where MongoDB cannot hold it field by field. */
  readonly _json?: string;
  readonly [field: string]: unknown;
}

/** Levels of nesting that are stored as they are; MongoDB's own limit is 100. */
const MAX_DEPTH = 60;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What a document is replaced by. @param indexed fields of the model's indexes @throws TypeError for a field that cannot be ordered */
export function storedOf(
  { document, position }: Placed<Document>,
  indexed: readonly string[],
): Omit<StoredDocument, '_id'> {
  if (document === null) return { _position: position, _deleted: true };
  for (const field of indexed) checkOrdered((document as Fields)[field]);
  const own = { _position: position, _live: true as const };
  if (isPlain(document, 0)) return { ...document, ...own };
  const text = JSON.stringify(document);
  const copy = JSON.parse(text) as Fields;
  if (isPlain(copy, 0)) return { ...copy, ...own };
  const shown = Object.entries(copy).flatMap(([name, value]): [string, unknown][] => {
    if (isPlain({ [name]: value }, 0)) return [[name, value]];
    return indexed.includes(name) && typeof value === 'string' ? [[name, wellFormed(value)]] : [];
  });
  return { ...Object.fromEntries(shown), ...own, _json: text };
}

/** The document again; null for one that was deleted. */
export function documentOf<D extends Document>(stored: StoredDocument): D | null {
  if (stored._live !== true) return null;
  if (stored._json !== undefined) return JSON.parse(stored._json) as D;
  const document: Record<string, unknown> = {};
  for (const name of Object.keys(stored)) if (!name.startsWith('_')) document[name] = stored[name];
  return document as D;
}

export const placedOf = <D extends Document>(stored: StoredDocument): Placed<D> => ({
  document: documentOf<D>(stored),
  position: stored._position,
});

type Fields = Readonly<Record<string, unknown>>;

function checkOrdered(value: unknown): asserts value is FieldValue | undefined {
  if (value === undefined || value === null) return;
  // A list would be indexed by each of its items.
  if (!['string', 'number', 'boolean'].includes(typeof value))
    throw new TypeError(`a field of an index must be text, a number, a boolean or null, not ${typeof value}`);
}

/** Whether BSON gives back just what JSON would. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      return !LONE_SURROGATE.test(value);
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'boolean':
      return true;
    case 'object':
      return value === null || (depth < MAX_DEPTH && isPlainObject(value, depth + 1));
    default:
      return false;
  }
}

function isPlainObject(value: object, depth: number): boolean {
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth));
  const prototype: unknown = Object.getPrototypeOf(value);
  // `Object.prototype`, whichever realm it is of.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
  return Object.entries(value).every(
    ([name, item]) => isPlainName(name, depth === 1) && name !== 'toJSON' && isPlain(item, depth),
  );
}

/** Names that MongoDB, or its drivers, give a meaning of their own are no plain ones. */
const isPlainName = (name: string, top: boolean): boolean =>
  name !== '' &&
  name !== '__proto__' &&
  !name.startsWith('$') &&
  !(top && name.startsWith('_')) &&
  !name.includes('.') &&
  !name.includes('\0') &&
  !LONE_SURROGATE.test(name);

const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');
