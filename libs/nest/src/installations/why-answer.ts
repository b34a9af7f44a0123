import type { DeviceAppFound, WhyFound } from '@seatbook/application';
import { isoTime } from '@seatbook/kernel';
import { REASONS_WHY, idOfAsset, type DeviceDocument, type Why } from '@seatbook/licensing';
import { ApiProperty } from '@nestjs/swagger';
import {
  FlagOrNull,
  Links,
  OneOf,
  Part,
  PartOrNull,
  Parts,
  Text,
  TextOrNull,
  TimeOrNull,
} from '../document/fields.js';
import { DEVICE_STATES, OWNERSHIPS } from '../devices/registration-answer.js';
import { API } from '../http/api-root.js';
import { HoldAnswer, holdAnswer } from '../orders/hold-answer.js';
import { HolderAnswer, holderAnswer } from '../pairs/holder-answer.js';
import { PairAnswer, pairAnswer } from '../pairs/pair-answer.js';
import { SettingsAnswer, settingsAnswer } from '../settings/app-settings-answer.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';
import { TimelineRowAnswer } from '../timeline/timeline-answer.js';
import { timelineRow } from '../timeline/timeline-row.js';
import { InstallationAnswer, installationAnswer } from './installation-answer.js';

class NextStepAnswer {
  @Text('the device is asked how it stands, or pushed')
  what!: string;

  @TimeOrNull('When; null where it follows at once, or from what others do.')
  at!: string | null;
}

/** Why an app is not installed, or that it is. */
class ReasonAnswer {
  @OneOf(
    REASONS_WHY,
    'prompting',
    'Where it stands: the first thing that is missing between order and device.',
  )
  reason!: string;

  @Text('The device asks its user whether to install the app.', 'The same for people.')
  text!: string;

  @PartOrNull(() => NextStepAnswer, 'What happens next by itself; null where nothing does.')
  nextStep!: NextStepAnswer | null;

  @TimeOrNull('By then it is installed or has failed; null where nothing is under way.', null)
  deadline!: string | null;

  @TextOrNull(null, 'What a person can do about it; null where nothing has to be done.')
  remedy!: string | null;
}

const reasonAnswer = ({ reason, text, next, deadline, remedy }: Why): ReasonAnswer => ({
  reason,
  text,
  nextStep: next && { what: next.what, at: isoTime(next.at) },
  deadline: isoTime(deadline),
  remedy,
});

/** One app of a device: its licence, its installation, and what is pending. */
export class DeviceAppAnswer extends ReasonAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @TextOrNull('Field Notes')
  name!: string | null;

  @PartOrNull(() => PairAnswer, 'Its licence; null where it has none and waits for none.')
  licence!: PairAnswer | null;

  @PartOrNull(() => InstallationAnswer, 'Null where it was never to be installed.')
  installation!: InstallationAnswer | null;

  @Part(() => SettingsAnswer, 'In force now.')
  settings!: SettingsAnswer;

  @PartOrNull(() => SettingsAnswer, 'That the last command was sent with; null where none was sent.')
  sentWith!: SettingsAnswer | null;
}

export const deviceAppAnswer = (app: DeviceAppFound): DeviceAppAnswer => ({
  accountId: app.uId,
  assetId: idOfAsset(app.asset),
  name: app.name,
  ...reasonAnswer(app.why),
  ...partsOf(app),
});

const partsOf = ({ pair, installation, settings, sentWith }: DeviceAppFound | WhyFound) => ({
  licence: pair && pairAnswer(pair),
  installation: installation && installationAnswer(installation),
  settings: settingsAnswer(settings),
  sentWith: sentWith && settingsAnswer(sentWith),
});

const REGISTRY_STATES = ['unknown', ...DEVICE_STATES] as const;

/** What is known of the device itself. */
export class RegistryAnswer {
  @OneOf(REGISTRY_STATES, 'enrolled', '`unknown`: neither enrolled nor registered.')
  state!: string;

  @TextOrNull('iOS')
  platform!: string | null;

  @TextOrNull('18.4')
  osVersion!: string | null;

  @FlagOrNull(true)
  supervised!: boolean | null;

  @ApiProperty({
    type: String,
    enum: OWNERSHIPS,
    nullable: true,
    example: 'organisation',
  })
  ownership!: string | null;

  @TextOrNull(null, 'The person who has it, by our id.')
  userId!: string | null;

  @TimeOrNull('When its licences go back; null where they stay.', null)
  returnAt!: string | null;
}

export const registryAnswer = (device: DeviceDocument | null): RegistryAnswer => ({
  state: device?.state ?? 'unknown',
  platform: device?.platform ?? null,
  osVersion: device?.osVersion ?? null,
  supervised: device?.supervised ?? null,
  ownership: device?.ownership ?? null,
  userId: device?.userId ?? null,
  returnAt: isoTime(device?.returnAt ?? null),
});

/** Why one app is not there for one holder, and how it came to this. */
export class WhyAnswer extends ReasonAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @TextOrNull('Field Notes')
  name!: string | null;

  @Part(() => HolderAnswer)
  holder!: HolderAnswer;

  @PartOrNull(() => PairAnswer, 'The licence; null where there is none and none is waited for.')
  licence!: PairAnswer | null;

  @PartOrNull(
    () => InstallationAnswer,
    'Null where it was never to be installed. Of a person: the one that is farthest from being installed.',
  )
  installation!: InstallationAnswer | null;

  @Part(() => SettingsAnswer, 'In force now.')
  settings!: SettingsAnswer;

  @PartOrNull(() => SettingsAnswer, 'That the last command was sent with; null where none was sent.')
  sentWith!: SettingsAnswer | null;

  @PartOrNull(() => HoldAnswer, 'Of `on-hold`: since when, why, and what ends it.')
  hold!: HoldAnswer | null;

  @Parts(
    () => TimelineRowAnswer,
    'From the request on to the last that is known, each with its cause: the oldest first, 100 at the most.',
  )
  chain!: readonly TimelineRowAnswer[];

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;

  @Links({ timeline: '/api/v1/timeline?serialNumber=C02XK0AAHV29' })
  links!: { timeline: string };
}

export function whyAnswer(found: WhyFound): WhyAnswer {
  const { uId, asset, name, holder, heldBy, chain, asOf } = found;
  const field = holder.startsWith('d:') ? 'serialNumber' : 'userId';
  return {
    ...reasonAnswer(found),
    accountId: uId,
    assetId: idOfAsset(asset),
    name,
    holder: holderAnswer(holder),
    ...partsOf(found),
    hold: found.reason === 'on-hold' && heldBy ? holdAnswer(heldBy) : null,
    chain: chain.map(timelineRow),
    asOf: asOfAnswer(asOf),
    links: { timeline: `${API}/timeline?${field}=${encodeURIComponent(holder.slice(2))}` },
  };
}
