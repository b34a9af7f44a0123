import type { Persons } from '@seatbook/licensing';
import type { Directory, PersonEntry } from '@seatbook/runtime';

/** The directory as the domain needs it. A person who was forgotten is known by our userId alone. */
export function personsOf(directory: Directory): Persons {
  const entriesOf = async (userIds: readonly string[]): Promise<ReadonlyMap<string, PersonEntry>> => {
    if (userIds.length === 0) return new Map();
    const entries = await directory.entries(userIds);
    return new Map(entries.map((entry) => [keyOf(entry.uId, entry.userId), entry]));
  };
  return {
    userIdsOf: (uId, seen) => directory.userIdsOf(uId, seen),
    async clientUserIdsOf(uId, userIds) {
      const entries = await entriesOf(userIds);
      return userIds.map((userId) => entries.get(keyOf(uId, userId))?.clientUserId ?? userId);
    },
    async detailsOf(uId, userIds) {
      const entries = await entriesOf(userIds);
      return userIds.map((userId) => {
        const ours = entries.get(keyOf('', userId));
        const clientUserId = entries.get(keyOf(uId, userId))?.clientUserId ?? userId;
        return { clientUserId, email: ours?.email ?? null, managedAppleId: ours?.managedAppleId ?? null };
      });
    },
  };
}

const keyOf = (uId: string, userId: string): string => `${uId}/${userId}`;
