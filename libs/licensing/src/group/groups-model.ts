import { idOf, readModel, type Change, type Envelope, type Instant } from '@seatbook/kernel';
import { holderCount } from '../holder.js';
import type { GroupEvent, GroupKind } from './group-events.js';

export interface GroupDocument {
  groupId: string;
  name: string;
  kind: GroupKind;
  /** Whether later joiners get what its orders gave, and leavers give it back. */
  follows: boolean;
  /** Number of its members. */
  members: number;
  createdAt: Instant;
}

const changed = ({ stream }: Envelope, change: (group: GroupDocument) => Partial<GroupDocument> | null) => {
  const evolve: Change<GroupDocument>['evolve'] = (group) => {
    const after = group && change(group);
    return group && after ? { ...group, ...after } : null;
  };
  return [{ key: idOf(stream), evolve }];
};

export const groupsModel = readModel<GroupDocument, GroupEvent>()({
  name: 'groups',
  version: 1,
  on: {
    'group.created'({ stream, metadata, data: { name, kind, follows } }) {
      const groupId = idOf(stream);
      const group = { groupId, name, kind, follows, members: 0, createdAt: metadata.recordedAt };
      return [{ key: groupId, evolve: () => group }];
    },
    'group.renamed': (event) => changed(event, () => ({ name: event.data.name })),
    'group.policy-set': (event) => changed(event, () => ({ follows: event.data.follows })),
    'group.deleted': (event) => changed(event, () => null),
    'group.members-joined': (event) =>
      changed(event, ({ members }) => ({ members: members + holderCount(event.data) })),
    'group.members-left': (event) =>
      changed(event, ({ members }) => ({ members: members - holderCount(event.data) })),
  },
  indexes: [
    { name: 'by-time', fields: ['createdAt', 'groupId'] },
    { name: 'by-kind', fields: ['kind', 'createdAt', 'groupId'] },
  ],
});
