import type { AllStreamSubscription, EventStoreDBClient } from '@eventstore/db-client';
import { START, type Position } from '@seatbook/kernel';
import { ServerFailure, serverFailure } from './server-failure.js';
import { ourPosition, serverPosition, type RecordedEvent } from './stored-event.js';

/** What a subscription brought, in the order in which the server sent it. */
export type Arrival =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  /** Nothing of ours is left up to here. */
  | { readonly kind: 'checkpoint'; readonly position: Position }
  /** All that was in the log when the subscription began has arrived. */
  | { readonly kind: 'caught-up' };

export interface FeedOptions {
  readonly prefix: string;
  readonly after: Position;
  /** Events kept ahead of the reader; the server waits for more to be taken. */
  readonly ahead: number;
}

/** Foreign events between two checkpoints. */
const SEARCH_WINDOW = 32;
const WINDOWS_PER_CHECKPOINT = 16;

/**
 * One subscription of the client to $all, filtered by our prefix. It is read, never pushed: its events, and beside them
 * the calls back for checkpoints and for the end, are put into one order by how many events each of these came after.
 */
export class EventFeed {
  readonly #subscription: AllStreamSubscription;
  /** Events taken out of the subscription. */
  #taken = 0;
  readonly #between: { readonly after: number; readonly arrival: Arrival }[] = [];
  #failure: ServerFailure | null = null;
  #wake: () => void = () => undefined;

  constructor(client: EventStoreDBClient, { prefix, after, ahead }: FeedOptions) {
    this.#subscription = client.subscribeToAll(
      {
        fromPosition: after === START ? 'start' : serverPosition(after),
        requiresLeader: true,
        filter: {
          filterOn: 'streamName',
          prefixes: [prefix],
          maxSearchWindow: SEARCH_WINDOW,
          checkpointInterval: WINDOWS_PER_CHECKPOINT,
          checkpointReached: (_subscription, at) => {
            const position = ourPosition(at);
            // Where another application wrote as no one does nowadays, there is no place to go on from.
            if (position !== null) this.#note({ kind: 'checkpoint', position });
          },
        },
      },
      { highWaterMark: ahead },
    );
    this.#subscription
      .on('caughtUp', () => this.#note({ kind: 'caught-up' }))
      .on('readable', () => this.#wake())
      .on('end', () => this.#fail(new ServerFailure('busy', 'ENDED', 'the server ended the subscription')))
      .on('error', (error: unknown) => this.#fail(error));
  }

  /** What comes next, if it is here. */
  next(): Arrival | null {
    const [first] = this.#between;
    if (first && first.after <= this.#taken) {
      this.#between.shift();
      return first.arrival;
    }
    for (;;) {
      const resolved = this.#subscription.read() as { readonly event?: RecordedEvent } | null;
      if (resolved === null) return null;
      this.#taken += 1;
      if (resolved.event) return { kind: 'event', event: resolved.event };
    }
  }

  /** Nothing more is here. */
  get empty(): boolean {
    return this.#between.length === 0 && this.#subscription.readableLength === 0;
  }

  /** Resolves when something may be here, or when the signal aborts. @throws ServerFailure: what ended the subscription */
  async more(signal: AbortSignal): Promise<void> {
    if (!this.empty || signal.aborted) return;
    if (this.#failure === null) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          this.#wake = () => undefined;
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake);
      });
    }
    if (this.empty && this.#failure !== null && !signal.aborted) throw this.#failure;
  }

  /** Ends the call on the server too: one that is merely abandoned keeps its place on the connection. */
  async close(): Promise<void> {
    await this.#subscription.unsubscribe().catch(() => undefined);
  }

  #note(arrival: Arrival): void {
    this.#between.push({ after: this.#taken + this.#subscription.readableLength, arrival });
    this.#wake();
  }

  /** What arrived before the failure is read first: so a subscription that is cut again and again still gets on. */
  #fail(error: unknown): void {
    setImmediate(() => {
      this.#failure ??= serverFailure(error);
      this.#wake();
    });
  }
}
