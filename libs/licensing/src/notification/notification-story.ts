import type { Envelope, Story } from '@seatbook/kernel';
import { assetsIn, type Subjects } from '../subjects.js';
import { count, type StoryContext } from '../wording.js';
import type { NotificationEvent } from './notification-events.js';

export const notificationSubjects = ({ data }: Envelope<NotificationEvent>): Subjects => ({
  uId: data.uId,
  assets: assetsIn(data),
});

export const notificationStory: Story<NotificationEvent, StoryContext> = {
  'notification.asset-count-received': ({ data }, { assetName }) => {
    const { countDelta, uId } = data;
    const more = countDelta < 0 ? 'fewer' : 'more';
    const licences = count(Math.abs(countDelta), `${more} licence`);
    return `Apple sent a notification: ${licences} of ${assetName(uId, data)}.`;
  },
  'notification.test-received': () => 'Apple sent a test notification.',
  'notification.users-associated-received': ({ data }) =>
    `${count(data.userIds.length, 'person', 'people')} accepted the invitation.`,
  'notification.unknown-received': ({ data }) =>
    `Apple sent a notification of the unknown type ${data.notificationType}. It was kept.`,
};
