import type { Instant } from '@seatbook/kernel';
import type { DeviceProfile } from '../device-profile.js';
import type { DeviceProfileEvent } from './device-profile-events.js';

/** The profile of a device: what it has, and what it is sent. */
export interface DeviceProfileState {
  /** When it is composed anew; null: what it asks for is known. */
  readonly composeAt: Instant | null;
  /** Some app of the device has asked for something at some time. */
  readonly used: boolean;
  /** An app that asks for something has not told its bundle id. */
  readonly unnamed: boolean;
  /** The digest of what the device has; empty for none, null where nobody knows. */
  readonly inForce: string | null;
  /** Sent, and not answered yet. `lookAt`: when it is sent again. */
  readonly asked: {
    readonly uuid: string;
    readonly digest: string;
    readonly profile: DeviceProfile | null;
    readonly lookAt: Instant;
    readonly putOff: boolean;
  } | null;
  /** The digest that was sent last, and how often in a row. */
  readonly digest: string;
  readonly attempts: number;
  /** Commands before the last one that were never answered: the device may still carry them out. */
  readonly earlier: readonly { readonly uuid: string; readonly digest: string }[];
  /** It is tried again when the device speaks. */
  readonly silent: boolean;
}

export const noProfile = (): DeviceProfileState => ({
  composeAt: null,
  used: false,
  unnamed: false,
  inForce: '',
  asked: null,
  digest: '',
  attempts: 0,
  earlier: [],
  silent: false,
});

/** As many unanswered commands are remembered. */
const MAX_EARLIER = 20;

/** When something is to be done about it; null where nothing is. */
export function nextOfProfile({ composeAt, asked }: DeviceProfileState): Instant | null {
  if (composeAt === null) return asked?.lookAt ?? null;
  return asked === null ? composeAt : Math.min(composeAt, asked.lookAt);
}

/** How the profile of a device stands. */
export const PROFILE_STATES = [
  'none',
  'changing',
  'sent',
  'put-off',
  'removing',
  'installed',
  'retrying',
  'failed',
  'unknown',
] as const;

export type ProfileState = (typeof PROFILE_STATES)[number];

export function profileStateOf({
  asked,
  silent,
  composeAt,
  attempts,
  inForce,
}: Omit<DeviceProfileState, 'earlier'>): ProfileState {
  if (asked !== null) {
    if (asked.putOff) return 'put-off';
    return asked.profile === null ? 'removing' : 'sent';
  }
  if (composeAt !== null) return inForce === null && attempts > 0 ? 'retrying' : 'changing';
  if (silent) return 'failed';
  if (inForce === null) return 'unknown';
  return inForce === '' ? 'none' : 'installed';
}

/** Whether the device has one, or may have one. */
export const mayHaveProfile = ({ inForce, asked }: DeviceProfileState): boolean =>
  inForce !== '' || asked !== null;

/** What it asks for may be another content by now. */
export const composedAnew = (state: DeviceProfileState): DeviceProfileState =>
  state.used ? { ...state, composeAt: 0 } : state;

/** The device speaks: what it did not answer is tried again. */
export const heardByProfile = (state: DeviceProfileState): DeviceProfileState =>
  state.silent ? { ...state, silent: false, composeAt: 0 } : state;

export function evolveProfile(state: DeviceProfileState, event: DeviceProfileEvent): DeviceProfileState {
  switch (event.type) {
    case 'installation.profile-doubted':
      return { ...state, used: true, composeAt: event.data.composeAt };
    case 'installation.profile-kept':
      return { ...state, composeAt: null, unnamed: event.data.unnamed };
    case 'installation.profile-asked': {
      const { uuid, digest, profile, unnamed, lookAt } = event.data;
      return {
        ...state,
        composeAt: null,
        unnamed,
        inForce: null,
        earlier: unanswered(state),
        asked: { uuid, digest, profile, lookAt, putOff: false },
        digest,
        attempts: digest === state.digest ? state.attempts + 1 : 1,
        silent: false,
      };
    }
    case 'installation.profile-put-off':
      return {
        ...state,
        asked: state.asked && { ...state.asked, lookAt: event.data.lookAt, putOff: true },
      };
    case 'installation.profile-taken':
      return {
        ...state,
        inForce: event.data.digest,
        asked: null,
        attempts: 0,
        silent: false,
        earlier: state.earlier.filter(({ uuid }) => uuid !== event.data.uuid),
      };
    case 'installation.profile-overtaken': {
      const earlier = unanswered(state).filter(({ uuid }) => uuid !== event.data.uuid);
      return { ...state, earlier, asked: null, inForce: null, composeAt: 0 };
    }
    case 'installation.profile-failed': {
      const { reason, again } = event.data;
      const earlier = reason === 'refused' ? state.earlier : unanswered(state);
      const attempts = again === null ? 0 : state.attempts;
      return { ...state, earlier, asked: null, composeAt: again, attempts, silent: again === null };
    }
    case 'installation.profile-lost':
      return { ...noProfile(), used: true, composeAt: 0 };
  }
}

const unanswered = ({ earlier, asked }: DeviceProfileState): DeviceProfileState['earlier'] =>
  asked === null ? earlier : [...earlier, { uuid: asked.uuid, digest: asked.digest }].slice(-MAX_EARLIER);
