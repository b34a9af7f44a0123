import { firstVersions, type Instant } from '@seatbook/kernel';
import type { AssetId } from '../ports.js';
import { deviceProfileEventTypes, type DeviceProfileEvent } from './device-profile-events.js';

type Event<T extends string, D> = { readonly type: `installation.${T}`; readonly data: D };

/** Why an app is not installed, or not removed. Each has an exit: another try of ours where one is noted, else a rollout on failed ones. */
export type InstallationFailure =
  /** The device does not find its licence, soon after it was assigned. */
  | 'licence-not-found'
  /** Apple had no licence for it when the command was to be sent. Such an installation is cancelled by now. */
  | 'no-licence'
  /** The device cannot be reached by the MDM server. */
  | 'not-enrolled'
  /** The MDM server does not take the command. */
  | 'not-queued'
  /** A person said no. */
  | 'user-rejected'
  /** Nobody answered the question on the device. */
  | 'prompt-unanswered'
  /** The device put it off until the deadline. */
  | 'put-off'
  /** The device did not come until the deadline. */
  | 'offline'
  /** The device accepted it, and never told how it ended. */
  | 'no-verdict'
  /** The device lost the command: it answers others, and knows nothing of this one. */
  | 'lost'
  /** The device could not install it. */
  | 'install-failed'
  /** The user has installed it, and the device does not let us manage it. */
  | 'not-managed'
  /** The device wants a store account: the licence or the purchase method is wrong. */
  | 'login-required'
  /** A restriction on the device forbids apps. */
  | 'apps-forbidden'
  /** The store has no such app for this device. */
  | 'not-in-store'
  /** Any other refusal of the device. */
  | 'refused'
  /** It left the MDM server, was wiped or retired meanwhile. */
  | 'device-left'
  /** Of a removal: it has its licence again, or is to have it. */
  | 'licensed-again';

/** How a device tells of an app, as far as it is not failed. */
export type AppState = 'installing' | 'prompting' | 'installed' | 'removing' | 'removed';

/** What one look at the device tells of one app. */
export interface AppSeen {
  readonly adamId: string;
  readonly state: AppState | 'absent' | 'failed';
  readonly version: number | null;
  readonly reason: InstallationFailure | null;
  /** When to look again; null where its state is final. */
  readonly lookAt: Instant | null;
}

interface Wanted extends AssetId {
  readonly uId: string;
  readonly orderId: string;
  /** 1 for the first try of an order. */
  readonly attempt: number;
  /** The person by whose licence it is to be there; absent: it is the device's own. */
  readonly userId?: string;
}

/** A licence by which an app was rolled out to a device while it was there by another one. */
export interface WantedBy {
  readonly uId: string;
  readonly pricingParam: string;
  readonly orderId: string;
  /** The person whose licence it is; absent: the device's own. */
  readonly userId?: string;
}

/** What becomes of apps. */
type AppEvent =
  /** The command is this device's from now on; it is sent with those of up to 49 others. */
  | Event<
      'commanded',
      Wanted & {
        readonly uuid: string;
        readonly lookAt: Instant;
        readonly giveUpAt: Instant;
        /** The version that the store has: the app is there in an older one. */
        readonly update?: number;
      }
    >
  /** It is installed, or another command is on its way: this one is not sent to it. `by`: that it was wanted by, where that is another licence than the one it is there by. */
  | Event<'not-needed', { readonly adamId: string; readonly uuid: string; readonly by?: WantedBy }>
  /** The device accepted it, which says nothing about its end. `state`: in Apple's words. */
  | Event<
      'acknowledged',
      {
        readonly adamId: string;
        readonly uuid: string;
        readonly bundleId: string | null;
        readonly prompting: boolean;
        readonly state: string | null;
        readonly lookAt: Instant;
        /** The time to install it begins here. */
        readonly giveUpAt: Instant;
      }
    >
  /** NotNow: the device takes it later, after a push. */
  | Event<'put-off', { readonly adamId: string; readonly uuid: string; readonly lookAt: Instant }>
  /** `again`: the next attempt of the same order is planned then; null: none is. `code`: the device's error. */
  | Event<
      'failed',
      Wanted & {
        readonly uuid: string;
        readonly reason: InstallationFailure;
        readonly code: number | null;
        readonly again: Instant | null;
      }
    >
  /** Its licence goes back, or is gone, before it was installed. `next`: it is installed by this one; absent: nothing more is done about it. */
  | Event<'cancelled', Wanted & { readonly uuid: string; readonly next?: WantedBy }>
  /** The command to remove the app is this device's from now on. */
  | Event<
      'removal-commanded',
      Wanted & { readonly uuid: string; readonly lookAt: Instant; readonly giveUpAt: Instant }
    >
  /** `code`: the device's error; null: it accepted it. The list tells whether the app is gone. */
  | Event<
      'removal-answered',
      {
        readonly adamId: string;
        readonly uuid: string;
        readonly code: number | null;
        readonly lookAt: Instant;
        readonly giveUpAt: Instant;
      }
    >
  /** The app is still there, as far as anybody knows. `again`: the next attempt is planned then; null: none is. */
  | Event<
      'removal-failed',
      Wanted & {
        readonly uuid: string;
        readonly reason: InstallationFailure;
        readonly code: number | null;
        readonly again: Instant | null;
      }
    >
  /** One list command for all apps that are looked at: the device is pushed by it, too. */
  | Event<
      'list-asked',
      {
        readonly uuid: string;
        readonly apps: readonly {
          readonly adamId: string;
          readonly bundleId: string | null;
          /** Its deadline, where a clock that was ahead had noted a later one than there may be. */
          readonly giveUpAt?: Instant;
        }[];
        readonly lookAt: Instant;
      }
    >
  /** The list before was not answered: the device is pushed once more. */
  | Event<'reminded', { readonly lookAt: Instant }>
  /** The list was not taken by the MDM server. */
  | Event<'list-failed', { readonly uuid: string; readonly reason: string; readonly lookAt: Instant }>
  | Event<'listed', { readonly uuid: string; readonly apps: readonly AppSeen[] }>
  /** It left the MDM server or was wiped: what it had is gone, and what was under way never comes. */
  | Event<'device-left', { readonly removed: readonly string[]; readonly failed: readonly string[] }>;

/** All apps of one device: `deviceApps-{device}`. */
export type InstallationEvent = AppEvent | DeviceProfileEvent;

/** An installation that ended without success, or is tried again. */
export type InstallationFailed = Extract<InstallationEvent, { type: 'installation.failed' }>;

export const installationEventTypes = [
  ...firstVersions<AppEvent>({
    'installation.commanded': true,
    'installation.not-needed': true,
    'installation.acknowledged': true,
    'installation.put-off': true,
    'installation.failed': true,
    'installation.cancelled': true,
    'installation.removal-commanded': true,
    'installation.removal-answered': true,
    'installation.removal-failed': true,
    'installation.list-asked': true,
    'installation.reminded': true,
    'installation.list-failed': true,
    'installation.listed': true,
    'installation.device-left': true,
  }),
  ...deviceProfileEventTypes,
];
