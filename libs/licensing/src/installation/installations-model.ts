import { effectiveAt, idOf, readModel, type Change, type Envelope, type Instant } from '@seatbook/kernel';
import { assetKey, assetOf } from '../asset-id.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { NOBODY, orderAt, type Holders, type OrderRefs } from '../holder.js';
import type { AppPlaced, PersonAppsEvent } from '../person-apps/person-apps-events.js';
import type { AssetId } from '../ports.js';
import { deviceIdOf } from '../serial-number.js';
import type { InstallationEvent, InstallationFailure } from './installation-events.js';

/**
 * How an installation stands. `licence-coming`: it begins when the licence is assigned. `wanted`: the next command is to
 * be planned. `waiting-for-person`: who holds the licence has not accepted yet. `waiting-for-device`: who holds it has no
 * device that it fits and that is enrolled. `no-licence`: none came. `cancelled`: its licence went back before it was installed. `not-removed`:
 * it was to be removed, and is still there as far as anybody knows.
 */
export const INSTALLATION_STATES = [
  'licence-coming',
  'waiting-for-person',
  'waiting-for-device',
  'wanted',
  'commanded',
  'put-off',
  'installing',
  'prompting',
  'retrying',
  'installed',
  'removing',
  'not-removed',
  'removed',
  'failed',
  'no-licence',
  'cancelled',
] as const;

export type InstallationState = (typeof INSTALLATION_STATES)[number];

/** One app on one device; or what a person is to have, as long as it is on no device. */
export interface InstallationDocument {
  /** Null of a person's as long as it is on no device. */
  readonly device: string | null;
  /** The person by whose licence it is there, or is to be; null: by the device's own. */
  userId: string | null;
  readonly uId: string;
  readonly adamId: string;
  readonly pricingParam: string;
  /** The order that wanted it last. */
  orderId: string;
  state: InstallationState;
  reason: InstallationFailure | null;
  /** The device's own number for it. */
  code: number | null;
  attempts: number;
  /** The last command, which says what settings were in force; null before the first one. */
  uuid: string | null;
  version: number | null;
  /** The version that it was to be updated to last; null for never. */
  askedVersion: number | null;
  /** When what is next happens by itself; null where nothing does. */
  nextAt: Instant | null;
  /** Since when it is in this state. */
  since: Instant;
  /** Its licence went back: iOS lets it be used so long at the most. */
  endsAt: Instant | null;
}

type InstallationChange = Change<InstallationDocument>;

/** An installed app whose licence is gone keeps working for 30 days. */
export const GRACE_MS = 30 * 24 * 3_600_000;

export const installationKey = (device: string, adamId: string): string => `${device}|${adamId}`;

/** What a person is to have, as long as it is on no device. */
export const personInstallationKey = (userId: string, asset: AssetId & { readonly uId: string }): string =>
  `u:${userId}|${assetKey(asset.uId, asset)}`;

/** What is wanted of one app by one order. */
interface WantedApp extends AssetId {
  readonly uId: string;
  readonly orderId: string;
}

/** A row that is wanted anew; what is installed or under way goes on. */
const wantedRow =
  (
    holder: Pick<InstallationDocument, 'device' | 'userId'>,
    { uId, adamId, pricingParam, orderId }: WantedApp,
    state: InstallationState,
    since: Instant,
  ) =>
  (row: InstallationDocument | null): InstallationDocument => {
    const before = row?.state;
    const kept = before === 'installed' || (before !== undefined && UNDER_WAY.has(before));
    // It has its licence, or is getting one again.
    if (row && kept) return { ...row, ...holder, orderId, endsAt: null };
    const none = {
      reason: null,
      code: null,
      version: null,
      askedVersion: null,
      nextAt: null,
      endsAt: null,
    };
    return { ...holder, uId, adamId, pricingParam, orderId, state, since, ...none, attempts: 0, uuid: null };
  };

