import { randomBytes, timingSafeEqual } from 'node:crypto';
import { sha256 } from '@seatbook/kernel';
import type { Secrets } from '@seatbook/runtime';

const HASH_NAME = 'owner/key-hash';
/** The key itself, sealed, until somebody has used it. */
const UNUSED_NAME = 'owner/key-unused';

/** Where the owner key comes from. */
export interface OwnerKeySource {
  /** Chosen by the operator; replaces the stored one. */
  readonly key: string | null;
  readonly resetKey: boolean;
  /** Whether one is made when none is stored: where many processes share the stores, who would see it? */
  readonly mayMake: boolean;
}

/**
 * The one key of the deployment's owner. Only its SHA-256 is kept: the key is 256 random bits, which cannot be guessed,
 * so a slow hash would protect nothing, and every request is checked in microseconds. A key of the operator's own must
 * be long enough for that, which the configuration enforces. A key that a start has created is also kept sealed until
 * it is first used: if that start fails or is killed before anyone has read its output, nothing is lost.
 */
export class OwnerKey {
  readonly #hash: Buffer;
  #unused: boolean;
  /** Resolves when a key that was used is no longer kept. */
  forgotten: Promise<void> = Promise.resolve();

  private constructor(
    private readonly secrets: Secrets,
    hash: string,
    /** The key itself, as long as nobody has used it: to be shown at each start. */
    readonly unused: string | null,
  ) {
    this.#hash = Buffer.from(hash);
    this.#unused = unused !== null;
  }

  /**
   * Opens the stored key; makes one on first start or when a reset is wanted; a chosen one replaces it.
   * @throws when there is none and none may be made
   */
  static async open(secrets: Secrets, { key, resetKey, mayMake }: OwnerKeySource): Promise<OwnerKey> {
    if (key !== null) {
      await secrets.delete(UNUSED_NAME);
      const hash = sha256(key);
      if (hash !== (await secrets.get(HASH_NAME))) await secrets.put(HASH_NAME, hash);
      return new OwnerKey(secrets, hash, null);
    }
    if (resetKey) {
      const made = newKey();
      await secrets.put(UNUSED_NAME, made);
      await secrets.put(HASH_NAME, sha256(made));
      return new OwnerKey(secrets, sha256(made), made);
    }
    const known = await secrets.get(HASH_NAME);
    if (known === null && !mayMake) {
      throw new Error(
        'SEATBOOK_OWNER_KEY or SEATBOOK_OWNER_KEY_FILE must be given: with servers, no process makes an owner key. Make one with: openssl rand -hex 32',
      );
    }
    // Of several processes at a first start one makes the key, and the others open it.
    const unused =
      known === null ? await secrets.putIfAbsent(UNUSED_NAME, newKey()) : await secrets.get(UNUSED_NAME);
    if (unused === null) return new OwnerKey(secrets, known as string, null);
    const hash = await secrets.putIfAbsent(HASH_NAME, sha256(unused));
    return new OwnerKey(secrets, hash, hash === sha256(unused) ? unused : null);
  }

  /** In constant time. The first use ends the showing of a key that a start has made. */
  matches(given: string): boolean {
    const matches = timingSafeEqual(this.#hash, Buffer.from(sha256(given)));
    if (matches && this.#unused) {
      this.#unused = false;
      this.forgotten = this.secrets.delete(UNUSED_NAME).catch(() => void (this.#unused = true));
    }
    return matches;
  }
}

const newKey = (): string => `sbk_${randomBytes(32).toString('base64url')}`;
