import type { Instant, Milliseconds } from '@seatbook/kernel';

/** One waiting time: what holds without a setting, what it may be set to, and what it means to an operator. */
export interface Timing {
  readonly default: Milliseconds;
  readonly min: Milliseconds;
  readonly max: Milliseconds;
  readonly meaning: string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const timing = (value: Milliseconds, meaning: string, { min = 0, max = 30 * DAY } = {}): Timing => ({
  default: value,
  min,
  max,
  meaning,
});

/** Every waiting time of the licence path. Apple's own have its documented values. All can be configured. */
export const timingTable = {
  placeWithinMs: timing(10 * MINUTE, 'An order that is not placed within this time is abandoned.'),
  answerWithinMs: timing(
    MINUTE,
    'Ledgers that have not answered an order this long after its last progress are reported as silent.',
  ),
  dispatchAfterMs: timing(200, 'Open work that does not fill a call is planned after this wait.'),
  doubtfulAfterMs: timing(
    90 * SECOND,
    'An attempt without an answer counts as doubtful after this long. Must be longer than any time-out of a write.',
  ),
  firstRetryMs: timing(5 * SECOND, 'Pause before the first retry; doubles.'),
  maxRetryMs: timing(10 * MINUTE, 'Longest pause before a retry.'),
  replanAfterMs: timing(
    30 * SECOND,
    'Pairs that failed for reasons of Apple (internal error, maintenance) are planned again after this long.',
  ),
  silenceMs: timing(
    5 * MINUTE,
    'Without a notification the status is polled after this long. Apple asks for 5 minutes.',
  ),
  pollEveryMs: timing(30 * SECOND, 'Shortest time between two polls. Apple asks for 30 seconds.'),
  stalledAfterMs: timing(
    10 * MINUTE,
    'A request that has been pending for longer is sent again. Apple asks for 10 minutes.',
  ),
  effectWithinMs: timing(
    15 * MINUTE,
    'What was sent and not answered counts as not done when Apple does not show it after this long. Must be longer than a request may be pending.',
  ),
  quietMs: timing(
    5 * SECOND,
    'When notifications are incomplete and none has come for this long, the status is polled for the rest.',
  ),
  totalsEveryMs: timing(15 * MINUTE, 'Interval between two reads of the totals.'),
  totalsWhenShortMs: timing(
    30 * SECOND,
    'After Apple answered "not enough licences", totals are read after this long.',
  ),
  rewalkAfterMs: timing(
    5 * MINUTE,
    'Assignments that changed while they were read are read again after this long.',
  ),
  walkAllEveryMs: timing(
    DAY,
    'Interval between two reads of all assignments. It finds what changes no number: one pair swapped for another.',
  ),
  foreignAfterMs: timing(
    2 * MINUTE,
    "An event that Apple announces and that no call of ours knows after this long is another tool's.",
  ),
  firstProbeMs: timing(
    MINUTE,
    'When Apple refuses everything that is written for an account, one small call tries it again after this long; doubles.',
  ),
  maxProbeMs: timing(60 * MINUTE, 'Longest pause before such a try.'),
  addressEveryMs: timing(DAY, 'Interval between two looks at the address for notifications that Apple has.'),
  endWorkEveryMs: timing(
    10 * SECOND,
    'While a location is given up or an account is removed, what is left of its work is looked at after each of these.',
    { min: 100 },
  ),
  rolloutQuietMs: timing(
    5 * SECOND,
    'Installations that do not fill a command for 50 devices are planned when no more have come for this long.',
  ),
  rolloutWaitMs: timing(30 * SECOND, 'The same, however many more come: none waits for longer.'),
  claimWithinMs: timing(
    MINUTE,
    'A command for devices is sent without those that have not taken it within this time.',
  ),
  firstLookMs: timing(15 * SECOND, 'A device that accepted an app is asked after this long how it stands.'),
  lookAgainMs: timing(
    20 * SECOND,
    'While an app is being installed, the device is asked again after this long; doubles.',
  ),
  maxLookMs: timing(DAY, 'Longest pause between two such looks, and between two pushes of a silent device.'),
  unansweredMs: timing(
    2 * MINUTE,
    'A device that has not answered is pushed and asked after this long; doubles. Its answer may have been lost.',
  ),
  installWithinMs: timing(7 * DAY, 'An app that is not installed by then has failed.', { max: 90 * DAY }),
  updatesEveryMs: timing(
    DAY,
    'Where apps are updated automatically, devices with older versions than the store are looked for after each of these.',
    { min: 1_000 },
  ),
  licenceRetryMs: timing(
    30 * SECOND,
    'A device that does not find a licence that Apple has is asked again after this long; doubles.',
  ),
  deviceReturnMs: timing(
    0,
    'The licences of a device that was wiped or retired, or has left the MDM server, go back after this long; 0: they stay.',
    { max: 365 * DAY },
  ),
  metadataRetryMs: timing(
    5 * MINUTE,
    'Names and icons that could not be read are requested again after this long.',
  ),
  metadataEveryMs: timing(DAY, 'Names and icons are read again when they are this old.'),
} as const;

export type Timings = { readonly [T in keyof typeof timingTable]: Milliseconds };

/**
 * The longest that a stream may have to wait for each of its steps. A moment further ahead was noted by a clock that was
 * ahead for a while, and must not put work to sleep.
 */
export type LongestWaits<S> = Readonly<Record<keyof S, Milliseconds>>;

export const DEFAULT_TIMINGS = Object.fromEntries(
  Object.entries(timingTable).map(([name, { default: value }]) => [name, value]),
) as Timings;

/** A moment to wait for. One that is further ahead than anything waits was noted by a clock that was ahead: it has come. */
export const isAhead = (at: Instant, now: Instant, longest: Milliseconds): boolean =>
  at > now && at <= now + longest;
