import { BACKWARDS, END, FORWARDS, type EventStoreDBClient, type ReadPosition } from '@eventstore/db-client';
import { START, type Position } from '@seatbook/kernel';
import { CorruptEvent, type StoredEvent } from '@seatbook/runtime';
import type { Connection } from './connection.js';
import { NOT_LEADER, ServerFailure, asUnavailable } from './server-failure.js';
import { ourPosition, serverPosition, storedEvent, type RecordedEvent } from './stored-event.js';
import type { StreamNames } from './stream-names.js';

/** Events of one call at most: a call that is read to its end is over on the server too. */
const BATCH_EVENTS = 500;

/** A read of the client, from its beginning to its end. */
interface ServerRead extends AsyncIterable<{ readonly event?: RecordedEvent }> {
  on(event: 'error', listener: (error: unknown) => void): unknown;
  cancel(): Promise<void>;
}

/** All that is read from the leader, except subscriptions, in calls that end by themselves. */
export class ServerReads {
  constructor(
    readonly connection: Connection,
    private readonly names: StreamNames,
  ) {}

  /**
   * Events of a stream of ours.
   * @throws CorruptEvent where a revision is missing or the stream was deleted
   * @throws ServerFailure
   */
  async ofStream(stream: string, from: number, limit: number): Promise<readonly StoredEvent[]> {
    const events: StoredEvent[] = [];
    while (events.length < limit) {
      const wanted = Math.min(BATCH_EVENTS, limit - events.length);
      const batch = await this.#streamBatch(stream, from + events.length, wanted);
      for (const event of batch) {
        const expected = from + events.length;
        if (event.revision !== expected) {
          throw new CorruptEvent(
            stream,
            expected,
            event.position,
            `is missing, revision ${event.revision} follows`,
          );
        }
        events.push(event);
      }
      if (batch.length < wanted) break;
    }
    return events;
  }

  /** The only event of a stream beside ours; null where there is none. @throws ServerFailure */
  async single(nameOnServer: string): Promise<RecordedEvent | null> {
    const [event = null] = await this.#eventsOf(nameOnServer, 0, 1);
    return event;
  }

  /** Whatever is in $all at a position; null where no event is. @throws ServerFailure */
  async at(position: Position): Promise<RecordedEvent | null> {
    try {
      const [event] = await this.#all(serverPosition(position), FORWARDS, 1);
      return event && ourPosition(event.position) === position ? event : null;
    } catch (error) {
      if (error instanceof ServerFailure && error.kind === 'no-event-there') return null;
      throw error;
    }
  }

  /** $all from its end, or from before an event, backwards. @throws ServerFailure */
  backwards(before: RecordedEvent | null, count: number): Promise<readonly RecordedEvent[]> {
    return this.#all(before?.position ?? END, BACKWARDS, count);
  }

  async #streamBatch(stream: string, from: number, count: number): Promise<readonly StoredEvent[]> {
    try {
      const events = await this.#eventsOf(this.names.onServer(stream), from, count);
      return events.map((event) => storedEvent(event, this.names));
    } catch (error) {
      if (error instanceof ServerFailure && error.kind === 'stream-deleted') {
        throw new CorruptEvent(stream, from, START, 'was deleted with its stream');
      }
      throw error;
    }
  }

  async #eventsOf(nameOnServer: string, from: number, count: number): Promise<readonly RecordedEvent[]> {
    try {
      const fromRevision = BigInt(from);
      return await this.#toEnd((client) =>
        client.readStream(nameOnServer, { fromRevision, maxCount: count, requiresLeader: true }),
      );
    } catch (error) {
      if (error instanceof ServerFailure && error.kind === 'no-stream') return [];
      throw error;
    }
  }

  #all(
    fromPosition: ReadPosition,
    direction: typeof FORWARDS | typeof BACKWARDS,
    maxCount: number,
  ): Promise<readonly RecordedEvent[]> {
    return this.#toEnd((client) =>
      client.readAll({ fromPosition, direction, maxCount, requiresLeader: true }),
    );
  }

  async #toEnd(start: (client: EventStoreDBClient) => unknown): Promise<readonly RecordedEvent[]> {
    try {
      return await this.#once(start);
    } catch (error) {
      // The node has said who the leader is, and the client goes there from now on.
      if (error instanceof ServerFailure && error.reason === NOT_LEADER) return this.#once(start);
      throw error;
    }
  }

  #once(start: (client: EventStoreDBClient) => unknown): Promise<readonly RecordedEvent[]> {
    return this.connection.call(async (client, givenUp) => {
      const read = start(client) as ServerRead;
      // One that fails after it was given up has nobody else who listens.
      read.on('error', () => undefined);
      givenUp(() => void read.cancel().catch(() => undefined));
      const events: RecordedEvent[] = [];
      for await (const { event } of read) if (event) events.push(event);
      return events;
    });
  }
}

/** A failure as callers of the port see it. */
export const forCaller = (error: unknown): unknown =>
  error instanceof ServerFailure ? asUnavailable(error) : error;

export async function forCallers<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw forCaller(error);
  }
}
