import { readModel, type Position } from '@seatbook/kernel';
import { isStreamOf, type SubjectKind } from '../subjects.js';
import { timelineSubjects } from './story.js';

/** One event in the life of one subject, as a reference. Its text is made from the event when it is read. */
export interface TimelineRow {
  readonly kind: SubjectKind;
  /** Which account, asset, order or holder. */
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
}

/**
 * The events of each account, asset, order and holder that are in other streams than its own: a stream is its own
 * timeline.
 */
export const timelineModel = readModel<TimelineRow>()({
  name: 'timeline',
  version: 3,
  overwrites: true,
  on: {
    '*'(event) {
      const { stream, revision, position } = event;
      return timelineSubjects(event)
        .filter((subject) => !isStreamOf(subject, stream))
        .map(({ kind, id }) => ({
          key: `${position}|${kind}|${id}`,
          evolve: () => ({ kind, id, stream, revision, position }),
        }));
    },
  },
  key: { position: 'number', kind: 'text', id: 'text' },
  shared: ['kind', 'id', 'stream'],
  indexes: [{ name: 'by-subject', fields: ['kind', 'id', 'position'] }],
});
