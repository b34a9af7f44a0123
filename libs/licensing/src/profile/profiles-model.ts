import { idOf, readModel, type Instant } from '@seatbook/kernel';
import type { ProfileEvent, ProfileKind } from './profile-events.js';

export interface ProfileDocument {
  profileId: string;
  name: string;
  kind: ProfileKind;
  /** What apps name that use the VPN; null for a Single Sign-On. */
  vpnUuid: string | null;
  createdAt: Instant;
  /** When it was called or filled otherwise last. */
  changedAt: Instant;
}

export const profilesModel = readModel<ProfileDocument, ProfileEvent>()({
  name: 'profiles',
  version: 1,
  on: {
    'profile.registered'({ stream, metadata, data: { name, kind, vpnUuid } }) {
      const profileId = idOf(stream);
      const createdAt = metadata.recordedAt;
      const profile = { profileId, name, kind, vpnUuid, createdAt, changedAt: createdAt };
      return [{ key: profileId, evolve: () => profile }];
    },
    'profile.changed': ({ stream, metadata, data: { name } }) => [
      {
        key: idOf(stream),
        evolve: (profile) => profile && { ...profile, name, changedAt: metadata.recordedAt },
      },
    ],
    'profile.deleted': ({ stream }) => [{ key: idOf(stream), evolve: () => null }],
  },
  indexes: [
    { name: 'by-time', fields: ['createdAt', 'profileId'] },
    { name: 'by-kind', fields: ['kind', 'createdAt', 'profileId'] },
  ],
});
