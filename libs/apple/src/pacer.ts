import type { Clock, Milliseconds } from '@seatbook/kernel';
import type { AppleFailure, AppleResult } from '@seatbook/licensing';
import { Closure } from './closure.js';
import type { OrganisationGate } from './organisation-gate.js';
import type { SlidingWindow } from './sliding-window.js';
import { notSent } from './transient-failure.js';

/** Writes go first. A `page` is a read of which only a few may be in flight at once. */
export type Lane = 'write' | 'read' | 'page';

/** What a pacer needs to know about a waiting request. */
export interface Ticket {
  readonly lane: Lane;
  /** By elapsed time: it is rejected if its turn has not come by then. */
  readonly deadline: Milliseconds;
  /** The failure with which it must be rejected by now, if any; evaluated by {@link Pacer.recheck}. */
  refusal(): AppleFailure | null;
}

export interface PacerOptions {
  readonly clock: Clock;
  /** Shared with other pacers of the location. */
  readonly window: SlidingWindow;
  /** Starts per window at this moment. */
  readonly limit: () => number;
  /** Null: none; for services that the organisation's limit does not count. */
  readonly gate: OrganisationGate | null;
  readonly maxParallelPages: number;
  /** Of writes, and of reads: neither can keep the other out. */
  readonly maxInFlight: number;
  readonly maxQueued: number;
}

interface Waiting {
  readonly ticket: Ticket;
  /** By elapsed time. */
  readonly since: Milliseconds;
  start(): void;
  turnAway(failure: AppleFailure): void;
}

/** Figures of one location's pacing. */
export interface PacerReport {
  readonly queuedWrites: number;
  readonly queuedReads: number;
  readonly writesInFlight: number;
  readonly readsInFlight: number;
  readonly pagesInFlight: number;
  /** How long the request has waited for its turn that waits for longest; 0 where none does. */
  readonly oldestWaitMs: Milliseconds;
  /** What is left of Apple's `Retry-After`. */
  readonly shutMs: Milliseconds;
}

/** Decides when the requests of one location go out: in order, writes first, never more than Apple allows. */
export class Pacer {
  readonly #writes: Waiting[] = [];
  readonly #reads: Waiting[] = [];
  readonly #shut: Closure;
  #writesInFlight = 0;
  #readsInFlight = 0;
  #pagesInFlight = 0;
  #closed = false;
  #cancelTimer: (() => void) | null = null;

