import { latest, readModel, type Instant, type Milliseconds, type Position } from '@seatbook/kernel';

export type TimeSpan = 'day' | 'minute';

const LENGTH_MS: Readonly<Record<TimeSpan, Milliseconds>> = { day: 24 * 3_600_000, minute: 60_000 };

/** How far the log had come in a day or a minute (UTC). */
export interface TimeRow {
  readonly span: TimeSpan;
  /** First millisecond of it. */
  readonly from: Instant;
  /** The last event that was recorded in it. */
  readonly last: Position;
}

/** The first millisecond of the day or minute that a moment is in. */
export const startOf = (span: TimeSpan, at: Instant): Instant => at - (at % LENGTH_MS[span]);

export const timeKey = (span: TimeSpan, from: Instant): string => `${span} ${from}`;

/**
 * From times to positions. Clocks go back, and those of several machines differ: a later event may be recorded at an
 * earlier time, so a position is found by the latest of all spans that are over, not by halving.
 */
export const timesModel = readModel<TimeRow>()({
  name: 'times',
  version: 1,
  handles: ['*'],
  metadataOnly: true,
  keysOf: ({ metadata: { recordedAt } }) => [
    timeKey('day', startOf('day', recordedAt)),
    timeKey('minute', startOf('minute', recordedAt)),
  ],
  evolve(row, { position, metadata: { recordedAt } }, key) {
    const span: TimeSpan = key.startsWith('day') ? 'day' : 'minute';
    return { span, from: startOf(span, recordedAt), last: latest(position, row?.last ?? position) };
  },
  indexes: [{ name: 'by-time', fields: ['span', 'from'] }],
});
