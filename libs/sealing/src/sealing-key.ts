import { readFileSync, statSync } from 'node:fs';
import { KEY_BYTES } from './seal.js';

/** The key that seals the secrets is missing, malformed, unprotected or the wrong one. The message says what to do. */
export class SealingKeyUnusable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SealingKeyUnusable';
  }
}

/** The key in a file that nobody else may read. @throws SealingKeyUnusable */
export function readKey(file: string): Buffer {
  const mode = statSync(file).mode & 0o777;
  // Windows has no such bits.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new SealingKeyUnusable(
      `${file} can be read by others (mode ${mode.toString(8).padStart(4, '0')}): run chmod 600 on it, and change the key if others had access`,
    );
  }
  return parseKey(readFileSync(file, 'utf8'), file);
}

/**
 * The key as text: 32 bytes in base64 or 64 hexadecimal digits.
 * @param source what the message calls the text, which it never repeats
 * @throws SealingKeyUnusable
 */
export function parseKey(text: string, source: string): Buffer {
  const trimmed = text.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : Buffer.from(trimmed, 'base64');
  // The comparison finds characters that Buffer.from silently skips.
  const exact = key.toString('hex') === trimmed.toLowerCase() || key.toString('base64') === trimmed;
  if (key.length !== KEY_BYTES || !exact) {
    throw new SealingKeyUnusable(
      `${source} must be ${KEY_BYTES} bytes in base64 (44 characters) or ${2 * KEY_BYTES} hexadecimal digits`,
    );
  }
  return key;
}
