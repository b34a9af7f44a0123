import {
  causeOf,
  idOf,
  readModel,
  type Cause,
  type Change,
  type Envelope,
  type Instant,
} from '@seatbook/kernel';
import { assetOf } from '../asset-id.js';
import type { AppSettingsEvent } from '../app-settings/app-settings-events.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { orderAt, type Holders, type OrderRefs } from '../holder.js';
import type { InstallationEvent } from '../installation/installation-events.js';
import type { PersonAppsEvent } from '../person-apps/person-apps-events.js';
import type { AssetId } from '../ports.js';
import type { CommandedDevice, MdmCommandEvent } from './mdm-command-events.js';

/** One MDM server serves a deployment. */
export const MDM_SERVER = 'mdm';

/** Devices that want one app by one event, as far as no command has taken them. */
export interface WantedRow {
  readonly server: typeof MDM_SERVER;
  /** The row's own key, which a plan names. */
  readonly lot: string;
  readonly uId: string;
  readonly asset: AssetId;
  /** Of the next command. */
  readonly attempt: number;
  /** The version to update to, where the app is there already; else null. */
  readonly update: number | null;
  /** The app is to be removed. */
  readonly removal: boolean;
  readonly since: Instant;
  readonly notBefore: Instant;
  /** The event that wants them. */
  readonly cause: Cause;
  readonly devices: readonly CommandedDevice[];
}

type WantedChange = Change<WantedRow>;

function opened(
  event: Envelope,
  address: AssetId & { readonly uId: string },
  devices: readonly CommandedDevice[],
  {
    attempt = 1,
    notBefore = 0,
    update = null,
    removal = false,
  }: Partial<Pick<WantedRow, 'attempt' | 'notBefore' | 'update' | 'removal'>> = {},
  /** Of an event that wants several apps: which of them. */
  part = '',
): readonly WantedChange[] {
  if (devices.length === 0) return [];
  const { stream, revision, metadata } = event;
  const { uId, adamId, pricingParam } = address;
  const lot = `${stream}#${revision}${part}`;
  const row: WantedRow = {
    server: MDM_SERVER,
    lot,
    uId,
    asset: { adamId, pricingParam },
    attempt,
    update,
    removal,
    since: metadata.recordedAt,
    notBefore,
    cause: causeOf(event),
    devices,
  };
  return [{ key: lot, evolve: () => row }];
}

/** Of the devices among them; what persons want is wanted on their devices, as soon as these are known. */
const devicesOf = (holders: Holders, refs: OrderRefs): readonly CommandedDevice[] =>
  holders.serialNumbers.map((serialNumber, index) => ({ serialNumber, orderId: orderAt(refs, index) }));

/** What the MDM dispatcher decides from: devices that want an app, or are to lose it, and have no command. */
export const wantedInstallationsModel = readModel<
  WantedRow,
  AppSettingsEvent | AssetEvent | InstallationEvent | MdmCommandEvent | PersonAppsEvent
>()({
  name: 'wanted-installations',
  version: 5,
  on: {
    'asset.installations-answered'(event) {
      const { start, orderId } = event.data;
      return opened(event, assetOf(idOf(event.stream)), devicesOf(start, { orderId }));
    },
    'asset.licenses-assigned'(event) {
      const { toInstall } = event.data;
      return toInstall ? opened(event, assetOf(idOf(event.stream)), devicesOf(toInstall, toInstall)) : [];
    },
    'asset.licenses-returned'(event) {
      const { toRemove } = event.data;
      if (!toRemove) return [];
      const devices = devicesOf(toRemove, toRemove);
      return opened(event, assetOf(idOf(event.stream)), devices, { removal: true });
    },
    'asset.licenses-returning'(event) {
      const { removeApp, notHeld, orderId } = event.data;
      if (!removeApp) return [];
      const devices = devicesOf(notHeld, { orderId });
      return opened(event, assetOf(idOf(event.stream)), devices, { removal: true });
    },
    'appSettings.updates-asked'(event) {
      const { serialNumbers, version: update } = event.data;
      const devices = serialNumbers.map((serialNumber) => ({ serialNumber, orderId: '' }));
      return opened(event, event.data, devices, { update });
    },
    'installation.failed'(event) {
      const { again, orderId, attempt, userId } = event.data;
      if (again === null) return [];
      const device = { serialNumber: idOf(event.stream), orderId, ...(userId && { userId }) };
      return opened(event, event.data, [device], { attempt: attempt + 1, notBefore: again });
    },
    'installation.cancelled'(event) {
      const { adamId, next } = event.data;
      if (!next) return [];
      const { uId, pricingParam, orderId, userId } = next;
      const device = { serialNumber: idOf(event.stream), orderId, ...(userId && { userId }) };
      return opened(event, { uId, adamId, pricingParam }, [device]);
    },
    'installation.removal-failed'(event) {
      const { again, orderId, attempt, userId } = event.data;
      if (again === null) return [];
      const device = { serialNumber: idOf(event.stream), orderId, ...(userId && { userId }) };
      const next = { attempt: attempt + 1, notBefore: again, removal: true };
      return opened(event, event.data, [device], next);
    },
    'personApps.looked'(event) {
      const { uId, apps } = event.data;
      const userId = idOf(event.stream);
      return apps.flatMap(({ start, orderId, remove, ...asset }, index) => {
        const address = { uId: uId ?? '', ...asset };
        const devices = start.map((serialNumber) => ({ serialNumber, orderId, userId }));
        const removed =
          remove?.devices.map((serialNumber) => ({ serialNumber, orderId: remove.orderId, userId })) ?? [];
        return [
          ...opened(event, address, devices, {}, `/${index}`),
          ...opened(event, address, removed, { removal: true }, `/${index}/removed`),
        ];
      });
    },
    'mdmCommand.planned'({ data: { lots, devices } }) {
      const taken = new Set(devices.map(({ serialNumber }) => serialNumber));
      return lots.map((key) => ({
        key,
        evolve(row) {
          const left = row?.devices.filter(({ serialNumber }) => !taken.has(serialNumber)) ?? [];
          return row && left.length > 0 ? { ...row, devices: left } : null;
        },
      }));
    },
  },
  indexes: [{ name: 'by-server', fields: ['server', 'since'] }],
});
