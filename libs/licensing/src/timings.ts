import type { Milliseconds } from '@seatbook/kernel';

/** Every waiting time of the licence path. Apple's own are its documented ones; all are configuration. */
export interface Timings {
  /** An order that is not placed by then is abandoned. */
  readonly placeWithinMs: Milliseconds;
  /** Ledgers that have not answered an order this long after its last progress are named as silent. */
  readonly answerWithinMs: Milliseconds;
  /** Open work that fills no call is planned when it has waited this long. */
  readonly dispatchAfterMs: Milliseconds;
  /** An attempt without an answer counts as doubtful after this long: longer than any time-out of the client. */
  readonly doubtfulAfterMs: Milliseconds;
  readonly firstRetryMs: Milliseconds;
  readonly maxRetryMs: Milliseconds;
  /** Pairs that Apple could not do for reasons of its own are planned anew after this long. */
  readonly replanAfterMs: Milliseconds;
  /** Apple: poll when no notification has come within 5 minutes … */
  readonly silenceMs: Milliseconds;
  /** … at least 30 s between two polls … */
  readonly pollEveryMs: Milliseconds;
  /** … and send the request again when it is pending for more than 10 minutes. */
  readonly stalledAfterMs: Milliseconds;
  /** Notifications that have been quiet for this long and are not complete: ask for the rest. */
  readonly quietMs: Milliseconds;
  /** Totals are read this often. */
  readonly totalsEveryMs: Milliseconds;
  /** Totals are read this long after Apple said "not enough licences". */
  readonly totalsWhenShortMs: Milliseconds;
  /** Names and icons that could not be read are asked for again after this long. */
  readonly metadataRetryMs: Milliseconds;
  /** Names and icons are read anew when they are this old. */
  readonly metadataEveryMs: Milliseconds;
}

export const DEFAULT_TIMINGS: Timings = {
  placeWithinMs: 10 * 60_000,
  answerWithinMs: 60_000,
  dispatchAfterMs: 200,
  doubtfulAfterMs: 90_000,
  firstRetryMs: 5_000,
  maxRetryMs: 10 * 60_000,
  replanAfterMs: 30_000,
  silenceMs: 5 * 60_000,
  pollEveryMs: 30_000,
  stalledAfterMs: 10 * 60_000,
  quietMs: 5_000,
  totalsEveryMs: 15 * 60_000,
  totalsWhenShortMs: 30_000,
  metadataRetryMs: 5 * 60_000,
  metadataEveryMs: 24 * 60 * 60_000,
};
