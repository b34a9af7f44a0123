import { readModel, type Instant, type Milliseconds, type Position } from '@seatbook/kernel';

export type TimeSpan = 'day' | 'minute';

const LENGTH_MS: Readonly<Record<TimeSpan, Milliseconds>> = { day: 24 * 3_600_000, minute: 60_000 };

const SPANS: readonly TimeSpan[] = ['day', 'minute'];

/** How far the log had come in a day or a minute (UTC). */
export interface TimeRow {
  readonly span: TimeSpan;
  /** First millisecond of it. */
  readonly from: Instant;
  /** The last event that was recorded in it. */
  last: Position;
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
  metadataOnly: true,
  on: {
    '*': ({ position, metadata: { recordedAt } }) =>
      SPANS.map((span) => {
        const from = startOf(span, recordedAt);
        return {
          key: timeKey(span, from),
          evolve(row) {
            if (!row) return { span, from, last: position };
            if (position > row.last) row.last = position;
            return row;
          },
        };
      }),
  },
  indexes: [{ name: 'by-time', fields: ['span', 'from'] }],
});
