export { KEY_BYTES, keyIdOf, seal, unseal, type Sealed } from './seal.js';
export { SealingKeyUnusable, parseKey, readKey } from './sealing-key.js';
export { opensVerification, sealedVerification } from './verification.js';
