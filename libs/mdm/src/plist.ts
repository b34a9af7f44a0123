/** What a property list can hold. Whole numbers beyond 2^53 are bigints. */
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

const HEAD =
  '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n';

/** A property list as XML, as Apple's devices and NanoMDM expect it. */
export const plistOf = (value: PlistValue): string =>
  `${HEAD}<plist version="1.0">${elementOf(value)}</plist>\n`;

function elementOf(value: PlistValue): string {
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`;
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>';
  if (typeof value === 'bigint') return `<integer>${value}</integer>`;
  if (typeof value === 'number')
    return Number.isInteger(value) ? `<integer>${value}</integer>` : `<real>${value}</real>`;
  if (value instanceof Date) return `<date>${value.toISOString().slice(0, 19)}Z</date>`;
  if (value instanceof Uint8Array) return `<data>${Buffer.from(value).toString('base64')}</data>`;
  if (isList(value)) return `<array>${value.map(elementOf).join('')}</array>`;
  const members = Object.entries(value).map(
    ([key, member]) => `<key>${escaped(key)}</key>${elementOf(member)}`,
  );
  return `<dict>${members.join('')}</dict>`;
}

const isList = (value: PlistValue): value is readonly PlistValue[] => Array.isArray(value);

// What XML 1.0 cannot hold at all is left out.
const escaped = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

/** No device nests deeper; a list that does would exhaust the stack. */
const MAX_DEPTH = 64;

/**
 * The value of a property list in XML. The format has few elements and no attributes that matter, so this reads exactly
 * those and refuses everything else: no entities but XML's own, no document type with declarations of its own.
 * @throws PlistError
 */
export const parsedPlist = (text: string): PlistValue => new Reader(text).plist();

/** Apple's entities are the five of XML, and characters by number. */
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  plist(): PlistValue {
    this.#skip();
    const tag = this.#open();
    if (tag.name !== 'plist' || tag.empty) throw new PlistError('it does not begin with a plist element');
    this.#skip();
    const value = this.#value(this.#open(), 0);
    this.#skip();
    this.#close('plist');
    this.#skip();
    if (this.#at < this.text.length) throw new PlistError('there is more after its end');
    return value;
  }

  #value({ name, empty }: { readonly name: string; readonly empty: boolean }, depth: number): PlistValue {
    if (depth > MAX_DEPTH) throw new PlistError(`it is nested deeper than ${MAX_DEPTH} levels`);
    if (name === 'dict') return empty ? {} : this.#dictionary(depth);
    if (name === 'array') return empty ? [] : this.#list(depth);
    const text = empty ? '' : this.#textUntil(name);
    switch (name) {
      case 'string':
        return text;
      case 'true':
      case 'false':
        return name === 'true';
      case 'integer':
        return wholeOf(text.trim());
      case 'real':
        return realOf(text.trim());
      case 'date':
        return dateOf(text.trim());
      case 'data':
        return new Uint8Array(Buffer.from(text, 'base64'));
      default:
        throw new PlistError('it holds an element that no property list has');
    }
  }

  #dictionary(depth: number): PlistDictionary {
    const members: [string, PlistValue][] = [];
    for (this.#skip(); !this.#ends('dict'); this.#skip()) {
      const tag = this.#open();
      if (tag.name !== 'key') throw new PlistError('a member of a dictionary has no key');
      const key = tag.empty ? '' : this.#textUntil('key');
      this.#skip();
      members.push([key, this.#value(this.#open(), depth + 1)]);
    }
    // `__proto__` becomes a member like any other.
    return Object.fromEntries(members);
  }

  #list(depth: number): PlistValue[] {
    const items: PlistValue[] = [];
    for (this.#skip(); !this.#ends('array'); this.#skip()) items.push(this.#value(this.#open(), depth + 1));
    return items;
  }

  /** Whether this is the end of an element; steps over it. */
  #ends(name: string): boolean {
    if (!this.text.startsWith('</', this.#at)) return false;
    this.#close(name);
    return true;
  }

  #close(name: string): void {
    const end = this.text.indexOf('>', this.#at);
    if (end < 0 || this.text.slice(this.#at, end).trimEnd() !== `</${name}`)
      throw new PlistError('an element is not closed');
    this.#at = end + 1;
  }

  #open(): { readonly name: string; readonly empty: boolean } {
    const end = this.text.indexOf('>', this.#at);
    const tag = end < 0 ? null : /^<([a-z]+)(?:\s[^<]*?)?(\/?)$/.exec(this.text.slice(this.#at, end));
    if (!tag) throw new PlistError('it is cut, or not XML');
    this.#at = end + 1;
    return { name: tag[1] ?? '', empty: tag[2] === '/' };
  }

  #textUntil(name: string): string {
    let text = '';
    for (;;) {
      const next = this.text.indexOf('<', this.#at);
      if (next < 0) throw new PlistError('it is cut');
      text += unescaped(this.text.slice(this.#at, next));
      this.#at = next;
      if (this.text.startsWith('<![CDATA[', next)) {
        const end = this.#find(']]>');
        text += this.text.slice(next + 9, end);
        this.#at = end + 3;
      } else if (this.text.startsWith('<!--', next)) this.#at = this.#find('-->') + 3;
      else break;
    }
    this.#close(name);
    return text;
  }

  /** White space, comments, the XML declaration and the document type. */
  #skip(): void {
    for (;;) {
      while (/\s|\ufeff/.test(this.text.charAt(this.#at))) this.#at += 1;
      if (this.text.startsWith('<!--', this.#at)) this.#at = this.#find('-->') + 3;
      else if (this.text.startsWith('<?', this.#at)) this.#at = this.#find('?>') + 2;
      else if (this.text.startsWith('<!DOCTYPE', this.#at)) {
        const end = this.#find('>');
        if (this.text.slice(this.#at, end).includes('['))
          throw new PlistError('it has declarations of its own');
        this.#at = end + 1;
      } else return;
    }
  }

  #find(mark: string): number {
    const found = this.text.indexOf(mark, this.#at);
    if (found < 0) throw new PlistError('it is cut');
    return found;
  }
}

function unescaped(text: string): string {
  return text.replace(/&([^;&]{0,12});?/g, (_all, entity: string) => {
    const named = Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity] : undefined;
    if (named !== undefined) return named;
    const code = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(entity);
    const point = code ? (code[1] === undefined ? Number(code[2]) : parseInt(code[1], 16)) : NaN;
    const isCharacter = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    if (!isCharacter) throw new PlistError('it names a character that there is not');
    return String.fromCodePoint(point);
  });
}

function wholeOf(text: string): number | bigint {
  const hexadecimal = /^[+-]?0x[0-9a-fA-F]{1,16}$/.test(text);
  if (!hexadecimal && !/^[+-]?\d{1,40}$/.test(text)) throw new PlistError('an integer is not a number');
  const digits = text.replace(/^[+-]/, '');
  const whole = text.startsWith('-') ? -BigInt(digits) : BigInt(digits);
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

function realOf(text: string): number {
  const real = Number(text);
  if (text === '' || !Number.isFinite(real)) throw new PlistError('a real is not a number');
  return real;
}

function dateOf(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new PlistError('a date is not a date');
  return date;
}
