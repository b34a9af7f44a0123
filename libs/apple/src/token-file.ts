import { type Instant, isoTime, Refusal, sha256 } from '@seatbook/kernel';
import { appleDate } from './apple-date.js';
import { objectOf } from './json-shape.js';

/** What a content token file holds. */
export interface DecodedToken {
  /** The whole Base64 text, in one line with its padding: this is what Apple wants to see. A secret. */
  readonly token: string;
  /** A label of the organisation; not the name of the location. */
  readonly orgName: string;
  readonly expiresAt: Instant;
}

/** In characters; real ones have a few hundred. */
const maxLength = 64 * 1024;

const download =
  'Download the content token in Apple Business Manager or Apple School Manager under Settings > Payments and ' +
  'Billing (or Apps and Books) > Content Tokens, and send the .vpptoken file or its text unchanged.';

/**
 * Checks and normalises a content token as it was uploaded or pasted. Apple's rule: one Base64 text whose content is a
 * JSON object with `token`, `expDate` and `orgName`. A byte order mark, blanks, line breaks and lost padding do not
 * matter. Throws a Refusal that quotes nothing of the token.
 */
export function decodeToken(file: string | Uint8Array, now: Instant): DecodedToken {
  if (typeof file !== 'string' && isDer(file)) throw enrolmentToken();
  const text = typeof file === 'string' ? file : textOfFile(file);
  if (text.length > maxLength)
    throw new Refusal('INVALID_TOKEN_NOT_BASE64', `This is too long to be a content token. ${download}`);
  if (isSigned(text)) throw enrolmentToken();
  const packed = text.replace(/[\s\u200b\u2060\ufeff\0]+/g, '');
  if (packed === '') throw new Refusal('INVALID_TOKEN_EMPTY', `The content token is empty. ${download}`);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(packed) || packed.replace(/=+$/, '').length % 4 === 1)
    throw new Refusal(
      'INVALID_TOKEN_NOT_BASE64',
      `This is not a content token: it is not Base64 text, or a part of it is missing. ${download}`,
    );
  const bare = packed.replace(/=+$/, '');
  const token = bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
  const bytes = Buffer.from(token, 'base64');
  if (isDer(bytes)) throw enrolmentToken();
  return { token, ...contentOf(bytes, now) };
}

/** Identifies a token without revealing it: 32 hexadecimal digits. Takes the normalised text. */
export const fingerprintOf = (token: string): string =>
  sha256(`seatbook content token\n${token}`).slice(0, 32);

function contentOf(bytes: Uint8Array, now: Instant): Pick<DecodedToken, 'orgName' | 'expiresAt'> {
  const content = objectOf(jsonOf(bytes));
  if (!content)
    throw new Refusal(
      'INVALID_TOKEN_NOT_JSON',
      `This is not a complete content token: its content is not a JSON object. ${download}`,
    );
  const { token, orgName, expDate } = content;
  if (typeof token !== 'string' || token === '' || typeof orgName !== 'string' || typeof expDate !== 'string')
    throw new Refusal(
      'INVALID_TOKEN_KEYS',
      `This is not a content token: token, expDate or orgName is missing. ${download}`,
    );
  const expiresAt = appleDate(expDate);
  if (expiresAt === null)
    throw new Refusal(
      'INVALID_TOKEN_DATE',
      `The expiry date of this content token cannot be read. ${download}`,
    );
  if (expiresAt <= now)
    throw new Refusal(
      'REJECTED_TOKEN_EXPIRED',
      `This content token has expired. Download it again for the same location. ${download}`,
      { expiredAt: isoTime(expiresAt) },
    );
  return { orgName: orgName.trim(), expiresAt };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

// Editors on Windows save as UTF-16, with a byte order mark.
function textOfFile(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff)
    return Buffer.from(bytes.slice(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  return new TextDecoder('utf-8').decode(bytes);
}

const enrolmentToken = (): Refusal =>
  new Refusal(
    'INVALID_TOKEN_DEP_P7M',
    'This is the server token (.p7m) of a device management service, which is for device enrolment. It holds no ' +
      `licences. ${download}`,
  );

/** S/MIME or PEM around a PKCS #7 message, or its bytes read as text. */
const isSigned = (text: string): boolean =>
  /^\s*content-type:\s*(application\/(x-)?pkcs7|multipart\/signed)/im.test(text) ||
  /smime\.p7[ms]/i.test(text) ||
  /-----BEGIN (PKCS ?#?7|CMS|SMIME)/i.test(text) ||
  /^0[\u0080-\u0084\u20ac\u201a\u0192\u201e\ufffd]/.test(text);

/** A DER or BER sequence, as PKCS #7 messages are, with a length in the long or indefinite form. */
const isDer = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x30 && bytes[1] !== undefined && bytes[1] >= 0x80 && bytes[1] <= 0x84;
