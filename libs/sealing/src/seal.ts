import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

export const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed text as a row holds it. `sealed` is the ciphertext with its tag behind it. */
export interface Sealed {
  readonly keyId: string;
  readonly iv: Buffer;
  readonly sealed: Buffer;
}

/** Identifies a key without revealing it: eight hexadecimal digits. */
export const keyIdOf = (key: Buffer): string =>
  createHash('sha256').update('seatbook key id').update(key).digest('hex').slice(0, 8);

/**
 * Seals a text with AES-256-GCM under a random 96-bit IV. `name` and the key's id are associated data: moved to another
 * row, it does not open. Random IVs are safe for 2^32 texts under one key, far more than tokens are ever imported.
 */
export function seal(key: Buffer, name: string, text: string): Sealed {
  const keyId = keyIdOf(key);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(keyId, name));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { keyId, iv, sealed };
}

/** The text again, or null if the key, the name or any bit differs. */
export function unseal(key: Buffer, name: string, { keyId, iv, sealed }: Sealed): string | null {
  if (keyId !== keyIdOf(key) || iv.length !== IV_BYTES || sealed.length < TAG_BYTES) return null;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(associated(keyId, name));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const text = Buffer.concat([
      decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)),
      decipher.final(),
    ]);
    return text.toString('utf8');
  } catch {
    return null;
  }
}

const associated = (keyId: string, name: string): Buffer => Buffer.from(`seatbook secret\0${keyId}\0${name}`);
