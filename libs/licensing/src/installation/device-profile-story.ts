import type { Story } from '@seatbook/kernel';
import type { DeviceProfile } from '../device-profile.js';
import { count, moment, type StoryContext } from '../wording.js';
import type { DeviceProfileEvent, ProfileFailure } from './device-profile-events.js';

function partsOf({ rules, sso, vpns = [] }: DeviceProfile): string {
  const parts: string[] = [];
  const limited = rules.flatMap(({ bundleIds }) => bundleIds).length;
  if (limited > 0) parts.push(`limits on mobile data for ${count(limited, 'app')}`);
  if (sso) parts.push(`Single Sign-On for ${count(sso.bundleIds.length, 'app')}`);
  if (sso && sso.without.length > 0)
    parts.push(`none for ${count(sso.without.length, 'app')} that would need another one`);
  if (vpns.length > 0) parts.push(count(vpns.length, 'VPN'));
  return parts.join(', ');
}

const PROFILE_FAILURES: Readonly<Record<ProfileFailure, string>> = {
  refused: 'the device refused it',
  unanswered: 'the device did not answer',
  'not-queued': 'the MDM server does not take the command',
};

export const deviceProfileStory: Story<DeviceProfileEvent, StoryContext> = {
  'installation.profile-doubted': ({ data: { composeAt } }) =>
    `What apps of the device ask for is composed into its profile at ${moment(composeAt)}.`,
  'installation.profile-kept': () => 'The device has the profile that its apps ask for, or is being sent it.',
  'installation.profile-asked': ({ data: { profile } }) =>
    profile === null
      ? 'The profile of the device is to be removed: no app asks for anything.'
      : `The device is sent a profile: ${partsOf(profile)}.`,
  'installation.profile-put-off': () => 'The device put its profile off.',
  'installation.profile-taken': ({ data: { digest } }) =>
    digest === '' ? 'The device has no profile of ours any more.' : 'The device has its profile.',
  'installation.profile-overtaken': () =>
    'The device carried out an earlier command for its profile late: it is sent the profile once more.',
  'installation.profile-failed'({ data: { reason, code, again } }) {
    const number = code === null ? '' : ` (${code})`;
    const next = again === null ? '' : ` It is tried again at ${moment(again)}.`;
    return `The device has not got its profile: ${PROFILE_FAILURES[reason]}${number}.${next}`;
  },
  'installation.profile-lost': () => 'The device enrolled again: its profile went with the enrolment before.',
};
