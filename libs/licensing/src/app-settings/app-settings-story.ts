import type { Envelope, Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import type { StoryContext } from '../wording.js';
import type { AppSettingsEvent } from './app-settings-events.js';

/** Licences of an app in either quality follow its settings. */
const QUALITIES = ['STDQ', 'PLUS'] as const;

export const appSettingsSubjects = ({ data: { uId, adamId } }: Envelope<AppSettingsEvent>): Subjects => ({
  uId,
  assets: adamId === null ? [] : QUALITIES.map((pricingParam) => ({ adamId, pricingParam })),
});

export const appSettingsStory: Story<AppSettingsEvent, StoryContext> = {
  'appSettings.set'({ data: { adamId, settings } }) {
    const whose = adamId === null ? 'The settings of all apps of the account' : 'The settings of the app';
    const said = Object.entries(settings).map(([name, value]) => `${name} ${String(value)}`);
    return said.length === 0
      ? `${whose} are the inherited ones.`
      : `${whose} are now: ${said.join(', ')}; the rest is inherited.`;
  },
};
