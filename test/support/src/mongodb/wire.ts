import { Long, deserialize, serialize } from 'bson';

export type Fields = Record<string, unknown>;

/** A command as it arrived. */
export interface Message {
  readonly requestId: number;
  /** Drivers open a connection with a query of the old protocol; everything else is OP_MSG. */
  readonly legacy: boolean;
  readonly database: string;
  readonly command: Fields;
}

const HEADER = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const CHECKSUM_PRESENT = 1;

/** Takes what arrives on a socket apart into messages. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #length = 0;

  read(chunk: Buffer): readonly Message[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const messages: Message[] = [];
    for (;;) {
      const [first] = this.#chunks;
      if (!first || this.#length < HEADER) return messages;
      const whole = first.length < HEADER ? this.#joined() : first;
      const length = whole.readInt32LE(0);
      if (this.#length < length) return messages;
      const bytes = this.#joined();
      messages.push(messageOf(bytes.subarray(0, length)));
      this.#length -= length;
      this.#chunks = this.#length === 0 ? [] : [bytes.subarray(length)];
    }
  }

  #joined(): Buffer {
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

/** The bytes of an answer. */
export function answerTo({ requestId, legacy }: Message, answer: Fields): Buffer {
  const document = serialize(asText(answer) as Fields, { ignoreUndefined: true });
  const body = legacy ? legacyBody(document) : Buffer.concat([Buffer.alloc(4), Buffer.alloc(1), document]);
  const header = Buffer.alloc(HEADER);
  header.writeInt32LE(HEADER + body.length, 0);
  header.writeInt32LE(requestId, 4);
  header.writeInt32LE(requestId, 8);
  header.writeInt32LE(legacy ? OP_REPLY : OP_MSG, 12);
  return Buffer.concat([header, body]);
}

/** A number that drivers insist on having in 64 bits. */
export const int64 = (value: number): Long => Long.fromNumber(value);

function messageOf(bytes: Buffer): Message {
  const requestId = bytes.readInt32LE(4);
  const operation = bytes.readInt32LE(12);
  if (operation === OP_QUERY) return legacyMessage(requestId, bytes);
  if (operation === OP_MSG) return modernMessage(requestId, bytes);
  throw new Error(`the double does not know operation ${operation} of the wire protocol`);
}

function legacyMessage(requestId: number, bytes: Buffer): Message {
  const end = bytes.indexOf(0, HEADER + 4);
  const namespace = bytes.toString('utf8', HEADER + 4, end);
  const command = documentAt(bytes, end + 9);
  return { requestId, legacy: true, database: namespace.split('.')[0] ?? '', command };
}

function modernMessage(requestId: number, bytes: Buffer): Message {
  const end = bytes.length - (bytes.readUInt32LE(HEADER) & CHECKSUM_PRESENT ? 4 : 0);
  let command: Fields = {};
  const sequences: Fields = {};
  let at = HEADER + 4;
  while (at < end) {
    const kind = bytes[at];
    const length = bytes.readInt32LE(at + 1);
    if (kind === 0) command = documentAt(bytes, at + 1);
    else {
      const nameEnd = bytes.indexOf(0, at + 5);
      sequences[bytes.toString('utf8', at + 5, nameEnd)] = documentsIn(bytes, nameEnd + 1, at + 1 + length);
    }
    at += 1 + length;
  }
  const whole = { ...command, ...sequences };
  return { requestId, legacy: false, database: String(command['$db']), command: whole };
}

function documentsIn(bytes: Buffer, start: number, end: number): readonly Fields[] {
  const documents: Fields[] = [];
  for (let at = start; at < end; at += bytes.readInt32LE(at)) documents.push(documentAt(bytes, at));
  return documents;
}

const documentAt = (bytes: Buffer, at: number): Fields =>
  asBytes(deserialize(bytes.subarray(at, at + bytes.readInt32LE(at)))) as Fields;

function legacyBody(document: Uint8Array): Buffer {
  const head = Buffer.alloc(20);
  head.writeInt32LE(8, 0);
  head.writeInt32LE(1, 16);
  return Buffer.concat([head, document]);
}

/**
 * Text as its UTF-8 bytes, a character for each: so JavaScript orders it as MongoDB does, by bytes. By itself it would
 * put characters beyond 16 bits before U+FFFD.
 */
const asBytes = (value: unknown): unknown =>
  mapText(value, (text) => Buffer.from(text, 'utf8').toString('latin1'));

const asText = (value: unknown): unknown =>
  mapText(value, (text) => Buffer.from(text, 'latin1').toString('utf8'));

/** Text that is the same either way. */
const ASCII = /^[\0-\x7f]*$/;

/** Only what holds such text is made again. */
function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return ASCII.test(value) ? value : change(value);
  if (typeof value !== 'object' || value === null || '_bsontype' in value || value instanceof Date)
    return value;
  const fields = value as Fields;
  let mapped: Fields | null = null;
  for (const name of Object.keys(fields)) {
    const before = fields[name];
    const after = mapText(before, change);
    if (after === before) continue;
    mapped ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...fields }) as Fields;
    mapped[name] = after;
  }
  return mapped ?? value;
}
