import { STEPS_REVISED, categoryOf, type Envelope } from '@seatbook/kernel';
import { concepts, type Category } from '../concepts.js';
import { subjectOf, timelinesFor, type Subject, type Subjects } from '../subjects.js';
import type { StoryContext } from '../wording.js';

/** Everything that can happen. */
export type LicensingEvent = {
  [K in Category]: ReturnType<(typeof concepts)[K]['stream']>['decider'] extends {
    decide(...asked: never): readonly (infer E)[];
  }
    ? E
    : never;
}[Category];

interface Teller {
  readonly story: Readonly<Record<string, ((event: Envelope, context: StoryContext) => string) | undefined>>;
  readonly subjects: (event: Envelope) => Subjects | null;
}

/** What knows the events of a stream. It is given only events of its own, which the compiler cannot see in a lookup. */
const tellerOf = ({ stream }: Envelope): Teller | undefined =>
  (concepts as unknown as Readonly<Record<string, Teller | undefined>>)[categoryOf(stream)];

/** What happened, in one sentence for people. */
export const storyOf = (event: Envelope, context: StoryContext): string =>
  event.type === STEPS_REVISED
    ? 'What is to be done next, and when, was noted again.'
    : (tellerOf(event)?.story[event.type]?.(event, context) ?? event.type);

/** Whom and what an event is about; null where that is not known, and for an event that is not of the domain. */
export function subjectsOf(event: Envelope): Subjects | null {
  const teller = tellerOf(event);
  return teller?.story[event.type] ? teller.subjects(event) : null;
}

/** Whose timelines an event belongs to: those of its account, asset, order and holders. */
export function timelineSubjects(event: Envelope): Subject[] {
  const found = subjectsOf(event);
  return found ? timelinesFor(found) : [];
}

/** The same, as texts. */
export const timelinesOf = (event: Envelope): string[] =>
  timelineSubjects(event).map(({ kind, id }) => subjectOf(kind, id));
