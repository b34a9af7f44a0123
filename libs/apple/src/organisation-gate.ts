import type { Clock, Milliseconds, Random } from '@seatbook/kernel';
import { equalJitter } from './backoff.js';
import { Closure } from './closure.js';

/** A request that the gate let through; returned to it with its outcome. */
export interface Pass {
  readonly closings: number;
  readonly probe: boolean;
}

/** `throttled`: Apple wants less. `answered`: anything else Apple said. `unanswered`: no answer was read. */
export type GateOutcome = 'throttled' | 'answered' | 'unanswered';

export interface OrganisationGateOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly baseMs: Milliseconds;
  readonly capMs: Milliseconds;
}

/**
 * The limit behind 9646 counts all tokens of the organisation together (Apple's rule), so when one location hits it,
 * all of them pause: exponentially longer each time, with jitter. After a pause one request goes first; the others
 * follow if it was not throttled.
 */
export class OrganisationGate {
  readonly #closure: Closure;
  readonly #listeners = new Set<() => void>();
  #closings = 0;
  #throttlings = 0;
  #probing = false;

  constructor(private readonly options: OrganisationGateOptions) {
    this.#closure = new Closure(options.clock);
  }

  /** What is left of the pause; 0 when open, `Infinity` while a first request is in flight. */
  waitMs(): Milliseconds {
    const left = this.#closure.waitMs();
    if (left > 0) return left;
    return this.#probing ? Infinity : 0;
  }

  /** What is left of the pause itself. */
  closedMs(): Milliseconds {
    return this.#closure.waitMs();
  }

  /** Pauses in a row. */
  get throttlings(): number {
    return this.#throttlings;
  }

  /** One request goes out now. */
  begin(): Pass {
    const probe = this.#throttlings > 0;
    if (probe) this.#probing = true;
    return { closings: this.#closings, probe };
  }

  end(pass: Pass, outcome: GateOutcome, retryAfterMs: Milliseconds | null): void {
    const current = pass.closings === this.#closings;
    if (pass.probe) this.#probing = false;
    if (outcome === 'throttled') {
      // Those that were in flight when it closed count as the same throttling.
      if (current) {
        this.#closings += 1;
        const { baseMs, capMs, random } = this.options;
        this.#closure.close(equalJitter(baseMs, this.#throttlings, capMs, random));
        this.#throttlings += 1;
      }
      if (retryAfterMs !== null) this.#closure.close(retryAfterMs);
    } else if (outcome === 'answered' && current) this.#throttlings = 0;
    for (const listener of this.#listeners) listener();
  }

  /** Called whenever waits may have changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
