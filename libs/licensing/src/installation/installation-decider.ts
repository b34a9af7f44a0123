import type { Command, Decider, Instant, Milliseconds } from '@seatbook/kernel';
import type { AssetId, DeviceAnswer, ManagedApp } from '../ports.js';
import { isAhead, type Timings } from '../timings.js';
import { decideProfile, profileAnswered, type DeviceProfileCommand } from './device-profile-decider.js';
import { mayHaveProfile } from './device-profile-state.js';
import { refusalOf, verdictOf } from './device-words.js';
import type { AppSeen, InstallationEvent, InstallationFailure, WantedBy } from './installation-events.js';
import {
  evolveDeviceApps,
  isSameLicence,
  isUnderWay,
  noApps,
  type DeviceApps,
  type Installation,
} from './installation-state.js';

export type InstallationCommand =
  | DeviceProfileCommand
  /** A planned command claims the device; one that has the app, or gets it by another command, is left out. */
  | (Command<'CommandInstallation'> & {
      readonly uuid: string;
      readonly uId: string;
      readonly asset: AssetId;
      readonly orderId: string;
      readonly attempt: number;
      /** The person by whose licence it is to be there. */
      readonly userId?: string | undefined;
      /** Only where the app is, and was not asked for this version yet. */
      readonly update?: number | undefined;
    })
  /** A planned command is to remove an app; a device on which it is not installed is left out. */
  | (Command<'CommandRemoval'> & {
      readonly uuid: string;
      /** The licence that is gone, of the device itself or of a person. */
      readonly uId: string;
      readonly asset: AssetId;
      readonly userId?: string | undefined;
      readonly orderId: string;
      readonly attempt: number;
    })
  /** The command was not sent to this device. */
  | (Command<'RecordUnsent'> & { readonly uuid: string; readonly reason: InstallationFailure })
  /** The licence goes back, of the device itself or of a person; or the person has the device no more. */
  | (Command<'CancelInstallation'> & {
      readonly uId: string;
      readonly asset: AssetId;
      readonly userId?: string | undefined;
    })
  | (Command<'RecordDeviceAnswer'> & { readonly uuid: string; readonly answer: DeviceAnswer })
  /** It is time to ask the device. `bundleIds`: of apps that have not told theirs, by adamId. */
  | (Command<'Look'> & { readonly uuid: string; readonly bundleIds: Readonly<Record<string, string>> })
  | (Command<'RecordListFailure'> & { readonly uuid: string; readonly reason: string })
  /** It enrolled again: commands that were on their way are lost, and what it had is to be seen. */
  | (Command<'RecordReenrolment'> & { readonly uuid: string })
  | Command<'RecordDeviceLeft'>;

/** So many attempts of one order, where the device lost a command or said nothing. */
export const MAX_ATTEMPTS = 3;
/** So many where it does not find its licence yet. */
export const MAX_LICENCE_ATTEMPTS = 6;
/** A list asks for so many apps: each answer is one event. */
const MAX_LISTED = 100;
/** Looks in a row that do not show an app until it counts as lost. */
const MAX_ABSENT = 2;

