import { idOf, messageTo, reaction, uuidOf, type Reaction } from '@seatbook/kernel';
import type { AppSettingsEvent } from '../app-settings/app-settings-events.js';
import { assetOf } from '../asset-id.js';
import type { AssetEvent } from '../asset/asset-events.js';
import type { DeviceEvent } from '../device/device-events.js';
import { asksForProfile } from '../device-profile.js';
import type { MdmCommandEvent } from '../mdm-command/mdm-command-events.js';
import type { PersonAppsEvent } from '../person-apps/person-apps-events.js';
import { deviceIdOf } from '../serial-number.js';
import { deviceAppsStream } from '../streams.js';
import type { InstallationCommand } from './installation-decider.js';
import type { InstallationFailure } from './installation-events.js';

/** A planned command claims each of its devices. */
const claim = reaction<MdmCommandEvent>('installation.claim', {
  'mdmCommand.planned': ({
    stream,
    data: { uId, adamId, pricingParam, attempt, devices, update, removal },
  }) =>
    devices.map(({ serialNumber, orderId, userId }) => {
      const asked = { uuid: idOf(stream), uId, asset: { adamId, pricingParam }, userId, orderId, attempt };
      const command: InstallationCommand = removal
        ? { type: 'CommandRemoval', ...asked }
        : { type: 'CommandInstallation', ...asked, update };
      return messageTo(deviceAppsStream(deviceIdOf(serialNumber)), command);
    }),
});

const unsent = (stream: string, serialNumber: string, reason: InstallationFailure) =>
  messageTo(deviceAppsStream(deviceIdOf(serialNumber)), {
    type: 'RecordUnsent',
    uuid: idOf(stream),
    reason,
  });

/** Devices that a command was not sent to hear so. */
const takeUnsent = reaction<MdmCommandEvent>('installation.take-unsent', {
  'mdmCommand.started': ({ stream, data: { unlicensed, unreachable, kept = [] } }) => [
    ...kept.map((serialNumber) => unsent(stream, serialNumber, 'licensed-again')),
    ...unlicensed.map((serialNumber) => unsent(stream, serialNumber, 'no-licence')),
    ...unreachable.map((serialNumber) => unsent(stream, serialNumber, 'not-enrolled')),
  ],
  'mdmCommand.queued': ({ stream, data: { refused } }) =>
    refused.map((serialNumber) => unsent(stream, serialNumber, 'not-queued')),
  'mdmCommand.given-up': ({ stream, data: { serialNumbers } }) =>
    serialNumbers.map((serialNumber) => unsent(stream, serialNumber, 'not-queued')),
});

/** What is not installed yet is cancelled where its licence goes back, or its person has the device no more. */
const cancel = reaction<AssetEvent | PersonAppsEvent>('installation.cancel', {
  'asset.licenses-returning'({ stream, data: { rolledOut = [] } }) {
    const { uId, adamId, pricingParam } = assetOf(idOf(stream));
    return rolledOut.map((serialNumber) =>
      messageTo(deviceAppsStream(deviceIdOf(serialNumber)), {
        type: 'CancelInstallation',
        uId,
        asset: { adamId, pricingParam },
      }),
    );
  },
  'personApps.looked'({ stream, data: { uId, apps } }) {
    const userId = idOf(stream);
    return apps.flatMap(({ stop, adamId, pricingParam }) =>
      stop.map((device) =>
        messageTo(deviceAppsStream(device), {
          type: 'CancelInstallation',
          uId: uId ?? '',
          asset: { adamId, pricingParam },
          userId,
        }),
      ),
    );
  },
});

/** What was on its way to a device that enrols again is lost; who has left needs nothing more. */
const followDevice = reaction<DeviceEvent>('installation.follow-device', {
  'device.ready': ({ stream, revision, data: { again } }) =>
    again
      ? [
          messageTo(deviceAppsStream(idOf(stream)), {
            type: 'RecordReenrolment',
            uuid: `seatbook-list-${uuidOf(`${stream}/${revision}/list`)}`,
          }),
        ]
      : [],
  'device.left': ({ stream }) => [messageTo(deviceAppsStream(idOf(stream)), { type: 'RecordDeviceLeft' })],
});

const doubted = (serialNumbers: readonly string[]) =>
  serialNumbers.map((serialNumber) =>
    messageTo(deviceAppsStream(deviceIdOf(serialNumber)), { type: 'DoubtProfile' }),
  );

/** Devices of which an app asks for something, or asks for something else, get another profile. */
const doubtProfile = reaction<AppSettingsEvent | MdmCommandEvent>('installation.doubt-profile', {
  'appSettings.devices-told': ({ data: { serialNumbers } }) => doubted(serialNumbers),
  'mdmCommand.started': ({ data: { attempt, serialNumbers, settings } }) =>
    attempt === 1 && asksForProfile(settings) ? doubted(serialNumbers) : [],
});

export const installationReactions: readonly Reaction[] = [
  claim,
  takeUnsent,
  cancel,
  followDevice,
  doubtProfile,
];
