import type { Instant, Milliseconds } from '@seatbook/kernel';

export const DAY_MS: Milliseconds = 86_400_000;
/** A forecast rests on so many whole days before today at the most, and at the least. */
export const FORECAST_DAYS = 28;
export const MIN_FORECAST_DAYS = 7;
/** What is further away is not in sight. */
export const HORIZON_DAYS = 3_650;
/** The true mean lies this many standard errors round the measured one in 9 of 10 cases. */
const STANDARD_ERRORS = 1.645;

export interface UsedInDay {
  /** Days since 1970, in UTC. */
  readonly day: number;
  readonly assigned: number;
  readonly returned: number;
}

/**
 * `exhausting`: at the present rate no licence is left at `exhaustedAt`. `not-in-sight`: not within ten years, or as many
 * come back as are given. `exhausted`: none is left now.
 */
export type Outlook =
  'exhausting' | 'not-in-sight' | 'exhausted' | 'too-little-data' | 'not-read-yet' | 'unlimited';

export interface Forecast {
  readonly outlook: Outlook;
  /** When no licence is left that any order can have; and when at the earliest and latest, within the band. */
  readonly exhaustedAt: Instant | null;
  readonly earliest: Instant | null;
  /** Null also where at the low end of the band there is no end in sight. */
  readonly latest: Instant | null;
  /** Licences assigned a day more than returned, with its band; null where there is too little data. */
  readonly perDay: { readonly mean: number; readonly low: number; readonly high: number } | null;
  /** The days that it rests on, all of them whole: `from` is the first. */
  readonly days: readonly UsedInDay[];
}

/** What is known of an asset for its forecast. */
export interface ForecastFacts {
  readonly unlimited: boolean;
  /** Licences that any order can have; null where that is not known. */
  readonly unreserved: number | null;
  /** The day on which the asset was first read whole; null before. */
  readonly firstDay: number | null;
  /** Days on which anything happened, in any order. */
  readonly used: readonly UsedInDay[];
}

/** The first of the days that a forecast made now may rest on. */
export const forecastFrom = (now: Instant): number => Math.floor(now / DAY_MS) - FORECAST_DAYS;

/**
 * When the licences of an asset are used up, if holders go on to get and return them as they did in the last weeks: free
 * licences divided by the mean of the daily net use, with a band from its spread. The same facts give the same forecast.
 */
export function forecastOf({ unlimited, unreserved, firstDay, used }: ForecastFacts, now: Instant): Forecast {
  const days = wholeDays(firstDay, used, now);
  const perDay = days.length < MIN_FORECAST_DAYS ? null : rateOf(days);
  const none = { exhaustedAt: null, earliest: null, latest: null, perDay, days };
  if (unlimited) return { outlook: 'unlimited', ...none };
  if (unreserved === null) return { outlook: 'not-read-yet', ...none };
  if (unreserved === 0) return { outlook: 'exhausted', ...none };
  if (perDay === null) return { outlook: 'too-little-data', ...none };
  const at = (rate: number): Instant | null =>
    rate > 0 && unreserved <= rate * HORIZON_DAYS ? now + Math.round((unreserved / rate) * DAY_MS) : null;
  const exhaustedAt = at(perDay.mean);
  if (exhaustedAt === null) return { outlook: 'not-in-sight', ...none };
  const band = { earliest: at(perDay.high), latest: at(perDay.low) };
  return { outlook: 'exhausting', exhaustedAt, ...band, perDay, days };
}

/** Every whole day from the first one on, those on which nothing happened included. Today is not over. */
function wholeDays(firstDay: number | null, used: readonly UsedInDay[], now: Instant): readonly UsedInDay[] {
  if (firstDay === null) return [];
  const known = new Map(used.map((day) => [day.day, day]));
  const today = Math.floor(now / DAY_MS);
  const days: UsedInDay[] = [];
  for (let day = Math.max(forecastFrom(now), firstDay + 1); day < today; day += 1) {
    const { assigned = 0, returned = 0 } = known.get(day) ?? {};
    days.push({ day, assigned, returned });
  }
  return days;
}

function rateOf(days: readonly UsedInDay[]): { mean: number; low: number; high: number } {
  const nets = days.map(({ assigned, returned }) => assigned - returned);
  const mean = nets.reduce((sum, net) => sum + net, 0) / nets.length;
  const variance = nets.reduce((sum, net) => sum + (net - mean) ** 2, 0) / (nets.length - 1);
  const band = STANDARD_ERRORS * Math.sqrt(variance / nets.length);
  return { mean, low: mean - band, high: mean + band };
}
