import { idOf, readModel, type Instant } from '@seatbook/kernel';
import { holderKeys, type HolderKey } from '../holder.js';
import type { GroupEvent } from './group-events.js';

/** A member of a group. */
export interface GroupMemberDocument {
  groupId: string;
  /** `d:{serial number}` or `u:{userId}`. */
  holder: HolderKey;
  since: Instant;
}

const memberKey = (groupId: string, holder: HolderKey): string => `${groupId}|${holder}`;

export const groupMembersModel = readModel<GroupMemberDocument, GroupEvent>()({
  name: 'group-members',
  version: 1,
  on: {
    'group.members-joined'({ stream, metadata, data }) {
      const groupId = idOf(stream);
      const since = metadata.recordedAt;
      return holderKeys(data).map((holder) => ({
        key: memberKey(groupId, holder),
        evolve: () => ({ groupId, holder, since }),
      }));
    },
    'group.members-left': ({ stream, data }) =>
      holderKeys(data).map((holder) => ({ key: memberKey(idOf(stream), holder), evolve: () => null })),
  },
  indexes: [
    { name: 'by-group', fields: ['groupId', 'holder'] },
    { name: 'by-holder', fields: ['holder', 'groupId'] },
  ],
});
