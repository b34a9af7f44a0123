import type { Instant, Milliseconds } from './instant.js';

/** The earliest thing that a stream waits for. */
export interface Due {
  /** Name of the step that is to run. */
  readonly step: string;
  readonly at: Instant;
  /** A gate that must be open for it to run, e.g. an account whose token must be usable. */
  readonly gate?: string;
  /** For as long as there may be moments that were noted before the clock was set back. */
  readonly setBack?: ClockSetBack;
}

/** The clock was set back while a stream waited: moments from `from` on were noted before that, and come `by` earlier. */
export interface ClockSetBack {
  readonly from: Instant;
  readonly by: Milliseconds;
}