/** Rows of devices and persons that are wanted to have an app. */
function wanted(
  event: Envelope,
  { serialNumbers, userIds }: Holders,
  refs: OrderRefs,
  state: InstallationState,
): readonly InstallationChange[] {
  const address = assetOf(idOf(event.stream));
  const since = effectiveAt(event.metadata);
  const devices = serialNumbers.map((serialNumber, index) => {
    const device = deviceIdOf(serialNumber);
    const app = { ...address, orderId: orderAt(refs, index) };
    return {
      key: installationKey(device, address.adamId),
      evolve: wantedRow({ device, userId: null }, app, state, since),
    };
  });
  const persons = userIds.map((userId, index) => {
    const app = { ...address, orderId: orderAt(refs, serialNumbers.length + index) };
    return {
      key: personInstallationKey(userId, address),
      evolve: wantedRow({ device: null, userId }, app, state, since),
    };
  });
  return [...devices, ...persons];
}

/** Nothing was done about it yet. */
const NOT_BEGUN: ReadonlySet<InstallationState> = new Set<InstallationState>([
  'licence-coming',
  'waiting-for-person',
  'waiting-for-device',
  'wanted',
]);

/** The licence of an asset that the device itself (null) or this person has. */
interface Licence extends AssetId {
  readonly uId: string;
  readonly userId: string | null;
}

const isBy = (row: InstallationDocument | null, { uId, pricingParam, userId }: Licence): boolean =>
  row?.uId === uId && row.pricingParam === pricingParam && row.userId === userId;

const cancelledBy =
  (licence: Licence, since: Instant) =>
  (row: InstallationDocument | null): InstallationDocument | null =>
    row !== null && isBy(row, licence) && NOT_BEGUN.has(row.state)
      ? { ...row, state: 'cancelled', since }
      : row;

/** The licence is gone: what may be there can be used for some time. */
const usedUp =
  (licence: Licence, since: Instant) =>
  (row: InstallationDocument | null): InstallationDocument | null =>
    // What is under way may be there in an older version, and what was cancelled may come all the same.
    row !== null && isBy(row, licence) && MAY_BE_THERE.has(row.state)
      ? { ...row, endsAt: since + GRACE_MS }
      : row;

/** Rows that nothing was done about yet, and whose licence goes back. */
function cancelledBefore(
  event: Envelope,
  { serialNumbers, userIds }: Holders,
): readonly InstallationChange[] {
  const address = assetOf(idOf(event.stream));
  const since = effectiveAt(event.metadata);
  return [
    ...serialNumbers.map((serialNumber) => ({
      key: installationKey(deviceIdOf(serialNumber), address.adamId),
      evolve: cancelledBy({ ...address, userId: null }, since),
    })),
    ...userIds.map((userId) => ({
      key: personInstallationKey(userId, address),
      evolve: cancelledBy({ ...address, userId }, since),
    })),
  ];
}

/** What a look at a person's apps says of one of them: the row of the person, and those of devices. */
function placed(event: Envelope, uId: string, app: AppPlaced): readonly InstallationChange[] {
  const { adamId, pricingParam, orderId, waitsFor, start, stop, over = [] } = app;
  const userId = idOf(event.stream);
  const since = effectiveAt(event.metadata);
  const wants = { uId, adamId, pricingParam, orderId };
  const licence = { uId, adamId, pricingParam, userId };
  const onDevice = (device: string, evolve: InstallationChange['evolve']): InstallationChange => ({
    key: installationKey(device, adamId),
    evolve,
  });
  const ownState = waitsFor === 'person' ? 'waiting-for-person' : 'waiting-for-device';
  return [
    {
      key: personInstallationKey(userId, wants),
      evolve(row) {
        if (app.over) return cancelledBy(licence, since)(row);
        return waitsFor === null ? null : wantedRow({ device: null, userId }, wants, ownState, since)(row);
      },
    },
    ...start.map((device) => onDevice(device, wantedRow({ device, userId }, wants, 'wanted', since))),
    ...stop.map((device) => onDevice(device, cancelledBy(licence, since))),
    ...over.map((device) => onDevice(device, usedUp(licence, since))),
  ];
}

