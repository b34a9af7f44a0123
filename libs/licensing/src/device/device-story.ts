import { idOf, type Envelope, type Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import { count, moment, type StoryContext } from '../wording.js';
import type { DeviceEvent, DeviceLeft } from './device-events.js';

export const deviceSubjects = ({ stream }: Envelope<DeviceEvent>): Subjects => ({
  uId: null,
  holders: [`d:${idOf(stream)}`],
});

const LEFT: Readonly<Record<DeviceLeft, string>> = {
  'checked-out': 'The device left the MDM server.',
  wiped: 'The device was wiped.',
  retired: 'The device was retired.',
};

export const deviceStory: Story<DeviceEvent, StoryContext> = {
  'device.registered': ({ data: { ownership } }) =>
    `The device was registered; it is the ${ownership === 'personal' ? "person's own" : "organisation's"}.`,
  'device.enrolled': () => 'The device enrols at the MDM server.',
  'device.ready': ({ data: { again } }) =>
    again
      ? 'The device can be reached again; commands that were on their way to it are lost.'
      : 'The device can be reached by the MDM server.',
  'device.facts-wanted': () => 'It was asked for what the device says of itself.',
  'device.facts-asked': () => 'The device was asked what it is.',
  'device.described': ({ data: { osVersion } }) =>
    `The device told about itself${osVersion === null ? '' : `: system ${osVersion}`}.`,
  'device.left': ({ data: { how, returnAt } }) =>
    `${LEFT[how]} ${returnAt === null ? 'Its licences stay.' : `Its licences go back at ${moment(returnAt)}.`}`,
  'device.returns-asked': ({ data: { returns } }) =>
    `Its licences go back: ${count(
      returns.reduce((sum, { assets }) => sum + assets.length, 0),
      'licence',
    )}.`,
};
