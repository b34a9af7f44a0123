import type { Envelope, Story } from '@seatbook/kernel';
import { isActivation } from '../asset-id.js';
import { assetsIn, type Subjects } from '../subjects.js';
import { count, countOf, moment, type StoryContext, failed } from '../wording.js';
import { holderCount } from '../holder.js';
import { isOfPersons } from '../call-action.js';
import type { CallEvent } from './call-events.js';

export const callSubjects = ({ data }: Envelope<CallEvent>): Subjects => ({
  uId: data.uId,
  assets: assetsIn(data).filter((asset) => !isActivation(asset)),
});

export const callStory: Story<CallEvent, StoryContext> = {
  'call.planned': ({ data }) => {
    if (isOfPersons(data.action))
      return `A call to Apple was planned: ${data.action} ${countOf(data, 'person', 'people')}.`;
    const action = data.action === 'associate' ? 'assign' : 'return';
    const size = `${count(data.assets.length, 'asset')} × ${countOf(data, 'holder')}`;
    return `A call to Apple was planned: ${action} ${size}.`;
  },
  'call.claim-answered': ({ data: { missed } }) =>
    holderCount(missed) === 0
      ? 'A ledger gave its pairs to the call.'
      : `A ledger gave its pairs to the call, except for ${countOf(missed, 'holder')}.`,
  'call.ready': ({ data }) => `The call is ready with ${count(data.pairs, 'pair')}.`,
  'call.dropped': () => 'The call was dropped: no holder was left in it.',
  'call.started': ({ data }) => `Attempt ${data.attempt} of the call was sent to Apple.`,
  'call.accepted': ({ data }) =>
    `Apple accepted the call with ${count(data.pairs, 'pair')} as its event ${data.appleEventId}.`,
  'call.attempt-failed': ({ data: { attempt, reason, doubtful, retryAt } }) => {
    const doubt = doubtful ? '. Apple may have carried it out nevertheless' : '';
    return `Attempt ${attempt} did not succeed: ${reason}${doubt}. Next attempt at ${moment(retryAt)}.`;
  },
  'call.held': ({ data: { state } }) =>
    state === 'conflicted'
      ? 'The call is held: another MDM manages the location.'
      : `The call is held: Apple rejected the token (${state}).`,
  'call.refused': ({ data: { reason } }) => `Apple refused the call as a whole: ${reason}.`,
  'call.verification-needed': () => 'The outcome is being verified by reading from Apple.',
  'call.outcome-open': ({ data: { unseen, until, lookAt } }) =>
    `Apple does not show ${count(unseen, 'pair')} of it yet, and may still get to it until ${moment(until)}. Next look at ${moment(lookAt)}.`,
  'call.found-undone': () => 'Apple has done nothing of the call, so it is sent again.',
  'call.verification-failed': ({ data }) => failed('Reading the outcome from Apple', data),
  'call.settled': ({ data: { failures, attempts } }) => {
    const result = failures.length === 0 ? 'everything succeeded' : count(failures.length, 'failure');
    return `The call is settled after ${count(attempts, 'attempt')}: ${result}.`;
  },
};
