import { isoTime, numberOf } from '@seatbook/kernel';
import type { ChangedGroup } from '@seatbook/application';
import { idOfAsset, type GroupDocument, type GroupMemberDocument, type Standing } from '@seatbook/licensing';
import { Count, Flag, Links, OneOf, Part, Text, TextOrNull, TimeOrNull } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { HolderAnswer, holderAnswer } from '../pairs/holder-answer.js';
import { AsOfAnswer } from '../reading/as-of.js';

export const GROUP_KINDS = ['devices', 'persons'] as const;

const GROUP_LINKS = {
  self: '/api/v1/groups/8d1f3c52-0a4e-4b7d-9c3f-6f1e2d3c4b5a',
  members: '/api/v1/groups/8d1f3c52-0a4e-4b7d-9c3f-6f1e2d3c4b5a/members',
  standing: '/api/v1/groups/8d1f3c52-0a4e-4b7d-9c3f-6f1e2d3c4b5a/standing',
};

type GroupLinks = typeof GROUP_LINKS;

export const groupLinks = (groupId: string): GroupLinks => {
  const self = `${API}/groups/${encodeURIComponent(groupId)}`;
  return { self, members: `${self}/members`, standing: `${self}/standing` };
};

export class GroupAnswer {
  @Text('8d1f3c52-0a4e-4b7d-9c3f-6f1e2d3c4b5a')
  groupId!: string;

  @Text('Class 7b')
  name!: string;

  @OneOf(GROUP_KINDS, 'persons')
  kind!: string;

  @Flag(true, 'Whether later joiners get what its orders gave, and leavers give it back.')
  follows!: boolean;

  @Count(25)
  members!: number;

  @TimeOrNull()
  createdAt!: string | null;

  @Links(GROUP_LINKS)
  links!: GroupLinks;
}

export class GroupWithPosition extends GroupAnswer {
  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const groupAnswer = ({
  groupId,
  name,
  kind,
  follows,
  members,
  createdAt,
}: GroupDocument): GroupAnswer => ({
  groupId,
  name,
  kind,
  follows,
  members,
  createdAt: isoTime(createdAt),
  links: groupLinks(groupId),
});

export class MemberAnswer extends HolderAnswer {
  @TimeOrNull('When it joined.')
  since!: string | null;
}

export const memberAnswer = ({ holder, since }: GroupMemberDocument): MemberAnswer => ({
  ...holderAnswer(holder),
  since: isoTime(since),
});

export class StandingAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @OneOf(['wait', 'refuse'], 'wait', 'What becomes of a joiner for whom no licence is available.')
  ifShort!: string;

  @Flag(false, 'Joiners may have the licences that are kept back.')
  fromReserve!: boolean;

  @TextOrNull(null)
  platform!: string | null;
}

export const standingAnswer = ({ uId, asset, ifShort, fromReserve, platform }: Standing): StandingAnswer => ({
  accountId: uId,
  assetId: idOfAsset(asset),
  ifShort,
  fromReserve,
  platform,
});

export class ChangedGroupAnswer {
  @Text('8d1f3c52-0a4e-4b7d-9c3f-6f1e2d3c4b5a')
  groupId!: string;

  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;

  @Flag(false, 'The same request had been made before.')
  repeated!: boolean;

  @Links(GROUP_LINKS)
  links!: GroupLinks;
}

export const changedGroupAnswer = ({ groupId, position, repeated }: ChangedGroup): ChangedGroupAnswer => ({
  groupId,
  position: numberOf(position),
  repeated,
  links: groupLinks(groupId),
});
