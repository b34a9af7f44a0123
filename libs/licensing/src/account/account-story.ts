import type { Envelope, Instant, Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import { count, countOf, failed, moment, type StoryContext } from '../wording.js';
import type { AccountEvent } from './account-events.js';

const daysUntil = (then: Instant, now: Instant): number => Math.floor((then - now) / 86_400_000);

export const accountSubjects = ({ data: { uId } }: Envelope<AccountEvent>): Subjects => ({ uId });

export const accountStory: Story<AccountEvent, StoryContext> = {
  'account.imported': ({ data: { uId, name, locationName, takenOverFrom } }) => {
    const from = takenOverFrom ? `, taken over from ${takenOverFrom.name || 'another MDM'}` : '';
    return `The location ${locationName ?? uId} was imported as "${name}"${from}.`;
  },
  'account.token-renewed': ({ data }) =>
    `The content token was renewed. It expires on ${moment(data.expiresAt).slice(0, 10)}.`,
  'account.token-kept': () => 'The content token was not replaced: the same one was given again.',
  'account.import-refused': ({ data }) => `A content token was refused: ${data.refusal.message}.`,
  'account.renamed': ({ data: { name } }) => `The account was renamed to "${name}".`,
  'account.assignment-type-set': ({ data: { assignmentType } }) =>
    `From now on the account assigns licences to ${assignmentType === 'device' ? 'devices' : 'people'}.`,
  'account.token-refused': ({ data }) =>
    `Apple rejected the content token (${data.state}). All work of this account is held until it is renewed.`,
  'account.token-expiring': ({ data: { expiresAt, at } }) =>
    `The content token expires in ${count(daysUntil(expiresAt, at), 'day')}, on ${moment(expiresAt).slice(0, 10)}: a new one is needed.`,
  'account.token-expired': () =>
    'The content token has expired. All work of this account is held until it is renewed.',
  'account.expiry-revised': () =>
    'The content token has not expired: the clock that said so was ahead. Work of this account goes on.',
  'account.write-refused': ({ data: { reason, inARow } }) =>
    `Apple did not accept a call (${count(inARow, 'refusal')} in a row): ${reason}.`,
  'account.writes-held': ({ data: { reason, probeAt } }) =>
    `Apple accepts no call of this account: ${reason}. Assigning and returning is held; one small call tries again at ${moment(probeAt)}.`,
  'account.probe-started': ({ data: { probeAt } }) =>
    `One small call tries whether Apple accepts calls again. If not, the next one is sent at ${moment(probeAt)}.`,
  'account.writes-accepted': () => 'Apple accepts calls of this account again.',
  'account.conflicted': ({ data }) =>
    `${data.mdmInfo?.name || 'Another MDM'} now manages this location. All work of this account is held.`,
  'account.take-over-ordered': () => 'A takeover of the location was requested.',
  'account.give-up-ordered': ({ data: { licences } }) =>
    `The location is to be given up. Its licences ${licences === 'return' ? 'are returned first' : 'stay with their holders'}.`,
  'account.work-ending': ({ data: { ledgers, left } }) =>
    `The work of the account is ending: ${count(ledgers.length, 'asset')} closed, ${count(left, 'pair')} on the way.`,
  'account.return-asked': ({ data }) => `${countOf(data, 'licence')} of an asset go back to the location.`,
  'account.work-ended': ({ data: { kept } }) =>
    `All work of the account has ended. ${count(kept, 'licence')} stay with their holders.`,
  'account.release-failed': ({ data }) => failed('Telling Apple that the location is given up', data),
  'account.given-up': ({ data: { mdmInfo } }) =>
    mdmInfo === null
      ? 'The location was given up: Apple no longer lists Seatbook as its MDM.'
      : `The location was given up. ${mdmInfo.name || 'Another MDM'} manages it already.`,
  'account.ledgers-opened': () => 'Licences of the account can be ordered again.',
  'account.removed': () => 'The account was removed. Its history stays.',
  'account.owned': () => 'The location was marked as managed by Seatbook.',
  'account.owning-failed': ({ data }) => failed('Marking the location as managed by Seatbook', data),
  'account.notifications-wanted': ({ data: { notificationUrl } }) =>
    notificationUrl === null
      ? 'Notifications from Apple were switched off: Apple is polled instead.'
      : `Apple will be asked to send notifications to ${notificationUrl}.`,
  'account.subscribed': ({ data }) => `Apple sends notifications to ${data.notificationUrl}.`,
  'account.subscription-failed': ({ data }) => failed("Subscribing to Apple's notifications", data),
  'account.address-checked': () => "Apple still has Seatbook's address for notifications.",
  'account.address-lost': ({ data: { notificationUrl } }) =>
    `Apple has ${notificationUrl === null ? 'no' : 'another'} address for notifications. It will be given Seatbook's again.`,
  'account.address-check-failed': ({ data }) => failed("Checking Apple's address for notifications", data),
};
