import { firstVersions } from '@seatbook/kernel';

type Event<T extends string, D = object> = { readonly type: `profile.${T}`; readonly data: D };

/** What a profile is for: a VPN of single apps, or a Single Sign-On. */
export type ProfileKind = 'VPN' | 'SSO';

/** A payload, which may hold secrets and is kept sealed: what the history knows of it. */
export interface ProfilePayload {
  /** Another one for another payload; it tells nothing of it. */
  readonly fingerprint: string;
  /** What apps name that use the VPN; null for a Single Sign-On. */
  readonly vpnUuid: string | null;
}

/** Settings that name a profile: of an app, or (null) of all apps of an account. */
export interface ProfileUser {
  readonly uId: string;
  readonly adamId: string | null;
}

/** A profile that settings of apps may name: `profile-{profileId}`. */
export type ProfileEvent =
  | Event<'registered', ProfilePayload & { readonly kind: ProfileKind; readonly name: string }>
  /** What it is called and has from now on; its VPNUUID stays. `users`: settings that may name it, where it has another payload. */
  | Event<'changed', ProfilePayload & { readonly name: string; readonly users: readonly ProfileUser[] }>
  /** These settings are about to name it. */
  | Event<'use-noted', ProfileUser>
  | Event<'deleted'>
  /** Its payloads are deleted, too. */
  | Event<'payload-forgotten'>;

export const profileEventTypes = firstVersions<ProfileEvent>({
  'profile.registered': true,
  'profile.changed': true,
  'profile.use-noted': true,
  'profile.deleted': true,
  'profile.payload-forgotten': true,
});
