import type { Instant, Milliseconds } from '@seatbook/kernel';

/** A pair that was restored this often within a day is not restored again unasked: another tool wants it otherwise. */
export const MAX_RESTORES = 2;
const RESTORES_WITHIN_MS: Milliseconds = 24 * 3_600_000;

/** Moments of the day before. One later than now was noted by a clock that was ahead, and counts. */
export const recent = (moments: readonly Instant[], now: Instant): readonly Instant[] =>
  moments.filter((at) => at > now - RESTORES_WITHIN_MS);
