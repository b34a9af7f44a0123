import type { Instant } from './instant.js';

/** The earliest thing that a stream waits for. */
export interface Due {
  /** Name of the step that is to run. */
  readonly step: string;
  readonly at: Instant;
  /** A gate that must be open for it to run, e.g. an account whose token must be usable. */
  readonly gate?: string;
}