export const installationDecider = (
  timings: Timings,
): Decider<InstallationCommand, DeviceApps, InstallationEvent> => ({
  initial: noApps,
  evolve: evolveDeviceApps,
  decide(command, device, at) {
    switch (command.type) {
      case 'CommandInstallation':
        return claimed(command, device, at, timings);
      case 'CommandRemoval':
        return removalClaimed(command, device, at, timings);
      case 'RecordUnsent': {
        const app = [...device.apps.values()].find(({ uuid }) => uuid === command.uuid);
        if (app?.phase === 'removing') return [notRemoved(app, command.reason, null, null)];
        if (app?.phase !== 'commanded') return [];
        return [
          command.reason === 'no-licence' ? cancelled(app, device) : failed(app, command.reason, null, null),
        ];
      }
      case 'CancelInstallation': {
        const { uId, asset, userId } = command;
        const app = device.apps.get(asset.adamId);
        if (!app || !isSameLicence(app, licenceIn(uId, asset, userId))) return [];
        return isPending(app) ? [cancelled(app, device)] : [];
      }
      case 'RecordDeviceAnswer':
        if (device.list?.uuid === command.uuid) return listed(command.answer, device, at, timings);
        return (
          profileAnswered(command.uuid, command.answer, device.profile, at, timings) ??
          answered(command.uuid, command.answer, device, at, timings)
        );
      case 'Look':
        return looked(command.uuid, command.bundleIds, device, at, timings);
      case 'RecordListFailure': {
        if (device.list?.uuid !== command.uuid) return [];
        const { uuid, reason } = command;
        const lookAt = at + doubled(timings.unansweredMs, device.vain, timings.maxLookMs);
        return [{ type: 'installation.list-failed', data: { uuid, reason, lookAt } }];
      }
      case 'RecordReenrolment':
        return reenrolled(command.uuid, device, at);
      case 'RecordDeviceLeft':
        return left(device);
      default:
        return decideProfile(command, device.profile, at, timings);
    }
  },
});

const doubled = (first: Milliseconds, times: number, most: Milliseconds): Milliseconds =>
  Math.min(most, first * 2 ** Math.min(times, 30));

/** The first look at a device, and the deadline of what it is to do. */
const waitsFor = (lookMs: Milliseconds, at: Instant, { installWithinMs }: Timings) => ({
  lookAt: at + lookMs,
  giveUpAt: at + installWithinMs,
});

function claimed(
  {
    uuid,
    uId,
    asset,
    orderId,
    attempt,
    userId,
    update,
  }: InstallationCommand & { type: 'CommandInstallation' },
  device: DeviceApps,
  at: Instant,
  timings: Timings,
): InstallationEvent[] {
  const { adamId, pricingParam } = asset;
  if (device.asked.get(adamId) === uuid) return [];
  const app = device.apps.get(adamId);
  const by = licenceIn(uId, asset, userId);
  const needed =
    update === undefined
      ? !app ||
        !(
          isUnderWay(app) ||
          app.phase === 'installed' ||
          // A device that comes back to its person gets anew what was cancelled as it went.
          (isCancelled(app, orderId) && isSameLicence(app, by) && (userId === undefined || attempt > 1))
        )
      : app?.phase === 'installed' && (app.update ?? 0) < update;
  if (!needed) {
    const other = update === undefined && app && !isSameLicence(app, by) ? { by: { ...by, orderId } } : {};
    return [{ type: 'installation.not-needed', data: { adamId, uuid, ...other } }];
  }
  // An update is a matter of the order that the app is there by.
  const order = update === undefined ? { orderId } : { orderId: app?.orderId ?? orderId, update };
  const holder = update === undefined ? userId : app?.userId;
  const wanted = { uId, adamId, pricingParam, ...order, attempt, ...ofPerson(holder) };
  const until = waitsFor(timings.unansweredMs, at, timings);
  return [{ type: 'installation.commanded', data: { ...wanted, uuid, ...until } }];
}

function removalClaimed(
  { uuid, uId, asset, userId, orderId, attempt }: InstallationCommand & { type: 'CommandRemoval' },
  device: DeviceApps,
  at: Instant,
  timings: Timings,
): InstallationEvent[] {
  const { adamId, pricingParam } = asset;
  if (device.asked.get(adamId) === uuid) return [];
  const app = device.apps.get(adamId);
  const same = app && isSameLicence(app, licenceIn(uId, asset, userId));
  // What is there may have come by another licence: whether it has one, the ledgers tell when it is sent.
  const there = app && (same ? isThere(app) : app.phase === 'installed' || app.phase === 'not-removed');
  if (!there) return [{ type: 'installation.not-needed', data: { adamId, uuid } }];
  const wanted = { uId, adamId, pricingParam, orderId, attempt, uuid, ...ofPerson(userId) };
  const until = waitsFor(timings.unansweredMs, at, timings);
  return [{ type: 'installation.removal-commanded', data: { ...wanted, ...until } }];
}

