import type { EventOf, Instant } from '@seatbook/kernel';
import type { AssetId } from '../ports.js';
import {
  composedAnew,
  evolveProfile,
  heardByProfile,
  noProfile,
  type DeviceProfileState,
} from './device-profile-state.js';
import type { AppSeen, InstallationEvent, InstallationFailure, WantedBy } from './installation-events.js';

/** One app on one device, through all attempts. Its phases are named for what is waited for. */
export interface Installation extends AssetId {
  readonly uId: string;
  orderId: string;
  /** The person by whose licence it is to be there; absent: it is the device's own. */
  userId?: string;
  attempt: number;
  /** The last command; its answers are told apart from those of earlier ones. */
  uuid: string;
  phase:
    | 'commanded'
    | 'put-off'
    | 'installing'
    | 'prompting'
    | 'installed'
    | 'removing'
    | 'not-removed'
    | 'removed'
    | 'failed'
    | 'cancelled';
  reason: InstallationFailure | null;
  /** It has failed, and another try is planned. */
  retried: boolean;
  /** The last command was to update what is there. */
  updating: boolean;
  /** What the device said to the last command to remove it; null while it has said nothing. */
  removal: { readonly code: number | null } | null;
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
  /** Other licences by which an app was rolled out, by adamId: the first of them comes next. They may be gone by now. */
  readonly others: Map<string, readonly WantedBy[]>;
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
  others: new Map(),
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
export const isCarried = (app: Installation): boolean => isUnderWay(app) || IS_THERE.has(app.phase);

const IS_THERE: ReadonlySet<Installation['phase']> = new Set(['installed', 'removing', 'not-removed']);

export const weighDeviceApps = ({ apps, others }: DeviceApps): number =>
  1_000 + 700 * apps.size + 300 * others.size;

/** A device remembers so many other licences of an app, the last ones. */
const MAX_OTHERS = 4;

type Licence = Omit<WantedBy, 'orderId'>;

/** They are the same licence, of one app. */
export const isSameLicence = (one: Licence, other: Licence): boolean =>
  one.uId === other.uId && one.pricingParam === other.pricingParam && one.userId === other.userId;

const othersThan = (by: Licence, adamId: string, { others }: DeviceApps): readonly WantedBy[] =>
  (others.get(adamId) ?? []).filter((other) => !isSameLicence(other, by));

/** The moment of the next look at the device, after the pause of one that is silent; null where none is due. */
export function nextLook({ apps, lookAt }: DeviceApps): Instant | null {
  let next: Instant | null = null;
  for (const app of apps.values())
    if (app.lookAt !== null && (next === null || app.lookAt < next)) next = app.lookAt;
  // A pause that has ended is no reason to look sooner than somebody waits for it.
  return next === null || lookAt === null ? next : Math.max(next, lookAt);
}

export function evolveDeviceApps(device: DeviceApps, event: InstallationEvent): DeviceApps {
  switch (event.type) {
    case 'installation.commanded':
      commanded(device, event.data);
      break;
    case 'installation.not-needed':
      notNeeded(device, event.data);
      break;
    case 'installation.acknowledged':
      acknowledged(device, event.data);
      break;
    case 'installation.put-off':
      become(event.data.adamId, device, { phase: 'put-off', lookAt: event.data.lookAt });
      heard(device);
      break;
    case 'installation.failed': {
      const { adamId, reason, again } = event.data;
      // One that is tried again soon leaves the profile as it is.
      if (again === null) dropped(adamId, device);
      become(adamId, device, { phase: 'failed', reason, retried: again !== null, lookAt: null });
      break;
    }
    case 'installation.cancelled':
      cancelled(device, event.data);
      break;
    case 'installation.removal-commanded':
    case 'installation.removal-answered':
    case 'installation.removal-failed':
      removed(device, event);
      break;
    case 'installation.list-asked':
      listAsked(device, event.data);
      break;
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
      for (const adamId of event.data.removed) become(adamId, device, { phase: 'removed', lookAt: null });
      for (const adamId of event.data.failed)
        become(adamId, device, { phase: 'failed', reason: 'device-left', retried: false, lookAt: null });
      device.others.clear();
      Object.assign(device, { list: null, lookAt: null, vain: 0, profile: noProfile() });
      break;
    default:
      device.profile = evolveProfile(device.profile, event);
      if (event.type === 'installation.profile-taken' || event.type === 'installation.profile-put-off')
        heard(device);
  }
  return device;
}

function notNeeded(
  device: DeviceApps,
  { adamId, uuid, by }: EventOf<InstallationEvent, 'installation.not-needed'>['data'],
): void {
  device.asked.set(adamId, uuid);
  if (by) device.others.set(adamId, [...othersThan(by, adamId, device), by].slice(-MAX_OTHERS));
}

function cancelled(
  device: DeviceApps,
  { adamId, next }: EventOf<InstallationEvent, 'installation.cancelled'>['data'],
): void {
  dropped(adamId, device);
  become(adamId, device, { phase: 'cancelled', reason: null, retried: false, lookAt: null });
  if (next) device.others.set(adamId, othersThan(next, adamId, device));
}

function listAsked(
  device: DeviceApps,
  { uuid, apps, lookAt }: Extract<InstallationEvent, { type: 'installation.list-asked' }>['data'],
): void {
  device.list = { uuid, adamIds: apps.map(({ adamId }) => adamId) };
  for (const { adamId, ...told } of apps) become(adamId, device, { ...told, lookAt });
  device.lists += 1;
  device.vain += 1;
  device.reminded = false;
  device.lookAt = lookAt;
}

/** What an app that is not coming asks for need not be in the profile. */
function dropped(adamId: string, device: DeviceApps): void {
  if (isCarried(appOf(adamId, device))) device.profile = composedAnew(device.profile);
}

function become(adamId: string, device: DeviceApps, change: Partial<Installation>): void {
  Object.assign(appOf(adamId, device), change);
}

type RemovalEvent = Extract<InstallationEvent, { type: `installation.removal-${string}` }>;

function removed(device: DeviceApps, { type, data }: RemovalEvent): void {
  const { adamId } = data;
  switch (type) {
    case 'installation.removal-commanded': {
      const { orderId, attempt, uuid, lookAt, giveUpAt } = data;
      device.asked.set(adamId, uuid);
      const command = { orderId, attempt, uuid, lookAt, giveUpAt, looks: 0, absent: 0, updating: false };
      become(adamId, device, { ...command, phase: 'removing', reason: null, removal: null });
      break;
    }
    case 'installation.removal-answered': {
      const { code, lookAt, giveUpAt } = data;
      become(adamId, device, { phase: 'removing', reason: null, removal: { code }, lookAt, giveUpAt });
      heard(device);
      break;
    }
    case 'installation.removal-failed': {
      const { reason } = data;
      // What has its licence again was not touched.
      const phase = reason === 'licensed-again' ? 'installed' : 'not-removed';
      become(adamId, device, { phase, reason, lookAt: null });
      break;
    }
  }
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
  const phase = prompting ? 'prompting' : 'installing';
  Object.assign(app, { phase, reason: null, retried: false, lookAt, giveUpAt });
  if (bundleId !== null) app.bundleId = bundleId;
  heard(device);
}

function commanded(
  device: DeviceApps,
  data: Extract<InstallationEvent, { type: 'installation.commanded' }>['data'],
): void {
  const before = device.apps.get(data.adamId);
  device.asked.set(data.adamId, data.uuid);
  if (device.others.has(data.adamId)) device.others.set(data.adamId, othersThan(data, data.adamId, device));
  device.apps.set(data.adamId, {
    ...data,
    phase: 'commanded',
    reason: null,
    bundleId: before?.bundleId ?? null,
    update: data.update ?? before?.update ?? null,
    retried: false,
    updating: data.update !== undefined,
    removal: null,
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
