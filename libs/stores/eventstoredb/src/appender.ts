/// <reference lib="es2024.string" />
import { NO_STREAM, type JSONType } from '@eventstore/db-client';
import { START, type Clock, type Milliseconds, type Random } from '@seatbook/kernel';
import {
  AppendTooLarge,
  CorruptEvent,
  MAX_APPEND_BYTES,
  MAX_APPEND_EVENTS,
  StoreUnavailable,
  WrongExpectedRevision,
  bytesOf,
  hasCode,
  type Appended,
  type ExpectedRevision,
  type NewEvent,
} from '@seatbook/runtime';
import { Backoff } from './backoff.js';
import type { Connection } from './connection.js';
import { isUnusable, type KnownLog } from './known-log.js';
import { ServerFailure } from './server-failure.js';
import { forCaller, forCallers, type ServerReads } from './server-reads.js';
import { ourPosition } from './stored-event.js';
import type { StreamNames } from './stream-names.js';

export interface AppenderOptions {
  readonly connection: Connection;
  readonly log: KnownLog;
  readonly reads: ServerReads;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly random: Random;
  /** Sent to the server, which does not begin an append that has waited for longer. */
  readonly answerMs: Milliseconds;
}

/** An append as it is sent, however often: the same bytes, ids and expected revision. */
interface Batch {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly ids: readonly string[];
  readonly events: readonly ServerEvent[];
}

interface ServerEvent {
  readonly id: string;
  readonly contentType: 'application/json';
  readonly type: string;
  readonly data: JSONType;
  readonly metadata: Uint8Array;
}

/**
 * Appends, each to its end. A time-out or a disconnect leaves open whether an append was stored: it is sent again until
 * the server says so or names a conflict, and then the stream says whose events are there. Repeating is always safe,
 * since each append names an exact revision.
 */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #closing = new AbortController();

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /** As `EventStore.append`. */
  async append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    const batch = batchOf(stream, events, expected);
    const { log, clock, random } = this.#options;
    // While the server is known to be away nothing is sent that would then be in doubt: callers hear it at once.
    await forCallers(log.ready());
    const backoff = new Backoff(clock, random);
    for (let inDoubt = false; ;) {
      if (this.#closing.signal.aborted) throw closed(stream, inDoubt);
      try {
        // After a disconnect it may be another log that answers. Nothing is sent to that.
        await log.ready();
        return await this.#send(batch);
      } catch (error) {
        if (endsAppend(error, inDoubt)) throw forCaller(error);
        inDoubt = true;
      }
      await backoff.pause(this.#closing.signal);
    }
  }

  /** Ends the appends that are in doubt: their callers hear that it is not known what became of them. */
  close(): void {
    this.#closing.abort();
  }

  async #send(batch: Batch): Promise<Appended> {
    const { connection, names, answerMs } = this.#options;
    const { stream, expected, events } = batch;
    try {
      const { nextExpectedRevision, position } = await connection.call((client) =>
        client.appendToStream(names.onServer(stream), [...events], {
          expectedRevision: expected === 'absent' ? NO_STREAM : BigInt(expected),
          requiresLeader: true,
          deadline: answerMs,
        }),
      );
      const revision = lastRevisionOf(batch);
      const stored = ourPosition(position);
      // Where a stream was deleted, its revisions go on, or an append of before is acknowledged without a place.
      if (nextExpectedRevision !== BigInt(revision) || position === undefined) throw deleted(stream);
      if (stored === null)
        throw new CorruptEvent(stream, revision, START, 'has a position that cannot be kept');
      return { revision, position: stored };
    } catch (error) {
      if (!(error instanceof ServerFailure)) throw error;
      if (error.kind === 'conflict') return this.#ownOrConflict(batch, error);
      throw error.kind === 'stream-deleted' ? deleted(stream) : error;
    }
  }

  /** After a conflict: the append itself, if its events are those that follow on the revision it expected. */
  async #ownOrConflict(batch: Batch, failure: ServerFailure): Promise<Appended> {
    const { stream, expected, ids } = batch;
    const from = expected === 'absent' ? 0 : expected + 1;
    const events = await this.#options.reads.ofStream(stream, from, ids.length);
    const last = events.at(-1);
    if (last && events.length === ids.length && events.every(({ id }, index) => id === ids[index])) {
      return { revision: last.revision, position: last.position };
    }
    throw new WrongExpectedRevision(stream, expected, actualOf(failure, last?.revision));
  }
}

/** Whether a failure says what became of an append; where it does not, the append is sent again. */
function endsAppend(error: unknown, inDoubt: boolean): boolean {
  if (isUnusable(error)) return true;
  // The store of the anchors is away, and so nothing may be sent.
  if (!(error instanceof ServerFailure)) return !inDoubt || !hasCode(error, 'STORE_UNAVAILABLE');
  // What is refused now may be what was stored before.
  return !inDoubt && (error.kind === 'denied' || error.kind === 'refused');
}

/** @throws AppendTooLarge, TypeError, SyntaxError before anything is sent: what the client cannot serialise never ends */
function batchOf(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Batch {
  const bytes = events.reduce((sum, event) => sum + bytesOf(event), 0);
  if (events.length === 0 || events.length > MAX_APPEND_EVENTS || bytes > MAX_APPEND_BYTES) {
    throw new AppendTooLarge(stream, events.length, bytes);
  }
  const texts = [stream, ...events.flatMap(({ id, type, data, metadata }) => [id, type, data, metadata])];
  if (!texts.every((text) => text.isWellFormed())) {
    throw new TypeError(`${stream}: text with half a surrogate pair cannot be stored as it is`);
  }
  return {
    stream,
    expected,
    ids: events.map(({ id }) => id.toLowerCase()),
    events: events.map(({ id, type, data, metadata }) => ({
      id,
      contentType: 'application/json',
      type,
      // The client serialises it, to the same text: JSON of an object has one form.
      data: JSON.parse(data) as JSONType,
      metadata: Uint8Array.from(Buffer.from(metadata)),
    })),
  };
}

const lastRevisionOf = ({ expected, events }: Batch): number =>
  (expected === 'absent' ? -1 : expected) + events.length;

/** Where the stream is: the client says so in a field of its own, with names of its own. */
function actualOf({ cause }: ServerFailure, read: number | undefined): ExpectedRevision {
  const { actualVersion } = cause as { readonly actualVersion?: unknown };
  if (typeof actualVersion === 'bigint' && actualVersion >= 0n) return Number(actualVersion);
  return read ?? 'absent';
}

const deleted = (stream: string): CorruptEvent =>
  new CorruptEvent(stream, 0, START, 'was deleted with its stream');

const closed = (stream: string, inDoubt: boolean): StoreUnavailable =>
  new StoreUnavailable(
    inDoubt
      ? `${stream}: this process ends before it is known whether the append was stored`
      : `${stream}: this process ends`,
    'CLOSED',
  );