/** It is on the device, or is about to be, whatever is done. */
const isThere = ({ phase }: Installation): boolean =>
  phase === 'installed' || phase === 'installing' || phase === 'prompting' || phase === 'not-removed';

const notRemoved = (
  app: Installation,
  reason: InstallationFailure,
  code: number | null,
  again: Instant | null,
): InstallationEvent => ({
  type: 'installation.removal-failed',
  data: { ...tryOf(app), reason, code, again },
});

/** Once; what was put off comes later. An error may also mean that the app was not there: the list decides. */
function removalAnswered(
  app: Installation,
  { status, errors }: DeviceAnswer,
  at: Instant,
  timings: Timings,
): InstallationEvent[] {
  if (status === 'NotNow' || app.removal !== null) return [];
  const { adamId, uuid } = app;
  const code = status === 'Acknowledged' ? null : (errors[0]?.code ?? 0);
  const until = waitsFor(timings.firstLookMs, at, timings);
  return [{ type: 'installation.removal-answered', data: { adamId, uuid, code, ...until } }];
}

/**
 * The device has not begun. What it has accepted ends as it says, and what is there already stays, also where it was to
 * be made newer.
 */
const isPending = ({ phase, retried, updating }: Installation): boolean =>
  retried || ((phase === 'commanded' || phase === 'put-off') && !updating);

/** A try that was planned for an order before it was cancelled. */
const isCancelled = ({ phase, orderId }: Installation, by: string): boolean =>
  phase === 'cancelled' && orderId === by;

/** It goes on by another licence that it was rolled out by meanwhile. */
function cancelled(app: Installation, { others }: DeviceApps): InstallationEvent {
  const next = others.get(app.adamId)?.[0];
  return { type: 'installation.cancelled', data: { ...tryOf(app), ...(next && { next }) } };
}

const failed = (
  app: Installation,
  reason: InstallationFailure,
  code: number | null,
  again: Instant | null,
): InstallationEvent => ({ type: 'installation.failed', data: { ...tryOf(app), reason, code, again } });

/** Which try of an installation has ended. */
const tryOf = ({ uId, adamId, pricingParam, orderId, attempt, uuid, userId }: Installation) => ({
  uId,
  adamId,
  pricingParam,
  orderId,
  attempt,
  uuid,
  ...ofPerson(userId),
});

const licenceIn = (
  uId: string,
  { pricingParam }: AssetId,
  userId: string | undefined,
): Omit<WantedBy, 'orderId'> => ({ uId, pricingParam, ...ofPerson(userId) });

const ofPerson = (userId: string | undefined) => (userId === undefined ? {} : { userId });

/** Each answer counts once; a late success revises a failure, and what was cancelled. */
function answered(
  uuid: string,
  answer: DeviceAnswer,
  device: DeviceApps,
  at: Instant,
  timings: Timings,
): InstallationEvent[] {
  const app = [...device.apps.values()].find((one) => one.uuid === uuid);
  if (!app) return [];
  if (app.phase === 'removing' || app.phase === 'not-removed')
    return removalAnswered(app, answer, at, timings);
  const { adamId } = app;
  const awaited = app.phase === 'commanded' || app.phase === 'put-off';
  if (answer.status === 'NotNow') {
    if (app.phase !== 'commanded') return [];
    const lookAt = at + doubled(timings.unansweredMs, 2, timings.maxLookMs);
    return [{ type: 'installation.put-off', data: { adamId, uuid, lookAt } }];
  }
  const refusal = refusalOf(answer);
  if (refusal === null || refusal.verdict === 'look') {
    if (!awaited && app.phase !== 'failed' && app.phase !== 'cancelled') return [];
    const { bundleId, state } = answer;
    const prompting = refusal?.prompting ?? verdictOf(state ?? '') === 'prompting';
    const until = waitsFor(timings.firstLookMs, at, timings);
    return [
      { type: 'installation.acknowledged', data: { adamId, uuid, bundleId, prompting, state, ...until } },
    ];
  }
  if (!awaited) return [];
  const { reason, code } = refusal;
  const retried = reason === 'licence-not-found' && app.attempt < MAX_LICENCE_ATTEMPTS;
  const pause = doubled(timings.licenceRetryMs, app.attempt - 1, timings.maxLookMs);
  return [failed(app, reason, code, retried ? at + pause : null)];
}

