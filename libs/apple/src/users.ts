import type { AppleUser } from '@seatbook/licensing';
import { objectOf, textOf } from './json-shape.js';
import type { ListShape } from './paged-list.js';

/** GET users. Apple's rule: several records may share a client user id, at most one of them active. */
export const userList: ListShape<AppleUser> = {
  endpoint: 'getUsers',
  member: 'users',
  decode: userOf,
  keyOf: ({ clientUserId, email, status, idHash }) => JSON.stringify([clientUserId, email, status, idHash]),
};

/** Null if it names nobody. */
export function userOf(value: unknown): AppleUser | null {
  const record = objectOf(value);
  const clientUserId = textOf(record?.['clientUserId']);
  if (!record || clientUserId === null) return null;
  return {
    clientUserId,
    email: textOf(record['email']),
    status: textOf(record['status']) ?? 'Unknown',
    idHash: textOf(record['idHash']),
    inviteCode: textOf(record['inviteCode']),
  };
}
