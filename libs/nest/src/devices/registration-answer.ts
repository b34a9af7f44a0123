import type { RegisteredDevice } from '@seatbook/application';
import { isoTime, numberOf, type Position } from '@seatbook/kernel';
import { PROFILE_STATES, type DeviceDocument, type DevicePhase } from '@seatbook/licensing';
import { ApiProperty } from '@nestjs/swagger';
import {
  Count,
  Flag,
  FlagOrNull,
  Links,
  OneOf,
  Part,
  Text,
  TextOrNull,
  Time,
  TimeOrNull,
} from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

export const PLATFORMS = ['iOS', 'macOS', 'tvOS', 'watchOS', 'visionOS'] as const;
export const OWNERSHIPS = ['organisation', 'personal'] as const;
export const DEVICE_STATES = [
  'registered',
  'enrolling',
  'enrolled',
  'checked-out',
  'wiped',
  'retired',
] as const satisfies readonly DevicePhase[];

export const linksOf = (device: string) => {
  const inAddress = encodeURIComponent(device);
  return {
    self: `${API}/devices/${inAddress}/registration`,
    pairs: `${API}/devices/${inAddress}`,
    apps: `${API}/devices/${inAddress}/apps`,
    installations: `${API}/installations?serialNumber=${inAddress}`,
    timeline: `${API}/timeline?serialNumber=${inAddress}`,
  };
};

type DeviceLinks = ReturnType<typeof linksOf>;

const DEVICE_LINKS = linksOf('C02XK0AAHV29');

const nullable = (
  values: readonly string[],
  example: string | null,
  description: string,
): PropertyDecorator =>
  ApiProperty({ type: String, enum: [...values], nullable: true, example, description });

/** A device as the registry knows it. */
export class RegistrationAnswer {
  @Text('C02XK0AAHV29', 'Its serial number, or the id of its enrolment where that hides it.')
  serialNumber!: string;

  @OneOf(
    DEVICE_STATES,
    'enrolled',
    '`registered`: it has not enrolled. `enrolling`: it cannot be reached yet.',
  )
  state!: string;

  @Time('Since when it is in this state.')
  since!: string;

  @nullable(PLATFORMS, 'iOS', 'As it says itself; else as it was registered.')
  platform!: string | null;

  @TextOrNull('18.4')
  osVersion!: string | null;

  @FlagOrNull(true, 'On devices that are not supervised, people are asked before an app is installed.')
  supervised!: boolean | null;

  @TextOrNull('A1B2C3D4-0000-4000-8000-000000000001', 'At the MDM server; null before it has enrolled.')
  enrolmentId!: string | null;

  @nullable(OWNERSHIPS, 'organisation', 'Null: nobody has registered it.')
  ownership!: string | null;

  @TextOrNull('0191f0f6-7b1c-7c22-8d5e-3a1f0c2b4d6e', 'The person who has it, by our id.')
  userId!: string | null;

  @TimeOrNull('It has left: its licences go back then. Null: they stay.', null)
  returnAt!: string | null;

  @Links(DEVICE_LINKS)
  links!: DeviceLinks;
}

/** The same, with its name and what is on it. */
export class RegisteredDeviceAnswer extends RegistrationAnswer {
  @TextOrNull(
    'Reception 2',
    'As the organisation names it, or the device itself. It is kept apart from the history.',
  )
  name!: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer', minimum: 0 },
    description: 'Its apps, by the state of their installation.',
    example: { installed: 12, wanted: 1 },
  })
  installations!: Readonly<Record<string, number>>;

  @OneOf(
    PROFILE_STATES,
    'installed',
    'The profile that holds what settings of its apps ask for. `changing`: it is composed anew. `sent`: the device has not answered. `retrying`: it is sent again by itself. `failed`: when the device speaks, or settings change. `unknown`: nobody knows what the device has.',
  )
  profile!: string;

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const registrationAnswer = (row: DeviceDocument): RegistrationAnswer => ({
  serialNumber: row.device,
  state: row.state,
  since: isoTime(row.since) ?? '',
  platform: row.platform,
  osVersion: row.osVersion,
  supervised: row.supervised,
  enrolmentId: row.enrolmentId,
  ownership: row.ownership,
  userId: row.userId,
  returnAt: isoTime(row.returnAt),
  links: linksOf(row.device),
});

export const registeredDeviceAnswer = ({
  document,
  name,
  installations,
  profile,
  asOf,
}: RegisteredDevice): RegisteredDeviceAnswer => ({
  ...registrationAnswer(document),
  name,
  installations,
  profile,
  asOf: asOfAnswer(asOf),
});

export class ChangedDeviceAnswer {
  @Text('C02XK0AAHV29')
  serialNumber!: string;

  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;

  @Flag(false, 'The same request had been made before.')
  repeated!: boolean;

  @Links(DEVICE_LINKS)
  links!: DeviceLinks;
}

export const changedDeviceAnswer = (
  serialNumber: string,
  position: Position,
  repeated: boolean,
): ChangedDeviceAnswer => ({
  serialNumber,
  position: numberOf(position),
  repeated,
  links: linksOf(serialNumber),
});