/** What an unfinished installation is called when its time is over. */
const OVERDUE = {
  commanded: 'offline',
  'put-off': 'put-off',
  prompting: 'prompt-unanswered',
  installing: 'no-verdict',
} as const;

/** What is overdue has failed; the device is asked about the rest, or pushed where it has not answered yet. */
function looked(
  uuid: string,
  bundleIds: Readonly<Record<string, string>>,
  device: DeviceApps,
  at: Instant,
  { unansweredMs, maxLookMs, installWithinMs }: Timings,
): InstallationEvent[] {
  const latest = at + installWithinMs;
  const events: InstallationEvent[] = [];
  const left: Installation[] = [];
  for (const app of device.apps.values()) {
    const { phase } = app;
    if (app.lookAt === null) continue;
    const underWay =
      phase === 'commanded' || phase === 'put-off' || phase === 'installing' || phase === 'prompting';
    if (underWay && app.giveUpAt <= at) events.push(failed(app, OVERDUE[phase], null, null));
    else if (phase === 'removing' && app.giveUpAt <= at)
      events.push(notRemoved(app, app.removal === null ? 'offline' : 'no-verdict', null, null));
    else left.push(app);
  }
  if (left.length === 0) return events;
  const wait = at + doubled(unansweredMs, device.vain, maxLookMs);
  // No later than the first deadline: what is over then has failed then.
  const lookAt = Math.min(wait, ...left.map((app) => (app.giveUpAt > at ? app.giveUpAt : wait)));
  // A silent device is pushed; the answer to a list may have been lost too, so every other time there is a new one.
  if (device.list !== null && device.vain % 2 === 1)
    return [...events, { type: 'installation.reminded', data: { lookAt } }];
  // What is due within the next moment goes along: one list for all apps of a round.
  const soon = left.filter(
    ({ lookAt: next }) => next !== null && !isAhead(next, at + unansweredMs / 2, maxLookMs),
  );
  if (soon.length === 0) return events;
  const apps = soon.slice(0, MAX_LISTED).map(({ adamId, bundleId, giveUpAt }) => ({
    adamId,
    bundleId: bundleId ?? bundleIds[adamId] ?? null,
    // That far ahead only a clock has noted it which was ahead.
    ...(giveUpAt > latest && { giveUpAt: latest }),
  }));
  return [...events, { type: 'installation.list-asked', data: { uuid, apps, lookAt } }];
}

function listed(
  { status, apps }: DeviceAnswer,
  device: DeviceApps,
  at: Instant,
  timings: Timings,
): InstallationEvent[] {
  const { list } = device;
  if (list === null || status === 'NotNow') return [];
  const told = new Map((apps ?? []).map((app) => [app.bundleId, app]));
  const seen: AppSeen[] = [];
  const failures: InstallationEvent[] = [];
  for (const adamId of list.adamIds) {
    const app = device.apps.get(adamId);
    if (!app) continue;
    const one = seenAs(app, app.bundleId === null ? undefined : told.get(app.bundleId), at, timings);
    seen.push(one);
    const refused = one.state === 'removing' ? (app.removal?.code ?? null) : null;
    if (refused !== null) failures.push(notRemoved(app, 'refused', refused, null));
    const lost = one.state === 'absent' && one.lookAt === null ? lossOf(app) : null;
    if (lost === null) continue;
    // The device has other commands answered and knows nothing of this one.
    failures.push(failed(app, lost, null, app.attempt < MAX_ATTEMPTS ? at : null));
  }
  return [{ type: 'installation.listed', data: { uuid: list.uuid, apps: seen } }, ...failures];
}

