import type { Envelope, Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import { count, failed, type StoryContext } from '../wording.js';
import { holderCount } from '../holder.js';
import type { AppleEventEvent } from './apple-event-events.js';

export const appleEventSubjects = ({ data: { uId } }: Envelope<AppleEventEvent>): Subjects => ({ uId });

export const appleEventStory: Story<AppleEventEvent, StoryContext> = {
  'appleEvent.notification-received': ({ data: { notificationType, operation, result, pairs } }) => {
    const number = pairs.reduce((sum, holders) => sum + holderCount(holders), 0);
    const kind = `${notificationType}, ${operation}, ${result}`;
    return `Apple sent a notification (${kind}) about ${count(number, 'pair')}.`;
  },
  'appleEvent.bound': ({ data }) =>
    `Apple's event belongs to the call ${data.callId} with ${count(data.pairs, 'pair')}.`,
  'appleEvent.polled': ({ data: { status, completed, requested } }) =>
    `Apple was polled: ${status}, ${completed} of ${requested} done.`,
  'appleEvent.poll-failed': ({ data }) => failed('Polling Apple', data),
  'appleEvent.held': () => 'Polling Apple is held with the work of the account.',
  'appleEvent.found-foreign': () => "No call of ours asked for this: it is another tool's.",
  'appleEvent.stalled': ({ data }) => `Apple makes no progress: ${data.reason}. The call will be sent again.`,
  'appleEvent.completed': ({ data: { by, failures } }) => {
    const source = by === 'status' ? 'its status' : 'its notifications';
    const result = failures.length === 0 ? '' : `, with ${count(failures.length, 'failure')}`;
    return `Apple is done according to ${source}${result}.`;
  },
};
