import { idOf, type Envelope, type Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import type { StoryContext } from '../wording.js';
import type { PersonEvent } from './person-events.js';

export const personSubjects = ({ stream }: Envelope<PersonEvent>): Subjects => ({
  uId: null,
  holders: [`u:${idOf(stream)}`],
});

export const personStory: Story<PersonEvent, StoryContext> = {
  'person.registered': () => 'The person was registered.',
  'person.details-changed': () => 'What is known of the person was changed.',
  'person.forgotten': () => 'Everything that is known of the person was forgotten.',
};
