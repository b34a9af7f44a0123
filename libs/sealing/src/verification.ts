import { KEY_BYTES, seal, unseal, type Sealed } from './seal.js';
import { SealingKeyUnusable } from './sealing-key.js';

const VERIFICATION = 'verification of the sealing key';

/**
 * A text by which a store remembers the key that sealed first, so that a wrong key stops the start and not the first use.
 * @throws SealingKeyUnusable for a key of another length
 */
export function sealedVerification(key: Buffer): Sealed {
  if (key.length !== KEY_BYTES)
    throw new SealingKeyUnusable(`the sealing key has ${key.length} bytes instead of ${KEY_BYTES}`);
  return seal(key, VERIFICATION, VERIFICATION);
}

/** Whether a key is the one that sealed this verification. */
export const opensVerification = (key: Buffer, sealed: Sealed): boolean =>
  unseal(key, VERIFICATION, sealed) === VERIFICATION;
