import { readModel, type Change, type Position } from '@seatbook/kernel';
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
      // Not by filter and map: a rebuild does this for every event.
      const rows: Change<TimelineRow>[] = [];
      for (const subject of timelineSubjects(event)) {
        if (isStreamOf(subject, stream)) continue;
        const { kind, id } = subject;
        const row = { kind, id, stream, revision, position };
        rows.push({ key: `${position}|${kind}|${id}`, evolve: () => row });
      }
      return rows;
    },
  },
  key: { position: 'number', kind: 'text', id: 'text' },
  shared: ['kind', 'id', 'stream'],
  indexes: [{ name: 'by-subject', fields: ['kind', 'id', 'position'] }],
});
