import type { ErrorCode } from '@seatbook/kernel';

// Codes that follow from what an operation takes: they are documented with every operation that takes it.

/** Whatever is asked. Any request may have a malformed head. */
export const ALWAYS: readonly ErrorCode[] = [
  'INVALID_REQUEST',
  'INVALID_HEADERS_TOO_LARGE',
  'INVALID_REQUEST_TIMEOUT',
  'INVALID_MEDIA_TYPE',
  'THROTTLED',
  'BUG_UNEXPECTED',
];

/** What is asked of the log or of the read models. */
export const WITH_KEY: readonly ErrorCode[] = [
  'UNAUTHENTICATED',
  'TRANSIENT_STARTING',
  'TRANSIENT_STOPPING',
  'TRANSIENT_STORE',
  'TRANSIENT_NEWER_BUILD',
  'TRANSIENT_BEHIND',
  'CORRUPT_EVENT',
];

export const WITH_PATH_PARAMETER: readonly ErrorCode[] = ['INVALID_ADDRESS', 'INVALID_ADDRESS_TOO_LONG'];

export const WITH_QUERY: readonly ErrorCode[] = ['INVALID_REQUEST'];

export const WITH_BODY: readonly ErrorCode[] = [
  'INVALID_REQUEST',
  'INVALID_BODY',
  'INVALID_BODY_TOO_DEEP',
  'INVALID_BODY_TOO_LARGE',
];

export const WITH_PARAMETER: Readonly<Record<string, readonly ErrorCode[]>> = {
  cursor: ['INVALID_CURSOR'],
  position: ['INVALID_POSITION'],
  at: ['INVALID_AT'],
  accountId: ['NOT_FOUND_ACCOUNT'],
  'Idempotency-Key': ['INVALID_IDEMPOTENCY_KEY', 'CONFLICT_IDEMPOTENCY_KEY', 'CONFLICT_VERSION'],
  'If-Match': ['CONFLICT_VERSION'],
};