/** What may be used for some time only stays for good. */
const licensedAgain = (event: Envelope, serialNumbers: readonly string[]): readonly InstallationChange[] => {
  const { adamId } = assetOf(idOf(event.stream));
  return serialNumbers.map((serialNumber) => ({
    key: installationKey(deviceIdOf(serialNumber), adamId),
    evolve: (row) => (row && row.endsAt !== null ? { ...row, endsAt: null } : row),
  }));
};

const NOBODY_ORDERED: Holders & OrderRefs = { ...NOBODY, orderId: '' };

const UNDER_WAY: ReadonlySet<InstallationState> = new Set<InstallationState>([
  'commanded',
  'put-off',
  'installing',
  'prompting',
]);

const MAY_BE_THERE: ReadonlySet<InstallationState> = new Set([...UNDER_WAY, 'installed', 'cancelled']);

/** What an event says of one app of its device. */
const changed = (
  { stream, metadata }: Envelope,
  adamId: string,
  change: Partial<InstallationDocument>,
): InstallationChange => ({
  key: installationKey(idOf(stream), adamId),
  evolve(row) {
    if (!row) return null;
    const since =
      change.state === undefined || change.state === row.state ? row.since : effectiveAt(metadata);
    return { ...row, ...change, since };
  },
});

/** Rows whose licence will not come. */
function unlicensed(event: Envelope, { serialNumbers, userIds }: Holders): readonly InstallationChange[] {
  const address = assetOf(idOf(event.stream));
  const keys = [
    ...serialNumbers.map((serialNumber) => installationKey(deviceIdOf(serialNumber), address.adamId)),
    ...userIds.map((userId) => personInstallationKey(userId, address)),
  ];
  return keys.map((key) => ({
    key,
    evolve: (row) =>
      row?.state === 'licence-coming'
        ? { ...row, state: 'no-licence', since: effectiveAt(event.metadata) }
        : row,
  }));
}

export const installationsModel = readModel<
  InstallationDocument,
  AssetEvent | InstallationEvent | PersonAppsEvent
