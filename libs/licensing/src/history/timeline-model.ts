import { readModel, type Position } from '@seatbook/kernel';
import { timelinesOf } from './story.js';

/** One event in the life of one subject, as a reference. Its text is made from the event when it is read. */
export interface TimelineRow {
  readonly subject: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
}

/** The events of each account, asset, order and holder. */
export const timelineModel = readModel<TimelineRow>()({
  name: 'timeline',
  version: 2,
  on: {
    '*'(event) {
      const { stream, revision, position } = event;
      return timelinesOf(event).map((subject) => ({
        key: `${subject}|${position}`,
        evolve: () => ({ subject, stream, revision, position }),
      }));
    },
  },
  indexes: [{ name: 'by-subject', fields: ['subject', 'position'] }],
});
