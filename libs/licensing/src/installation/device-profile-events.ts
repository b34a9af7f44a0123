import { firstVersions, type Instant } from '@seatbook/kernel';
import type { DeviceProfile } from '../device-profile.js';

type Event<T extends string, D = object> = { readonly type: `installation.profile-${T}`; readonly data: D };

/**
 * Why a device has not got its profile. Each has an exit: another try of ours where one is noted, else the next word of
 * the device, a change of settings, or another enrolment.
 */
export type ProfileFailure =
  /** The device does not take it. */
  | 'refused'
  /** The device says nothing, or its answers were lost. */
  | 'unanswered'
  /** The MDM server does not take the command. */
  | 'not-queued';

/** The one profile of a device that holds all that settings of its apps ask for. */
export type DeviceProfileEvent =
  /** What its apps ask for may have changed: it is composed at that moment. */
  | Event<'doubted', { readonly composeAt: Instant }>
  /** The device has what they ask for, or is being sent it. `unnamed`: an app has not told its bundle id yet. */
  | Event<'kept', { readonly unnamed: boolean }>
  /** It is sent; null: it is removed, since nobody asks for anything. `lookAt`: again then, where nobody answers. */
  | Event<
      'asked',
      {
        readonly uuid: string;
        readonly digest: string;
        readonly profile: DeviceProfile | null;
        readonly unnamed: boolean;
        readonly lookAt: Instant;
      }
    >
  /** NotNow: the device takes it later. */
  | Event<'put-off', { readonly uuid: string; readonly lookAt: Instant }>
  /** The device has this content from now on; an empty digest: it has none. */
  | Event<'taken', { readonly uuid: string; readonly digest: string }>
  /** The device carried out an earlier command late: it may have what was asked for then. */
  | Event<'overtaken', { readonly uuid: string }>
  /** `again`: it is composed and sent again then; null: not by itself. `code`: the device's error. */
  | Event<
      'failed',
      {
        readonly uuid: string;
        readonly reason: ProfileFailure;
        readonly code: number | null;
        readonly again: Instant | null;
      }
    >
  /** Profiles of an enrolment go with it. */
  | Event<'lost'>;

export const deviceProfileEventTypes = firstVersions<DeviceProfileEvent>({
  'installation.profile-doubted': true,
  'installation.profile-kept': true,
  'installation.profile-asked': true,
  'installation.profile-put-off': true,
  'installation.profile-taken': true,
  'installation.profile-overtaken': true,
  'installation.profile-failed': true,
  'installation.profile-lost': true,
});
