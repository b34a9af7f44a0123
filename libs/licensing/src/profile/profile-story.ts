import type { Envelope, Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import type { StoryContext } from '../wording.js';
import type { ProfileEvent } from './profile-events.js';

export const profileSubjects = ({ data }: Envelope<ProfileEvent>): Subjects => ({
  uId: 'uId' in data ? data.uId : null,
});

export const profileStory: Story<ProfileEvent, StoryContext> = {
  'profile.registered': ({ data: { kind, name } }) => `The profile ${name} (${kind}) was registered.`,
  'profile.changed': ({ data: { name } }) => `The profile is ${name} now.`,
  'profile.use-noted': ({ data: { adamId } }) =>
    adamId === null
      ? 'The settings of all apps of the account are about to name a profile.'
      : 'The settings of an app are about to name a profile.',
  'profile.deleted': () => 'The profile was deleted.',
  'profile.payload-forgotten': () => 'The payload of the deleted profile was deleted.',
};
