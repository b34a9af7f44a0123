/** What Apple hands to people and sends to us: read without asking Apple anything. */
export { documentedLimits, documentedRequestsPerSecond } from './documented-limits.js';
export type { ErrorClass } from './error-numbers.js';
export { classOf, meaningOf } from './error-numbers.js';
export type { AppleNotification } from './notification.js';
export { decodeNotification } from './notification.js';
export type { DecodedToken } from './token-file.js';
export { decodeToken, fingerprintOf } from './token-file.js';
