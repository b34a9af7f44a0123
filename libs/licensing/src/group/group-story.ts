import type { Envelope, Story } from '@seatbook/kernel';
import { assetsIn, type Subjects } from '../subjects.js';
import { holderKeys } from '../holder.js';
import { count, countOf, moment, were, type StoryContext } from '../wording.js';
import type { GroupEvent } from './group-events.js';

export const groupSubjects = ({ data }: Envelope<GroupEvent>): Subjects => ({
  uId: 'uId' in data ? data.uId : null,
  ...('uId' in data ? { assets: assetsIn(data), orders: [data.orderId] } : {}),
  ...('userIds' in data ? { holders: holderKeys(data) } : {}),
});

const policy = (follows: boolean): string =>
  follows
    ? 'who joins later gets what its orders gave, and who leaves gives it back'
    : 'its orders are for those who are its members at the time';

export const groupStory: Story<GroupEvent, StoryContext> = {
  'group.created': ({ data: { name, kind, follows } }) =>
    `The group ${name} of ${kind} was created: ${policy(follows)}.`,
  'group.renamed': ({ data: { name } }) => `The group is called ${name} now.`,
  'group.policy-set': ({ data: { follows } }) => `The policy of the group was set: ${policy(follows)}.`,
  'group.deleted': () => 'The group was deleted.',
  'group.members-joined': ({ data }) => `${countOf(data, 'holder')} joined the group.`,
  'group.members-left': ({ data }) => `${countOf(data, 'holder')} left the group.`,
  'group.order-admitted': ({ data: { kind, assets, withdrawAt } }) =>
    `An order (${kind}) of ${count(assets.length, 'asset')} is being placed for the members of the group, until ${moment(withdrawAt)} at the latest.`,
  'group.order-answered': () => 'All ledgers have answered an order of the group.',
  'group.order-withdrawn': () => 'An order for the members of the group was never placed.',
  'group.joiners-served': ({ data }) =>
    `${countOf(data, 'holder')} who joined the group ${were(data)} to get ${count(data.assets.length, 'asset')} by its orders.`,
  'group.return-asked': ({ data }, { assetName }) =>
    `${assetName(data.uId, data)} is to go back from ${countOf(data, 'holder')} who left the group.`,
  'group.leavers-served': ({ data }) =>
    `Nothing else has to go back from ${countOf(data, 'holder')} who left the group.`,
};