>()({
  name: 'installations',
  version: 6,
  on: {
    'asset.installations-answered': (event) => [
      ...wanted(event, event.data.start, event.data, 'wanted'),
      ...wanted(event, event.data.coming, event.data, 'licence-coming'),
    ],
    'asset.licenses-reserved'(event) {
      const { install, reserved, waiting, following, orderId } = event.data;
      if (!install) return [];
      return [reserved, waiting, following].flatMap((holders) =>
        wanted(event, holders, { orderId }, 'licence-coming'),
      );
    },
    'asset.licenses-assigned'(event) {
      const { serialNumbers, toInstall = NOBODY_ORDERED } = event.data;
      const installing = new Set(toInstall.serialNumbers);
      const others = serialNumbers.filter((serialNumber) => !installing.has(serialNumber));
      return [...wanted(event, toInstall, toInstall, 'wanted'), ...licensedAgain(event, others)];
    },
    'asset.licenses-failed': (event) =>
      event.data.action === 'associate' ? unlicensed(event, event.data) : [],
    'asset.waiting-refused': (event) => unlicensed(event, event.data),
    'asset.reservations-ended': (event) =>
      event.data.was === 'returning' ? [] : unlicensed(event, event.data),
    'asset.licenses-returning'(event) {
      const { rolledOut = [], pending, returning } = event.data;
      return cancelledBefore(event, {
        serialNumbers: [...rolledOut, ...pending.serialNumbers],
        userIds: [...returning.userIds, ...pending.userIds],
      });
    },
    'asset.licenses-returned'(event) {
      const licence = { ...assetOf(idOf(event.stream)), userId: null };
      const evolve = usedUp(licence, effectiveAt(event.metadata));
      return event.data.serialNumbers.map((serialNumber) => ({
        key: installationKey(deviceIdOf(serialNumber), licence.adamId),
        evolve,
      }));
    },
    'personApps.looked': (event) =>
      event.data.apps.flatMap((app) => placed(event, event.data.uId ?? '', app)),
    'installation.commanded'(event) {
      const { uId, adamId, pricingParam, orderId, attempt, uuid, lookAt, userId = null } = event.data;
      const device = idOf(event.stream);
      return [
        {
          key: installationKey(device, adamId),
          evolve: (row) => ({
            device,
            userId,
            uId,
            adamId,
            pricingParam,
            orderId,
            state: 'commanded',
            reason: null,
            code: null,
            attempts: attempt,
            uuid,
            version: row?.version ?? null,
            askedVersion: event.data.update ?? row?.askedVersion ?? null,
            nextAt: lookAt,
            since: effectiveAt(event.metadata),
            endsAt: null,
          }),
        },
      ];
    },
    'installation.acknowledged'(event) {
      const { adamId, prompting, lookAt } = event.data;
      const state = prompting ? 'prompting' : 'installing';
      return [changed(event, adamId, { state, reason: null, code: null, nextAt: lookAt })];
    },
    'installation.put-off': (event) => [
      changed(event, event.data.adamId, { state: 'put-off', nextAt: event.data.lookAt }),
    ],
    'installation.failed'(event) {
      const { adamId, reason, code, again } = event.data;
      const state = again === null ? 'failed' : 'retrying';
      return [changed(event, adamId, { state, reason, code, nextAt: again })];
    },
    'installation.cancelled'(event) {
      const { adamId, next } = event.data;
      const none = { reason: null, code: null, nextAt: null } as const;
      if (!next) return [changed(event, adamId, { state: 'cancelled', ...none })];
      const { uId, pricingParam, orderId, userId = null } = next;
      const by = { uId, pricingParam, orderId, userId };
      return [changed(event, adamId, { state: 'wanted', ...none, ...by })];
    },
    'installation.removal-commanded'(event) {
      const { adamId, orderId, lookAt } = event.data;
      const wanted = { orderId, reason: null, code: null, nextAt: lookAt } as const;
      return [changed(event, adamId, { ...wanted, state: 'removing' })];
    },
    'installation.removal-answered'(event) {
      const { adamId, lookAt } = event.data;
      return [changed(event, adamId, { state: 'removing', reason: null, code: null, nextAt: lookAt })];
    },
    'installation.removal-failed'(event) {
      const { adamId, reason, code, again } = event.data;
      if (reason === 'licensed-again')
        return [changed(event, adamId, { state: 'installed', nextAt: null, endsAt: null })];
      return [changed(event, adamId, { state: 'not-removed', reason, code, nextAt: again })];
    },
    'installation.listed': (event) =>
      event.data.apps.map(({ adamId, state, version, reason, lookAt }) =>
        changed(event, adamId, {
          nextAt: lookAt,
          ...(state === 'absent' ? {} : { state, reason }),
          ...(version === null ? {} : { version }),
        }),
      ),
    'installation.device-left': (event) => [
      ...event.data.removed.map((adamId) => changed(event, adamId, { state: 'removed', nextAt: null })),
      ...event.data.failed.map((adamId) =>
        changed(event, adamId, { state: 'failed', reason: 'device-left', nextAt: null }),
      ),
    ],
  },
  indexes: [
    { name: 'by-device', fields: ['device', 'adamId'] },
    { name: 'by-order', fields: ['orderId', 'state', 'device'] },
    { name: 'by-app', fields: ['uId', 'adamId', 'state', 'device'] },
    { name: 'by-state', fields: ['state', 'device'] },
    { name: 'by-person', fields: ['userId', 'adamId', 'device'] },
  ],
});
