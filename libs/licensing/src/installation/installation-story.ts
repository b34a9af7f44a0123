import { idOf, type Envelope, type Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import { count, moment, type StoryContext } from '../wording.js';
import { deviceProfileStory } from './device-profile-story.js';
import type { InstallationEvent, InstallationFailure } from './installation-events.js';

export function installationSubjects({ stream, type, data }: Envelope<InstallationEvent>): Subjects {
  const holders = [`d:${idOf(stream)}`];
  if (
    type !== 'installation.commanded' &&
    type !== 'installation.failed' &&
    type !== 'installation.cancelled' &&
    type !== 'installation.removal-commanded' &&
    type !== 'installation.removal-failed'
  )
    return { uId: null, holders };
  const { uId, adamId, pricingParam, orderId, userId } = data;
  if (userId !== undefined) holders.push(`u:${userId}`);
  return { uId, holders, assets: [{ adamId, pricingParam }], orders: [orderId] };
}

/** Each reason in words. */
export const FAILURES: Readonly<Record<InstallationFailure, string>> = {
  'licence-not-found': 'the device does not find its licence',
  'no-licence': 'Apple has no licence for the device',
  'not-enrolled': 'the device cannot be reached by the MDM server',
  'not-queued': 'the MDM server does not take the command',
  'user-rejected': 'a person said no',
  'prompt-unanswered': 'nobody answered the question on the device',
  'put-off': 'the device put it off until the deadline',
  offline: 'the device did not come until the deadline',
  'no-verdict': 'the device never told how it ended',
  lost: 'the device lost the command',
  'install-failed': 'the device could not install it',
  'not-managed': 'the user has installed it, and it is not managed',
  'login-required': 'the device wants a store account',
  'apps-forbidden': 'a restriction on the device forbids apps',
  'not-in-store': 'the store has no such app for the device',
  refused: 'the device refused it',
  'device-left': 'the device left',
  'licensed-again': 'it has its licence again',
};

export const installationStory: Story<InstallationEvent, StoryContext> = {
  'installation.commanded': ({ data }, { assetName }) =>
    `${assetName(data.uId, data)} is to be installed on the device (attempt ${data.attempt}).`,
  'installation.not-needed': () => 'A command to install an app was not needed: it is there, or on its way.',
  'installation.acknowledged': ({ data: { prompting } }) =>
    prompting ? 'The device asks its user whether to install the app.' : 'The device accepted the app.',
  'installation.put-off': () => 'The device put the installation off.',
  'installation.failed'({ data }, { assetName }) {
    const { reason, code, again, uId } = data;
    const number = code === null ? '' : ` (${code})`;
    const next = again === null ? '' : ` It is tried again at ${moment(again)}.`;
    return `${assetName(uId, data)} is not installed: ${FAILURES[reason]}${number}.${next}`;
  },
  'installation.cancelled': ({ data }, { assetName }) =>
    `${assetName(data.uId, data)} is not installed: its licence goes back, or is gone.${data.next ? ' It is installed by another licence.' : ''}`,
  'installation.removal-commanded': ({ data }, { assetName }) =>
    `${assetName(data.uId, data)} is to be removed from the device.`,
  'installation.removal-answered': ({ data: { code } }) =>
    code === null ? 'The device removes the app.' : `The device does not remove the app (${code}).`,
  'installation.removal-failed'({ data }, { assetName }) {
    const { reason, code, again, uId } = data;
    const number = code === null ? '' : ` (${code})`;
    const next = again === null ? '' : ` It is tried again at ${moment(again)}.`;
    return `${assetName(uId, data)} is not removed: ${FAILURES[reason]}${number}.${next}`;
  },
  'installation.list-asked': ({ data: { apps } }) =>
    `The device was asked about ${count(apps.length, 'app')}.`,
  'installation.reminded': () => 'The device was pushed again, since it has not answered.',
  'installation.list-failed': ({ data: { reason } }) => `The device could not be asked: ${reason}.`,
  'installation.listed'({ data: { apps } }) {
    const installed = apps.filter(({ state }) => state === 'installed').length;
    return `The device told about ${count(apps.length, 'app')}; ${installed} installed.`;
  },
  'installation.device-left': ({ data: { removed, failed } }) =>
    `With the device went ${count(removed.length, 'installed app')} and ${count(failed.length, 'unfinished installation')}.`,
  ...deviceProfileStory,
};

export const INSTALLATION_FAILURES = Object.keys(FAILURES) as readonly InstallationFailure[];
