import type { FailuresFound, RolloutProgress, RolloutTarget } from '@seatbook/application';
import { isoTime } from '@seatbook/kernel';
import {
  INSTALLATION_FAILURES,
  INSTALLATION_STATES,
  idOfAsset,
  type InstallationDocument,
} from '@seatbook/licensing';
import { ApiProperty } from '@nestjs/swagger';
import {
  Count,
  CountOrNull,
  Links,
  OneOf,
  Part,
  PartOrNull,
  Text,
  TextOrNull,
  Time,
  TimeOrNull,
} from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

/** One app on one device; or what a person is to have, as long as it is on no device. */
export class InstallationAnswer {
  @TextOrNull('C02XK0AAHV29', 'Null for what a person is to have, as long as it is on no device.')
  serialNumber!: string | null;

  @TextOrNull(null, "The person by whose licence it is there, or is to be; null: by the device's own.")
  userId!: string | null;

  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ')
  assetId!: string;

  @Text('60501a66-da6b-8e0d-99da-ff88c72147da', 'The order that wanted it last.')
  orderId!: string;

  @OneOf(INSTALLATION_STATES, 'installed')
  state!: string;

  @ApiProperty({
    type: String,
    enum: INSTALLATION_FAILURES,
    nullable: true,
    example: null,
    description: 'Why it is not installed; null where nothing has failed.',
  })
  reason!: string | null;

  @CountOrNull(null, "The device's own number for the failure.")
  code!: number | null;

  @Count(1, 'Commands that its last order has led to.')
  attempts!: number;

  @CountOrNull(865432, "Apple's external version id, as the device told it.")
  version!: number | null;

  @Time('Since when it is in this state.')
  since!: string;

  @TimeOrNull('When the next thing happens by itself; null where nothing does.', null)
  nextAt!: string | null;

  @TimeOrNull('Its licence went back: the app can be used until then at the most.', null)
  endsAt!: string | null;

  @Links({ device: '/api/v1/devices/C02XK0AAHV29', timeline: '/api/v1/timeline?serialNumber=C02XK0AAHV29' })
  links!: { device?: string; person?: string; timeline: string };
}

export function installationAnswer(row: InstallationDocument): InstallationAnswer {
  const { device, userId, uId, orderId, state, reason, code, attempts, version } = row;
  return {
    serialNumber: device,
    userId,
    accountId: uId,
    assetId: idOfAsset(row),
    orderId,
    state,
    reason,
    code,
    attempts,
    version,
    since: isoTime(row.since) ?? '',
    nextAt: isoTime(row.nextAt),
    endsAt: isoTime(row.endsAt),
    links: {
      ...(device === null ? {} : { device: `${API}/devices/${encodeURIComponent(device)}` }),
      ...(userId === null ? {} : { person: `${API}/persons/${userId}` }),
      timeline: `${API}/timeline?${holderInAddress(device, userId)}`,
    },
  };
}

/** The device where there is one, else the person. */
const holderInAddress = (device: string | null, userId: string | null): string =>
  device === null ? `userId=${userId ?? ''}` : `serialNumber=${encodeURIComponent(device)}`;

const counts = (description: string, example: object): PropertyDecorator =>
  ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer', minimum: 0 },
    description,
    example,
  });

export class RolloutAnswer {
  @Text('60501a66-da6b-8e0d-99da-ff88c72147da')
  orderId!: string;

  @Count(120, 'Apps on devices that the rollout names itself or by their persons.')
  targets!: number;

  @counts(
    'Targets by the state of their installation as it is now, whichever order wanted it last. `no-licence`: the rollout found none.',
    { installed: 118, failed: 2 },
  )
  states!: Readonly<Record<string, number>>;

  @counts('Failed ones by reason.', { 'user-rejected': 2 })
  failures!: Readonly<Record<string, number>>;

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const rolloutAnswer = ({ asOf, ...progress }: RolloutProgress): RolloutAnswer => ({
  ...progress,
  asOf: asOfAnswer(asOf),
});

/** One app on one device that a rollout names itself or by its person. */
export class TargetAnswer {
  @TextOrNull('C02XK0AAHV29', 'Null of a person whose app is on no device.')
  serialNumber!: string | null;

  @TextOrNull(null, 'The person that the rollout names; null where it names the device.')
  userId!: string | null;

  @Text('900000001.STDQ')
  assetId!: string;

  @OneOf(INSTALLATION_STATES, 'installed', '`no-licence`: the rollout found none.')
  state!: string;

  @PartOrNull(() => InstallationAnswer, 'As it is now, whichever order wanted it last.')
  installation!: InstallationAnswer | null;

  @Links({ why: '/api/v1/accounts/7700000000000001/assets/900000001.STDQ/why?serialNumber=C02XK0AAHV29' })
  links!: { why: string };
}

export const targetAnswer = ({
  uId,
  device,
  userId,
  state,
  installation,
  ...asset
}: RolloutTarget): TargetAnswer => ({
  serialNumber: device,
  userId,
  assetId: idOfAsset(asset),
  state,
  installation: installation && installationAnswer(installation),
  links: {
    why: `${API}/accounts/${uId}/assets/${idOfAsset(asset)}/why?${holderInAddress(device, userId)}`,
  },
});

/** Devices on which one app has failed for one reason. */
export class FailuresAnswer {
  @OneOf(INSTALLATION_FAILURES, 'user-rejected')
  reason!: string;

  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ')
  assetId!: string;

  @TextOrNull('Field Notes')
  name!: string | null;

  @Count(2, 'Devices on which nothing more is tried by itself.')
  failed!: number;

  @Count(0, 'Devices for which the next try is planned.')
  retrying!: number;
}

export const failuresAnswer = ({
  uId,
  name,
  reason,
  failed,
  retrying,
  ...asset
}: FailuresFound): FailuresAnswer => ({
  reason,
  accountId: uId,
  assetId: idOfAsset(asset),
  name,
  failed,
  retrying,
});
