import type { Envelope, Story } from '@seatbook/kernel';
import { assetsIn, type Subjects } from '../subjects.js';
import { count, moment, type StoryContext } from '../wording.js';
import type { ActivationEvent } from './activation-events.js';

export const activationSubjects = ({ data }: Envelope<ActivationEvent>): Subjects => ({
  uId: data.uId,
  assets: assetsIn(data),
  ...('userIds' in data ? { holders: data.userIds.map((userId) => `u:${userId}`) } : {}),
});

const people = ({ userIds }: { readonly userIds: readonly string[] }): string =>
  count(userIds.length, 'person', 'people');

const verb = ({ userIds }: { readonly userIds: readonly string[] }): string =>
  userIds.length === 1 ? 'was' : 'were';

export const activationStory: Story<ActivationEvent, StoryContext> = {
  'activation.ordered': ({ data }) => `${people(data)} ${verb(data)} to be activated.`,
  'activation.withdrawn': ({ data }) => `The activation of ${people(data)} was withdrawn.`,
  'activation.leaving': ({ data }) =>
    `${people(data)} ${verb(data)} to be deactivated; what they hold goes back first.`,
  'activation.return-asked': ({ data }, { assetName }) =>
    `${assetName(data.uId, data)} is to go back from ${people(data)}.`,
  'activation.return-awaited': ({ data }) =>
    `What ${people(data)} held is on its way back. Next look at ${moment(data.lookAt)}.`,
  'activation.retirement-opened': ({ data }) =>
    `${people(data)} ${verb(data)} to be retired at Apple: nothing is left that can be returned.`,
  'activation.update-opened': ({ data }) => `What has changed of ${people(data)} is to be told to Apple.`,
  'activation.update-noted': ({ data }) =>
    `What has changed of ${people(data)} is told to Apple when the call that has them is over, or the account is back.`,
  'activation.update-withdrawn': ({ data }) => `What has changed of ${people(data)} is not told to Apple.`,
  'activation.claimed': ({ data }) => `A call to Apple took ${people(data)}.`,
  'activation.claims-released': ({ data }) => `${people(data)} left a call to Apple and will be in another.`,
  'activation.created': ({ data }) => `Apple knows ${people(data)} now.`,
  'activation.updated': ({ data }) => `Apple was told what has changed of ${people(data)}.`,
  'activation.associated': ({ data }) => `${people(data)} ${verb(data)} linked to an Apple Account.`,
  'activation.retired': ({ data }) => `Apple retired ${people(data)}.`,
  'activation.found-retired': ({ data }) =>
    `Apple lists ${people(data)} as retired, which nobody has asked for here.`,
  'activation.failed': ({ data }, { errorMeaning }) =>
    `Apple did not ${data.action} ${people(data)}: ${data.reason || errorMeaning(data.errorNumber)}.`,
  'activation.closed': () => 'Nobody is activated or deactivated for the account any more.',
  'activation.opened': () => 'People can be activated for the account again.',
  'activation.acceptance-read': ({ data: { reason, nextAt } }) =>
    reason === null
      ? 'What has become of people at the location was read from Apple.'
      : `What has become of people at the location could not be read: ${reason}. Next attempt at ${moment(nextAt)}.`,
};
