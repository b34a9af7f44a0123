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
  handles: ['*'],
  keysOf: (event) => timelinesOf(event).map((subject) => `${subject}|${event.position}`),
  evolve: (_row, { stream, revision, position }, key) => ({
    subject: key.slice(0, key.lastIndexOf('|')),
    stream,
    revision,
    position,
  }),
  indexes: [{ name: 'by-subject', fields: ['subject', 'position'] }],
});
