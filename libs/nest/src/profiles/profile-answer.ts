import { isoTime, numberOf } from '@seatbook/kernel';
import type { ChangedProfile, ProfileFound } from '@seatbook/application';
import type { ProfileDocument } from '@seatbook/licensing';
import { Count, Flag, Links, OneOf, Part, Parts, Text, TextOrNull, TimeOrNull } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

export const PROFILE_KINDS = ['VPN', 'SSO'] as const;

const PROFILE_LINKS = { self: '/api/v1/profiles/5c1f3b7e-8f0a-4d2b-9a61-0c7e5d4f2b13' };

type ProfileLinks = typeof PROFILE_LINKS;

export const profileLinks = (profileId: string): ProfileLinks => ({
  self: `${API}/profiles/${encodeURIComponent(profileId)}`,
});

export class ProfileAnswer {
  @Text('5c1f3b7e-8f0a-4d2b-9a61-0c7e5d4f2b13')
  profileId!: string;

  @Text('Office VPN')
  name!: string;

  @OneOf(PROFILE_KINDS, 'VPN')
  kind!: string;

  @TextOrNull(
    '11111111-2222-4333-8444-555555555555',
    'What apps name that use the VPN; null for a Single Sign-On.',
  )
  vpnUuid!: string | null;

  @TimeOrNull()
  createdAt!: string | null;

  @TimeOrNull('When it got another name or payload last.')
  changedAt!: string | null;

  @Links(PROFILE_LINKS)
  links!: ProfileLinks;
}

class ProfileUserAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @TextOrNull('900000001', 'The app; null for what its account says of all its apps.')
  adamId!: string | null;
}

export class ProfileWithUsers extends ProfileAnswer {
  @Parts(() => ProfileUserAnswer, 'Settings that name it.')
  usedBy!: ProfileUserAnswer[];

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const profileAnswer = ({
  profileId,
  name,
  kind,
  vpnUuid,
  createdAt,
  changedAt,
}: ProfileDocument): ProfileAnswer => ({
  profileId,
  name,
  kind,
  vpnUuid,
  createdAt: isoTime(createdAt),
  changedAt: isoTime(changedAt),
  links: profileLinks(profileId),
});

export const profileWithUsers = ({ profile, usedBy, asOf }: ProfileFound): ProfileWithUsers => ({
  ...profileAnswer(profile),
  usedBy: usedBy.map(({ uId, adamId }) => ({ accountId: uId, adamId })),
  asOf: asOfAnswer(asOf),
});

export class ChangedProfileAnswer {
  @Text('5c1f3b7e-8f0a-4d2b-9a61-0c7e5d4f2b13')
  profileId!: string;

  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;

  @Flag(false, 'The same request had been made before.')
  repeated!: boolean;

  @Links(PROFILE_LINKS)
  links!: ProfileLinks;
}

export const changedProfileAnswer = ({
  profileId,
  position,
  repeated,
}: ChangedProfile): ChangedProfileAnswer => ({
  profileId,
  position: numberOf(position),
  repeated,
  links: profileLinks(profileId),
});
