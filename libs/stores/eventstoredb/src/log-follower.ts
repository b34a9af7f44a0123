import { latest, type Clock, type Position, type Random } from '@seatbook/kernel';
import {
  CorruptEvent,
  giveWay,
  type LogPage,
  type StoredEvent,
  type SubscribeOptions,
} from '@seatbook/runtime';
import { Backoff } from './backoff.js';
import type { Connection } from './connection.js';
import { EventFeed, type Arrival } from './event-feed.js';
import type { KnownLog } from './known-log.js';
import { ServerFailure } from './server-failure.js';
import { storedEvent } from './stored-event.js';
import type { StreamNames } from './stream-names.js';

export interface LogFollowerOptions {
  readonly connection: Connection;
  readonly log: KnownLog;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly random: Random;
}

/** Events kept ahead of a reader at most. */
const MAX_AHEAD = 256;

/**
 * The log as pages, for as long as somebody reads. The client's subscriptions end with the first failure, on bursts
 * too: from where the last page ended a new one is made, as often as it takes. Before each the log is looked at again.
 */
export class LogFollower {
  readonly #options: LogFollowerOptions;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
  }

  /**
   * As `EventStore.subscribe`.
   * @throws EventStoreDbUnusable, CorruptEvent: what no new subscription mends
   */
  async *follow(after: Position, options: SubscribeOptions): AsyncGenerator<LogPage> {
    const { clock, random } = this.#options;
    const backoff = new Backoff(clock, random);
    const place: Place = { upTo: after, saidCaughtUp: false };
    while (!options.signal.aborted) {
      try {
        for await (const page of this.#pages(place, options)) {
          backoff.reset();
          yield page;
        }
      } catch (error) {
        if (options.signal.aborted) return;
        if (!(error instanceof ServerFailure)) throw error;
        await backoff.pause(options.signal);
      }
    }
  }

  /** Pages of one subscription, until it fails or the signal aborts. */
  async *#pages(place: Place, options: SubscribeOptions): AsyncGenerator<LogPage> {
    const { connection, log, names } = this.#options;
    const { signal, pageEvents } = options;
    // Noted before subscribing: what is there now has arrived when the server says that we have caught up. Its own
    // checkpoints stop short of the end, and the last events may be those of others.
    const end = await log.verify();
    log.mustReach(place.upTo, end);
    const { client, giveBack } = await connection.lasting(signal);
    const ahead = Math.min(Math.max(pageEvents, 16), MAX_AHEAD);
    // Others may have filled the log for years before it was ours.
    const after = latest(place.upTo, log.beginning);
    const feed = new EventFeed(client, { prefix: names.prefix, after, ahead });
    const close = (): void => void feed.close();
    signal.addEventListener('abort', close);
    try {
      yield* this.#turn(feed, end, place, options);
    } catch (error) {
      throw error instanceof ServerFailure ? await connection.failed(client, error) : error;
    } finally {
      signal.removeEventListener('abort', close);
      await feed.close();
      giveBack();
    }
  }

  async *#turn(
    feed: EventFeed,
    end: Position,
    place: Place,
    { signal, pageEvents }: SubscribeOptions,
  ): AsyncGenerator<LogPage> {
    let live = false;
    while (!signal.aborted) {
      const page = new PageBeingFilled(place.upTo, this.#options.names);
      while (page.events.length < pageEvents) {
        const arrival = feed.next();
        if (arrival?.kind === 'caught-up') {
          live = true;
          page.reach(end);
        } else if (arrival) {
          page.take(arrival);
        } else if (!(await page.waitsForMore())) {
          break;
        }
      }
      const caughtUp = live && feed.empty;
      const { events, upTo } = page;
      if (upTo > place.upTo || (caughtUp && !place.saidCaughtUp)) {
        const last = events.at(-1);
        if (last) await this.#options.log.willDeliver(last.position, last.id);
        place.upTo = upTo;
        place.saidCaughtUp = caughtUp;
        yield { events, upTo, caughtUp };
        await giveWay();
      } else {
        await feed.more(signal);
      }
    }
  }
}

/** How far a reader has come, over all subscriptions. */
interface Place {
  upTo: Position;
  saidCaughtUp: boolean;
}

class PageBeingFilled {
  readonly events: StoredEvent[] = [];
  #waited = false;

  constructor(
    public upTo: Position,
    private readonly names: StreamNames,
  ) {}

  reach(position: Position): void {
    this.upTo = latest(this.upTo, position);
  }

  /** @throws CorruptEvent where an event comes too late: what was said to be delivered was not */
  take(arrival: Exclude<Arrival, { kind: 'caught-up' }>): void {
    this.#waited = false;
    if (arrival.kind === 'checkpoint') return this.reach(arrival.position);
    const event = storedEvent(arrival.event, this.names);
    const { stream, revision, position } = event;
    if (position <= this.upTo) throw new CorruptEvent(stream, revision, position, 'came out of order');
    this.events.push(event);
    this.upTo = position;
  }

  /** Waits for one turn: what is on its way comes along, since a page for each event would cost its reader more. */
  async waitsForMore(): Promise<boolean> {
    if (this.events.length === 0 || this.#waited) return false;
    this.#waited = true;
    await giveWay();
    return true;
  }
}
