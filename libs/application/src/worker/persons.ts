import type { Persons } from '@seatbook/licensing';
import type { Directory } from '@seatbook/runtime';

/** The directory as the domain needs it. A person who was forgotten is known by our userId alone. */
export const personsOf = (directory: Directory): Persons => ({
  userIdsOf: (uId, seen) => directory.userIdsOf(uId, seen),
  async clientUserIdsOf(userIds) {
    if (userIds.length === 0) return [];
    const entries = new Map(
      (await directory.entries(userIds)).map((entry) => [entry.userId, entry.clientUserId]),
    );
    return userIds.map((userId) => entries.get(userId) ?? userId);
  },
});
