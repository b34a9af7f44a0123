import type { Envelope, Story } from '@seatbook/kernel';
import type { Subjects } from '../subjects.js';
import type { StoryContext } from '../wording.js';
import type { ImportEvent } from './import-events.js';

/** Null as long as nobody has said which location it is about. */
export const importSubjects = ({ data }: Envelope<ImportEvent>): Subjects | null =>
  'uId' in data ? { uId: data.uId } : null;

export const importStory: Story<ImportEvent, StoryContext> = {
  'import.requested': ({ data }) =>
    data.kind === 'import'
      ? `A location is to be imported as "${data.settings.name}".`
      : 'The content token is to be renewed.',
  'import.location-read': () => 'Apple named the location of the content token.',
  'import.accepted': () => 'The content token was accepted.',
  'import.refused': ({ data }) => `The content token was refused: ${data.message}.`,
  'import.token-forgotten': () => 'The copy of the content token that was kept for its import was deleted.',
};
