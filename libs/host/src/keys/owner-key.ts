import { randomBytes, timingSafeEqual } from 'node:crypto';
import { sha256 } from '@seatbook/kernel';
import type { Secrets } from '@seatbook/runtime';

const HASH_NAME = 'owner/key-hash';

/**
 * The one key of the deployment's owner. Only its SHA-256 is kept: the key is 256 random bits, so there is nothing to
 * guess that a slow hash would protect, and every request is checked in microseconds. A key that the operator chose
 * must be as long as makes guessing hopeless, which the configuration demands.
 */
export class OwnerKey {
  readonly #hash: Buffer;

  private constructor(
    hash: string,
    /** The key itself, when this start has made it: to be shown once and forgotten. */
    readonly made: string | null,
  ) {
    this.#hash = Buffer.from(hash);
  }

  /** Opens the stored key; makes one on first start or when a reset is wanted; a chosen one replaces it. */
  static async open(
    secrets: Secrets,
    { key, resetKey }: { readonly key: string | null; readonly resetKey: boolean },
  ): Promise<OwnerKey> {
    if (key !== null) {
      const hash = sha256(key);
      if (hash !== (await secrets.get(HASH_NAME))) await secrets.put(HASH_NAME, hash);
      return new OwnerKey(hash, null);
    }
    const made = `sbk_${randomBytes(32).toString('base64url')}`;
    const hash = sha256(made);
    if (resetKey) {
      await secrets.put(HASH_NAME, hash);
      return new OwnerKey(hash, made);
    }
    // Of several processes at a first start one makes the key, and the others open it.
    const kept = await secrets.putIfAbsent(HASH_NAME, hash);
    return new OwnerKey(kept, kept === hash ? made : null);
  }

  /** In constant time. */
  matches(given: string): boolean {
    return timingSafeEqual(this.#hash, Buffer.from(sha256(given)));
  }
}
