import { idOf, messageTo, reaction, uuidOf, type Reaction } from '@seatbook/kernel';
import type { AppSettingsEvent } from '../app-settings/app-settings-events.js';
import type { DeviceEvent } from '../device/device-events.js';
import { asksForProfile } from '../device-profile.js';
import type { MdmCommandEvent } from '../mdm-command/mdm-command-events.js';
import { deviceIdOf } from '../serial-number.js';
import { deviceAppsStream } from '../streams.js';
import type { InstallationFailure } from './installation-events.js';

/** A planned command claims each of its devices. */
const claim = reaction<MdmCommandEvent>('installation.claim', {
  'mdmCommand.planned': ({ stream, data: { uId, adamId, pricingParam, attempt, devices, update } }) =>
    devices.map(({ serialNumber, orderId }) =>
      messageTo(deviceAppsStream(deviceIdOf(serialNumber)), {
        type: 'CommandInstallation',
        uuid: idOf(stream),
        uId,
        asset: { adamId, pricingParam },
        orderId,
        attempt,
        update,
      }),
    ),
});

const unsent = (stream: string, serialNumber: string, reason: InstallationFailure) =>
  messageTo(deviceAppsStream(deviceIdOf(serialNumber)), {
    type: 'RecordUnsent',
    uuid: idOf(stream),
    reason,
  });

/** Devices that a command was not sent to hear so. */
const takeUnsent = reaction<MdmCommandEvent>('installation.take-unsent', {
  'mdmCommand.started': ({ stream, data: { unlicensed, unreachable } }) => [
    ...unlicensed.map((serialNumber) => unsent(stream, serialNumber, 'no-licence')),
    ...unreachable.map((serialNumber) => unsent(stream, serialNumber, 'not-enrolled')),
  ],
  'mdmCommand.queued': ({ stream, data: { refused } }) =>
    refused.map((serialNumber) => unsent(stream, serialNumber, 'not-queued')),
  'mdmCommand.given-up': ({ stream, data: { serialNumbers } }) =>
    serialNumbers.map((serialNumber) => unsent(stream, serialNumber, 'not-queued')),
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

export const installationReactions: readonly Reaction[] = [claim, takeUnsent, followDevice, doubtProfile];