/** What it means that a device does not show an app. */
const lossOf = ({ phase }: Installation): InstallationFailure | null => {
  if (phase === 'commanded') return 'lost';
  return phase === 'installing' || phase === 'prompting' ? 'no-verdict' : null;
};

function seenAs(
  app: Installation,
  told: ManagedApp | undefined,
  at: Instant,
  { lookAgainMs, maxLookMs }: Timings,
): AppSeen {
  const { adamId } = app;
  const wait = at + doubled(lookAgainMs, app.looks, maxLookMs);
  const lookAt = app.giveUpAt > at ? Math.min(wait, app.giveUpAt) : wait;
  const nothing = { adamId, version: null, reason: null };
  if (!told) {
    if (WAS_THERE.has(app.phase)) return { ...nothing, state: 'removed', lookAt: null };
    // What was put off is still in the server's queue, and comes.
    const over = app.phase !== 'put-off' && app.absent + 1 > MAX_ABSENT;
    return { ...nothing, state: 'absent', lookAt: over || !isUnderWay(app) ? null : lookAt };
  }
  const verdict = verdictOf(told.status);
  if (app.phase === 'removing') {
    const gone = verdict === 'removed';
    return { ...nothing, state: gone ? 'removed' : 'removing', lookAt: gone ? null : lookAt };
  }
  if (app.phase === 'not-removed' && verdict !== 'removed')
    return { ...nothing, state: 'absent', lookAt: null };
  // Of what is not wanted any more, only that it comes all the same is of interest.
  if (app.phase === 'cancelled' && verdict !== 'installed')
    return { ...nothing, state: 'absent', lookAt: null };
  if (verdict === 'installed') return { ...nothing, state: 'installed', version: told.version, lookAt: null };
  if (verdict === 'installing' || verdict === 'prompting') return { ...nothing, state: verdict, lookAt };
  if (verdict === 'removed') {
    // Also told of what was never there: before the first look it may only be about to be installed.
    const early = app.phase !== 'installed' && app.looks < MAX_ABSENT;
    return { ...nothing, state: early ? 'installing' : 'removed', lookAt: early ? lookAt : null };
  }
  return { ...nothing, state: 'failed', reason: verdict, lookAt: null };
}

function reenrolled(uuid: string, device: DeviceApps, at: Instant): InstallationEvent[] {
  const events: InstallationEvent[] = [];
  // One that was given up may be on the device, or not: what it had is gone.
  if (mayHaveProfile(device.profile)) events.push({ type: 'installation.profile-lost', data: {} });
  const installed: Installation[] = [];
  for (const app of device.apps.values()) {
    if (isUnderWay(app)) events.push(failed(app, 'lost', null, at));
    else if (app.phase === 'removing') events.push(notRemoved(app, 'lost', null, at));
    else if (app.phase === 'installed') installed.push(app);
  }
  if (installed.length === 0) return events;
  const apps = installed.slice(0, MAX_LISTED).map(({ adamId, bundleId }) => ({ adamId, bundleId }));
  return [...events, { type: 'installation.list-asked', data: { uuid, apps, lookAt: at } }];
}

/** What a device has had for certain. */
const WAS_THERE: ReadonlySet<Installation['phase']> = new Set(['installed', 'removing', 'not-removed']);

function left({ apps, profile }: DeviceApps): InstallationEvent[] {
  const all = [...apps.values()];
  const removed = all.filter(({ phase }) => WAS_THERE.has(phase)).map(({ adamId }) => adamId);
  const lost = all.filter(isUnderWay).map(({ adamId }) => adamId);
  if (removed.length + lost.length === 0 && !mayHaveProfile(profile)) return [];
  return [{ type: 'installation.device-left', data: { removed, failed: lost } }];
}
