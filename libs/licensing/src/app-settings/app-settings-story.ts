import type { Envelope, Story } from '@seatbook/kernel';
import type { AppSso } from '../app-sso.js';
import type { Subjects } from '../subjects.js';
import { count, type StoryContext } from '../wording.js';
import type { AppSettingsEvent } from './app-settings-events.js';

/** Licences of an app in either quality follow its settings. */
const QUALITIES = ['STDQ', 'PLUS'] as const;

export function appSettingsSubjects({ type, data }: Envelope<AppSettingsEvent>): Subjects {
  const { uId } = data;
  switch (type) {
    case 'appSettings.set': {
      const { adamId } = data;
      return {
        uId,
        assets: adamId === null ? [] : QUALITIES.map((pricingParam) => ({ adamId, pricingParam })),
      };
    }
    case 'appSettings.payload-replaced':
      return { uId };
    case 'appSettings.devices-told':
      return { uId, holders: data.serialNumbers.map((one) => `d:${one}` as const) };
    case 'appSettings.updates-asked': {
      const { adamId, pricingParam, serialNumbers } = data;
      return {
        uId,
        assets: [{ adamId, pricingParam }],
        holders: serialNumbers.map((one) => `d:${one}` as const),
      };
    }
    case 'appSettings.updates-looked':
      return { uId };
  }
}

const ssoIn = ({ profileId, baseUrlMatches }: AppSso): string =>
  `${profileId} for ${baseUrlMatches === null ? 'all addresses' : baseUrlMatches.join(' and ')}`;

export const appSettingsStory: Story<AppSettingsEvent, StoryContext> = {
  'appSettings.set'({ data: { adamId, settings } }) {
    const whose = adamId === null ? 'The settings of all apps of the account' : 'The settings of the app';
    const { sso, ...rest } = settings;
    const said = Object.entries(rest).map(
      ([name, value]) => `${name} ${value === null ? 'none' : String(value)}`,
    );
    if (sso !== undefined) said.push(`sso ${sso === null ? 'none' : ssoIn(sso)}`);
    return said.length === 0
      ? `${whose} are the inherited ones.`
      : `${whose} are now: ${said.join(', ')}; the rest is inherited.`;
  },
  'appSettings.payload-replaced': () => 'A profile that settings of apps name has another payload.',
  'appSettings.devices-told': ({ data: { serialNumbers } }) =>
    `Settings of apps ask for another profile on ${count(serialNumbers.length, 'device')}.`,
  'appSettings.updates-asked': ({ data }, { assetName }) =>
    `${assetName(data.uId, data)} is to be updated on ${count(data.serialNumbers.length, 'device')}.`,
  'appSettings.updates-looked': () => 'Devices with older versions than the store were looked for.',
};