  constructor(private readonly options: PacerOptions) {
    this.#shut = new Closure(options.clock);
    options.gate?.onChange(() => this.#pump());
  }

  /**
   * Calls `start` when its turn has come, in the same turn of the event loop in which that is decided, so nothing
   * learnt before is missed; or resolves with the failure that kept it from being sent.
   */
  run<T>(ticket: Ticket, start: () => Promise<AppleResult<T>>): Promise<AppleResult<T>> {
    return new Promise((resolve, reject) => {
      const turnAway = (failure: AppleFailure): void => resolve({ ok: false, failure });
      if (this.#closed) return turnAway(notSent('the client is shutting down'));
      const lane = ticket.lane === 'write' ? this.#writes : this.#reads;
      if (this.#writes.length + this.#reads.length >= this.options.maxQueued)
        return turnAway(notSent(`${this.options.maxQueued} requests are waiting for this location`));
      const go = (): void => {
        this.#count(ticket.lane, 1);
        start()
          .then(resolve, reject)
          .finally(() => {
            this.#count(ticket.lane, -1);
            this.#pump();
          });
      };
      lane.push({ ticket, since: this.options.clock.elapsed(), start: go, turnAway });
      this.#pump();
    });
  }

  /** Apple's rule: after `Retry-After` nothing is sent for that long. */
  shut(wait: Milliseconds): void {
    this.#shut.close(wait);
    this.#pump();
  }

  /** Rejects the waiting requests that are refused by now. */
  recheck(): void {
    this.#turnAway((waiting) => waiting.ticket.refusal());
    this.#pump();
  }

  /** Rejects all waiting and all new requests. Requests in flight go on. */
  close(): void {
    this.#closed = true;
    this.#turnAway(() => notSent('the client is shutting down'));
    this.#cancelTimer?.();
  }

  report(): PacerReport {
    const now = this.options.clock.elapsed();
    const waits = [this.#writes[0], this.#reads[0]].map((first) => (first ? now - first.since : 0));
    return {
      queuedWrites: this.#writes.length,
      queuedReads: this.#reads.length,
      writesInFlight: this.#writesInFlight,
      readsInFlight: this.#readsInFlight,
      pagesInFlight: this.#pagesInFlight,
      oldestWaitMs: Math.max(...waits),
      shutMs: this.#shut.waitMs(),
    };
  }

  #pump(): void {
    this.#turnAway((waiting) => this.#tooLate(waiting.ticket));
    let wait = this.#waitMs();
    while (wait <= 0) {
      const next = this.#next();
      if (!next) break;
      this.options.window.take();
      next.start();
      wait = this.#waitMs();
    }
    this.#arm(wait);
  }

  /** Takes the next one that may go now out of the queue, if there is one. */
  #next(): Waiting | null {
    const { maxInFlight, maxParallelPages } = this.options;
    const write = this.#writesInFlight < maxInFlight ? this.#writes.shift() : undefined;
    if (write) return write;
    if (this.#readsInFlight >= maxInFlight) return null;
    const pagesFull = this.#pagesInFlight >= maxParallelPages;
    const index = this.#reads.findIndex(({ ticket }) => ticket.lane !== 'page' || !pagesFull);
    return index < 0 ? null : (this.#reads.splice(index, 1)[0] ?? null);
  }

  #count(lane: Lane, change: 1 | -1): void {
    if (lane === 'write') this.#writesInFlight += change;
    else this.#readsInFlight += change;
    if (lane === 'page') this.#pagesInFlight += change;
  }

  #waitMs(): Milliseconds {
    const { window, limit, gate } = this.options;
    return Math.max(this.#shut.waitMs(), gate?.waitMs() ?? 0, window.waitMs(limit()));
  }

  /** A request that cannot go before its deadline is rejected at once, with the wait, instead of at its deadline. */
  #tooLate(ticket: Ticket): AppleFailure | null {
    const now = this.options.clock.elapsed();
    const shutMs = this.#shut.waitMs();
    const closedMs = this.options.gate?.closedMs() ?? 0;
    const wait = Math.max(shutMs, closedMs);
    if (now + wait < ticket.deadline) return null;
    if (wait === 0) return notSent('its turn did not come in time');
    return closedMs >= shutMs
      ? notSent('too many requests from the organisation', {
          errorNumber: 9646,
          retryAfterMs: wait,
        })
      : notSent('Apple asked to wait', { retryAfterMs: wait });
  }

  #turnAway(reasonFor: (waiting: Waiting) => AppleFailure | null): void {
    for (const lane of [this.#writes, this.#reads]) {
      const staying: Waiting[] = [];
      for (const waiting of lane) {
        const failure = reasonFor(waiting);
        if (failure) waiting.turnAway(failure);
        else staying.push(waiting);
      }
      if (staying.length < lane.length) lane.splice(0, lane.length, ...staying);
    }
  }

  /** `wait` is what the next one was held up by. Looked at once more it may be over, and nobody would start it. */
  #arm(wait: Milliseconds): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#closed || this.#writes.length + this.#reads.length === 0) return;
    const now = this.options.clock.elapsed();
    let wake = Infinity;
    for (const lane of [this.#writes, this.#reads])
      for (const { ticket } of lane) wake = Math.min(wake, ticket.deadline - now);
    // There is nothing to wait for but a request in flight: its end pumps.
    if (wait > 0) wake = Math.min(wake, wait);
    this.#cancelTimer = this.options.clock.after(Math.max(1, Math.ceil(wake)), () => this.#pump());
  }
}
