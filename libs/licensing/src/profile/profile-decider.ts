import { Refusal, type Command, type Decider } from '@seatbook/kernel';
import type { ProfileEvent, ProfileKind, ProfilePayload, ProfileUser } from './profile-events.js';

export type ProfileCommand =
  | (Command<'RegisterProfile'> & {
      readonly kind: ProfileKind;
      readonly name: string;
      readonly payload: ProfilePayload;
    })
  /** `payload`: null where it keeps the one that it has. */
  | (Command<'ChangeProfile'> & { readonly name: string; readonly payload: ProfilePayload | null })
  /** Settings are about to name it as a profile of this kind. */
  | (Command<'NoteUse'> & ProfileUser & { readonly kind: ProfileKind })
  /** `unused`: settings that were looked at and do not name it. */
  | (Command<'DeleteProfile'> & { readonly unused: readonly ProfileUser[] })
  | Command<'RecordPayloadForgotten'>;

export interface Profile {
  /** Deleted: its payloads are still to be deleted. */
  readonly phase: 'none' | 'registered' | 'deleted' | 'forgotten';
  readonly kind: ProfileKind;
  readonly name: string;
  readonly payload: ProfilePayload;
  /** Settings that named it at some time; whether they do, they say themselves. */
  readonly users: readonly ProfileUser[];
}

/** As many settings may name one profile. */
const MAX_USERS = 1_000;

export const profileDecider: Decider<ProfileCommand, Profile, ProfileEvent> = {
  initial: () => ({
    phase: 'none',
    kind: 'VPN',
    name: '',
    payload: { fingerprint: '', vpnUuid: null },
    users: [],
  }),

  decide(command, profile) {
    switch (command.type) {
      case 'RegisterProfile': {
        const { kind, name, payload } = command;
        return profile.phase === 'none'
          ? [{ type: 'profile.registered', data: { kind, name, ...payload } }]
          : [];
      }
      case 'ChangeProfile':
        return changed(command, mustBeThere(profile));
      case 'NoteUse': {
        const { uId, adamId, kind } = command;
        if (mustBeThere(profile).kind !== kind) throw unknownProfile();
        if (profile.users.some((user) => isSame(user, command))) return [];
        if (profile.users.length >= MAX_USERS)
          throw new Refusal('REJECTED_PROFILE_IN_USE', `up to ${MAX_USERS} settings may name one profile`);
        return [{ type: 'profile.use-noted', data: { uId, adamId } }];
      }
      case 'DeleteProfile': {
        const { users } = mustBeThere(profile);
        const usedBy = users.filter((user) => !command.unused.some((other) => isSame(user, other)));
        if (usedBy.length > 0)
          throw new Refusal('REJECTED_PROFILE_IN_USE', 'settings of apps name this profile', {
            usedBy: usedBy.map(({ uId, adamId }) => ({ accountId: uId, adamId })),
          });
        return [{ type: 'profile.deleted', data: {} }];
      }
      case 'RecordPayloadForgotten':
        return profile.phase === 'deleted' ? [{ type: 'profile.payload-forgotten', data: {} }] : [];
    }
  },

  evolve(profile, event) {
    switch (event.type) {
      case 'profile.registered': {
        const { kind, name, fingerprint, vpnUuid } = event.data;
        return { ...profile, phase: 'registered', kind, name, payload: { fingerprint, vpnUuid } };
      }
      case 'profile.changed': {
        const { name, fingerprint, vpnUuid } = event.data;
        return { ...profile, name, payload: { fingerprint, vpnUuid } };
      }
      case 'profile.use-noted':
        return { ...profile, users: [...profile.users, event.data] };
      case 'profile.deleted':
        return { ...profile, phase: 'deleted', users: [] };
      case 'profile.payload-forgotten':
        return { ...profile, phase: 'forgotten' };
    }
  },
};

function changed(
  { name, payload }: ProfileCommand & { type: 'ChangeProfile' },
  profile: Profile,
): ProfileEvent[] {
  const after = payload ?? profile.payload;
  // Apps on devices are bound to it.
  if (after.vpnUuid !== profile.payload.vpnUuid)
    throw new Refusal('INVALID_PROFILE', 'a profile keeps its VPNUUID: apps are bound to it', {
      vpnUuid: profile.payload.vpnUuid,
    });
  const same = after.fingerprint === profile.payload.fingerprint;
  if (name === profile.name && same) return [];
  return [{ type: 'profile.changed', data: { name, ...after, users: same ? [] : profile.users } }];
}

const isSame = (one: ProfileUser, other: ProfileUser): boolean =>
  one.uId === other.uId && one.adamId === other.adamId;

function mustBeThere(profile: Profile): Profile {
  if (profile.phase !== 'registered') throw unknownProfile();
  return profile;
}

export const unknownProfile = (): Refusal =>
  new Refusal('NOT_FOUND_PROFILE', 'there is no such profile of this kind');

export const weighProfile = ({ users }: Profile): number => 500 + 100 * users.length;
