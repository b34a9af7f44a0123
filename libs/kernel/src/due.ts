import type { Instant } from './instant.js';

/** The earliest thing that a stream waits for. */
export interface Due {
  /** Name of the step that is to run. */
  readonly step: string;
  readonly at: Instant;
  /** A gate that must be open for it to run, e.g. an account whose token must be usable. */
  readonly gate?: string;
  /** Moments of steps that a clock has noted which was ahead, for as long as the steps wait for these. */
  readonly ahead?: AheadMoments;
}

/** By step: the moment as it was noted, and since when it is due by the clock that was set back. */
export type AheadMoments = Readonly<Record<string, { readonly noted: Instant; readonly at: Instant }>>;
