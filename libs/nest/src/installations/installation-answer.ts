import type { RolloutProgress } from '@seatbook/application';
import { isoTime } from '@seatbook/kernel';
import {
  INSTALLATION_FAILURES,
  INSTALLATION_STATES,
  idOfAsset,
  type InstallationDocument,
} from '@seatbook/licensing';
import { ApiProperty } from '@nestjs/swagger';
import { Count, CountOrNull, Links, OneOf, Text, Time, TimeOrNull, Part } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

/** One app on one device. */
export class InstallationAnswer {
  @Text('C02XK0AAHV29')
  serialNumber!: string;

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
  links!: { device: string; timeline: string };
}

export function installationAnswer(row: InstallationDocument): InstallationAnswer {
  const { device, uId, orderId, state, reason, code, attempts, version } = row;
  const inAddress = encodeURIComponent(device);
  return {
    serialNumber: device,
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
      device: `${API}/devices/${inAddress}`,
      timeline: `${API}/timeline?serialNumber=${inAddress}`,
    },
  };
}

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

  @counts('Targets by the state of their installation. One that a later order wanted is counted there.', {
    installed: 118,
    failed: 2,
  })
  states!: Readonly<Record<string, number>>;

  @counts('Failed ones by reason.', { 'user-rejected': 2 })
  failures!: Readonly<Record<string, number>>;

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const rolloutAnswer = ({ orderId, states, failures, asOf }: RolloutProgress): RolloutAnswer => ({
  orderId,
  states,
  failures,
  asOf: asOfAnswer(asOf),
});
