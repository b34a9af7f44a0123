import type { AppleAssignment } from '@seatbook/licensing';
import { objectOf, textOf } from './json-shape.js';
import type { ListShape } from './paged-list.js';
import { assetIdOf } from './reply.js';

/** GET assignments. Apple's rule: exactly one of serial number and client user id per record. */
export const assignmentList: ListShape<AppleAssignment> = {
  endpoint: 'getAssignments',
  member: 'assignments',
  decode: assignmentOf,
  keyOf: ({ adamId, pricingParam, serialNumber, clientUserId }) =>
    JSON.stringify([adamId, pricingParam, serialNumber, clientUserId]),
};

/** Null if it names no asset, no holder, or two holders. */
export function assignmentOf(value: unknown): AppleAssignment | null {
  const record = objectOf(value);
  const id = assetIdOf(record);
  const serialNumber = textOf(record?.['serialNumber']);
  const clientUserId = textOf(record?.['clientUserId']);
  if (!id || (serialNumber === null) === (clientUserId === null)) return null;
  return { ...id, serialNumber, clientUserId };
}
