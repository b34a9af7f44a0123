import type { Instant } from '@seatbook/kernel';
import type { AssetId } from '../ports.js';
import {
  composedAnew,
  evolveProfile,
  heardByProfile,
  noProfile,
  type DeviceProfileState,
} from './device-profile-state.js';
import type { AppSeen, InstallationEvent, InstallationFailure } from './installation-events.js';

/** One app on one device, through all attempts. Its phases are named for what is waited for. */
export interface Installation extends AssetId {
  readonly uId: string;
  orderId: string;
  attempt: number;
  /** The last command; its answers are told apart from those of earlier ones. */
  uuid: string;
  phase: 'commanded' | 'put-off' | 'installing' | 'prompting' | 'installed' | 'removed' | 'failed';
  reason: InstallationFailure | null;
  bundleId: string | null;
  /** The version that it was to be updated to last: that is asked for once. */
  update: number | null;
  /** When the device is asked how it stands; null where nobody waits for it. */
  lookAt: Instant | null;
  /** From then on it has failed. */
  giveUpAt: Instant;
  /** Looks since the command, and how many of them in a row did not show the app. */
  looks: number;
  absent: number;
}

export interface DeviceApps {
  /** By adamId: an app is on a device once, whatever account has the licence. */
  readonly apps: Map<string, Installation>;
  /** The last command that asked for each app, also where it was not needed. */
  readonly asked: Map<string, string>;
  /** The list command that is not answered yet. */
  list: { readonly uuid: string; readonly adamIds: readonly string[] } | null;
  /** When a device that does not answer is pushed again; doubles. */
  lookAt: Instant | null;
  /** The last that was done about a silent device was a push. */
  reminded: boolean;
  /** Pushes and lists without an answer. */
  vain: number;
  /** Lists asked in all: part of their ids. */
  lists: number;
  profile: DeviceProfileState;
}

export const noApps = (): DeviceApps => ({
  apps: new Map(),
  asked: new Map(),
  list: null,
  lookAt: null,
  reminded: false,
  vain: 0,
  lists: 0,
  profile: noProfile(),
});

/** On its way: a second command would be one too many. */
export const isUnderWay = ({ phase }: Installation): boolean =>
  phase === 'commanded' || phase === 'put-off' || phase === 'installing' || phase === 'prompting';

/** It is there, or on its way: what its settings ask for is in the profile of the device. */
export const isCarried = (app: Installation): boolean => app.phase === 'installed' || isUnderWay(app);

export const weighDeviceApps = ({ apps }: DeviceApps): number => 1_000 + 700 * apps.size;

/** The moment of the next look at the device; null where none is due. */
export function nextLook({ apps, list, lookAt }: DeviceApps): Instant | null {
  let next: Instant | null = null;
  for (const app of apps.values())
    if (app.lookAt !== null && (next === null || app.lookAt < next)) next = app.lookAt;
  return next !== null && (list !== null || lookAt !== null) ? lookAt : next;
}

export function evolveDeviceApps(device: DeviceApps, event: InstallationEvent): DeviceApps {
  switch (event.type) {
    case 'installation.commanded':
      commanded(device, event.data);
      break;
    case 'installation.not-needed':
      device.asked.set(event.data.adamId, event.data.uuid);
      break;
    case 'installation.acknowledged':
      acknowledged(device, event.data);
      break;
    case 'installation.put-off': {
      const app = appOf(event.data.adamId, device);
      Object.assign(app, { phase: 'put-off', lookAt: event.data.lookAt });
      heard(device);
      break;
    }
    case 'installation.failed': {
      const app = appOf(event.data.adamId, device);
      // One that is tried again soon leaves the profile as it is.
      if (isCarried(app) && event.data.again === null) device.profile = composedAnew(device.profile);
      Object.assign(app, { phase: 'failed', reason: event.data.reason, lookAt: null });
      break;
    }
    case 'installation.list-asked': {
      const { uuid, apps, lookAt } = event.data;
      device.list = { uuid, adamIds: apps.map(({ adamId }) => adamId) };
      for (const { adamId, bundleId } of apps) {
        const app = appOf(adamId, device);
        Object.assign(app, { bundleId, lookAt: app.lookAt ?? lookAt });
      }
      device.lists += 1;
      device.vain += 1;
      device.reminded = false;
      device.lookAt = lookAt;
      break;
    }
    case 'installation.reminded':
      device.vain += 1;
      device.reminded = true;
      device.lookAt = event.data.lookAt;
      break;
    case 'installation.list-failed':
      device.list = null;
      device.lookAt = event.data.lookAt;
      break;
    case 'installation.listed':
      device.list = null;
      heard(device);
      for (const told of event.data.apps) {
        const app = appOf(told.adamId, device);
        const before = isCarried(app);
        seen(app, told);
        if (isCarried(app) !== before) device.profile = composedAnew(device.profile);
      }
      break;
    case 'installation.device-left':
      for (const adamId of event.data.removed)
        Object.assign(appOf(adamId, device), { phase: 'removed', lookAt: null });
      for (const adamId of event.data.failed)
        Object.assign(appOf(adamId, device), { phase: 'failed', reason: 'device-left', lookAt: null });
      Object.assign(device, { list: null, lookAt: null, vain: 0, profile: noProfile() });
      break;
    default:
      device.profile = evolveProfile(device.profile, event);
      if (event.type === 'installation.profile-taken' || event.type === 'installation.profile-put-off')
        heard(device);
  }
  return device;
}

/** The device speaks: what it does not answer is looked for soon again. */
function heard(device: DeviceApps): void {
  device.vain = 0;
  device.profile = heardByProfile(device.profile);
  if (device.list === null) device.lookAt = null;
}

function acknowledged(
  device: DeviceApps,
  data: Extract<InstallationEvent, { type: 'installation.acknowledged' }>['data'],
): void {
  const { adamId, bundleId, prompting, lookAt, giveUpAt } = data;
  const app = appOf(adamId, device);
  // An app that failed comes after all, or what the profile is to say of it is known now.
  if (!isCarried(app) || (device.profile.unnamed && bundleId !== null))
    device.profile = composedAnew(device.profile);
  Object.assign(app, { phase: prompting ? 'prompting' : 'installing', reason: null, lookAt, giveUpAt });
  if (bundleId !== null) app.bundleId = bundleId;
  heard(device);
}

function commanded(
  device: DeviceApps,
  data: Extract<InstallationEvent, { type: 'installation.commanded' }>['data'],
): void {
  const before = device.apps.get(data.adamId);
  device.asked.set(data.adamId, data.uuid);
  device.apps.set(data.adamId, {
    ...data,
    phase: 'commanded',
    reason: null,
    bundleId: before?.bundleId ?? null,
    update: data.update ?? before?.update ?? null,
    looks: 0,
    absent: 0,
  });
}

function seen(app: Installation, { state, reason, lookAt }: AppSeen): void {
  app.lookAt = lookAt;
  app.looks += 1;
  app.absent = state === 'absent' ? app.absent + 1 : 0;
  if (state === 'absent') return;
  app.phase = state;
  app.reason = reason;
}

/** @throws Error for an app that the device was never asked for: an event named one that it cannot name */
export function appOf(adamId: string, { apps }: DeviceApps): Installation {
  const app = apps.get(adamId);
  if (!app) throw new Error(`the device was never asked for ${adamId}`);
  return app;
}
