import type { AppleEventFailure, AppleStatus } from '@seatbook/licensing';
import { meaningOf } from './error-numbers.js';
import { integerOf, type JsonObject, listOf, objectOf, textOf, textsOf } from './json-shape.js';
import { assetIdsOf } from './reply.js';

/**
 * GET status; null if the answer cannot be parsed. Apple's rules: FAILED does not mean that nothing happened, and a
 * failure that names only one dimension applies to all of the others.
 */
export function eventStatusOf(body: JsonObject): AppleStatus | null {
  const status = textOf(body['eventStatus']);
  if (status !== 'PENDING' && status !== 'COMPLETE' && status !== 'FAILED') return null;
  const failures = (listOf(body['failures']) ?? []).map(failureOf);
  if (!failures.every((failure) => failure !== null)) return null;
  return {
    status,
    requested: integerOf(body['numRequested']) ?? 0,
    completed: integerOf(body['numCompleted']) ?? 0,
    failures,
  };
}

function failureOf(value: unknown): AppleEventFailure | null {
  const failure = objectOf(value);
  const errorNumber = integerOf(failure?.['errorNumber']);
  if (!failure || errorNumber === null) return null;
  const info = objectOf(failure['errorInfo']);
  return {
    errorNumber,
    reason: textOf(failure['errorMessage']) ?? meaningOf(errorNumber),
    assets: assetIdsOf(info?.['assets']),
    serialNumbers: textsOf(info?.['serialNumbers']),
    clientUserIds: textsOf(info?.['clientUserIds']),
  };
}
