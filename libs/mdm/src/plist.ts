import { build, parse } from 'plist';

/** What a property list can hold. A bigint is written, and read as a number: beyond 2^53 that is not exact. */
export type PlistValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | readonly PlistValue[]
  | { readonly [key: string]: PlistValue };

export type PlistDictionary = Readonly<Record<string, PlistValue>>;

/** Text that is no property list in XML. Its message quotes nothing of the text. */
export class PlistError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PlistError';
  }
}

/** A property list as XML, as Apple's devices and NanoMDM expect it. */
export const plistOf = (value: PlistValue): string =>
  build(writable(value) as Parameters<typeof build>[0], { pretty: false });

/** The same without what XML 1.0 cannot hold at all: the library would throw. */
function writable(value: PlistValue): PlistValue {
  if (typeof value === 'string') return written(value);
  if (typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array) return value;
  if (isList(value)) return value.map(writable);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [written(key), writable(member)]));
}

const isList = (value: PlistValue): value is readonly PlistValue[] => Array.isArray(value);

const written = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/gu, '');

/** In characters. The door for webhooks lets nothing larger through. */
const MAX_LENGTH = 256 * 1024;
/** No device nests deeper; a list that does would exhaust the stack. */
const MAX_DEPTH = 64;

/**
 * The value of a property list in XML, of at most 256 Ki characters and 64 levels.
 * @throws PlistError
 */
export function parsedPlist(text: string): PlistValue {
  const list = text.trim();
  refuseHostile(list);
  try {
    const value: unknown = parse(list);
    if (isProper(value)) return value;
  } catch {
    // Its message may quote the text.
  }
  throw new PlistError('it holds a value that is none');
}

const HEAD =
  /^(?:<\?xml version=["']1\.\d["'](?: encoding=["'][\w-]+["'])?(?: standalone=["']\w+["'])? ?\?>)?\s*(?:<!DOCTYPE plist PUBLIC "-\/\/Apple(?: Computer)?\/\/DTD PLIST 1\.0\/\/EN" "https?:\/\/www\.apple\.com\/DTDs\/PropertyList-1\.0\.dtd">)?/;
const PIECE =
  /<(?<close>\/?)(?<name>plist|dict|array|key|string|integer|real|date|data|true|false)(?:\s+version="[\d.]{1,8}")?\s*(?<empty>\/?)>|<!--(?:[^-]|-[^-])*-->|(?<content>[^<&]+|&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-fA-F]{1,6});|<!\[CDATA\[[^\]]*\]\]>)/y;

const CONTAINERS: ReadonlySet<string | undefined> = new Set(['plist', 'dict', 'array']);

/**
 * Refuses what the library must not see: it prints what is ill-formed, with the names and values that it meets, takes
 * seconds for a body full of `<`, knows two other formats and nests until the stack is exhausted.
 */
function refuseHostile(text: string): void {
  if (text.length > MAX_LENGTH) throw new PlistError(`it is longer than ${MAX_LENGTH} characters`);
  const piece = new RegExp(PIECE);
  const open: string[] = [];
  let isOver = false;
  piece.lastIndex = HEAD.exec(text)?.[0].length ?? 0;
  while (piece.lastIndex < text.length) {
    const { close, name, empty, content } = piece.exec(text)?.groups ?? illFormed();
    const parent = open.at(-1);
    if (name === undefined) {
      if (parent === undefined && content !== undefined && content.trim() !== '') illFormed();
    } else if (close === '/') {
      if (open.pop() !== name || empty === '/') illFormed();
      isOver = open.length === 0;
    } else {
      const isRoot = parent === undefined;
      if (isOver || isRoot !== (name === 'plist') || (!isRoot && !CONTAINERS.has(parent))) illFormed();
      if (empty === '/') continue;
      if (open.push(name) > MAX_DEPTH) throw new PlistError(`it is nested deeper than ${MAX_DEPTH} levels`);
    }
  }
  if (!isOver) illFormed();
}

function illFormed(): never {
  throw new PlistError('it is cut, or no property list in XML');
}

/** The library takes numbers and dates that are none, and halves of characters. */
function isProper(value: unknown): value is PlistValue {
  if (typeof value === 'string') return !/\p{Cs}/u.test(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  if (typeof value === 'boolean' || value instanceof Uint8Array) return true;
  return typeof value === 'object' && value !== null && Object.values(value).every(isProper);
}
