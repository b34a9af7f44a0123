import type { Envelope, Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import { count, failed, type StoryContext } from '../wording.js';
import type { MdmCommandEvent } from './mdm-command-events.js';

export function mdmCommandSubjects({ type, data }: Envelope<MdmCommandEvent>): Subjects {
  const { uId } = data;
  if (type !== 'mdmCommand.planned') return { uId };
  const { adamId, pricingParam, devices } = data;
  return {
    uId,
    assets: [{ adamId, pricingParam }],
    orders: devices.map(({ orderId }) => orderId),
    holders: devices.map(({ serialNumber }) => `d:${serialNumber}`),
  };
}

export const mdmCommandStory: Story<MdmCommandEvent, StoryContext> = {
  'mdmCommand.planned': ({ data }, { assetName }) =>
    `A command for ${count(data.devices.length, 'device')} was planned: ${data.removal ? 'remove' : 'install'} ${assetName(data.uId, data)}.`,
  'mdmCommand.started': ({ data: { serialNumbers, attempt } }) =>
    `The command is sent to ${count(serialNumbers.length, 'device')} (attempt ${attempt}).`,
  'mdmCommand.queued': ({ data: { refused } }) =>
    refused.length === 0
      ? 'The MDM server has the command.'
      : `The MDM server has the command, but not for ${count(refused.length, 'device')}.`,
  'mdmCommand.attempt-failed': ({ data }) => failed(`Sending the command, attempt ${data.attempt},`, data),
  'mdmCommand.given-up': ({ data: { reason } }) => `The command was given up: ${reason}.`,
};
