import { randomUUID } from 'node:crypto';
import { NO_STREAM, type EventStoreDBClient } from '@eventstore/db-client';
import { START, latest, type Position } from '@seatbook/kernel';
import { StoreUnavailable, type LogAnchor, type LogAnchors } from '@seatbook/runtime';
import type { Connection } from './connection.js';
import { ServerFailure } from './server-failure.js';
import type { ServerReads } from './server-reads.js';
import { ourPosition, type RecordedEvent } from './stored-event.js';
import type { StreamNames } from './stream-names.js';

/** The first release that says when a subscription has caught up. */
const OLDEST_SERVER = [23, 10] as const;
/** Events looked at in one go for the last one of ours: mostly it is among the first. Further looks are longer. */
const FIRST_LOOK = 4;
const LONGER = 8;
const LOOK = 500;

/** Why a server cannot be used. An operator has to mend it; no retry does. */
export type UnusableReason = 'SERVER_TOO_OLD' | 'ALL_NOT_READABLE' | 'OTHER_LOG';

/** The server is there and cannot be used. It never becomes so by itself. */
export class EventStoreDbUnusable extends StoreUnavailable {
  constructor(reason: UnusableReason, why: string, cause?: unknown) {
    super(`EventStoreDB cannot be used: ${why}`, reason, cause);
    this.name = 'EventStoreDbUnusable';
  }
}

export const isUnusable = (error: unknown): boolean => error instanceof EventStoreDbUnusable;

/** An event of ours, as far as it has to be remembered. */
interface KnownEvent {
  readonly position: Position;
  readonly id: string;
}

interface Connections {
  readonly appends: Connection;
  readonly reads: ServerReads;
}

/**
 * What is known of the log: which one it is, its last event of ours, and which event it must hold. A log that was
 * restored from a backup is found out even if it has grown past our checkpoints since: it holds another event, or
 * none, where ours was.
 */
export class KnownLog {
  /** Which log this is, once that was read. */
  #log: string | null = null;
  #last: KnownEvent | null = null;
  #beginning: Position = START;
  /** Up to here $all was searched: what of ours is not known by now comes later. */
  #searched: Position = START;
  #anchor: LogAnchor | null = null;
  #verified = false;
  #suspicions = 0;
  #verifying: Promise<void> | null = null;

  constructor(
    private readonly connections: Connections,
    private readonly names: StreamNames,
    private readonly anchors: LogAnchors,
  ) {}

  /** A connection broke: the server that answers next has to be verified first. */
  suspect(): void {
    this.#verified = false;
    this.#suspicions += 1;
  }

  /** Resolves when the log was found to be the right one since the last connection was made. @throws as `verify` */
  async ready(): Promise<void> {
    if (this.#verified) return;
    this.#verifying ??= this.verify()
      .then(() => undefined)
      .finally(() => {
        this.#verifying = null;
      });
    await this.#verifying;
  }

  /**
   * Compares the log with what is known of it. Returns a position that all events of ours so far are at or below.
   * @throws EventStoreDbUnusable, ServerFailure
   */
  async verify(): Promise<Position> {
    const suspicions = this.#suspicions;
    // A checkpoint may be another process's, so its anchor counts as ours does.
    const anchor = await this.anchors.load();
    if (anchor && anchor.position > (this.#anchor?.position ?? START)) this.#anchor = anchor;
    try {
      await this.#checkVersion();
      await this.#checkIdentity();
      const [end] = await Promise.all([this.#search(), this.#checkAnchor()]);
      if (this.#last) await this.willDeliver(this.#last.position, this.#last.id);
      // A connection that broke meanwhile makes what was read of no use.
      this.#verified = suspicions === this.#suspicions;
      return end;
    } catch (error) {
      this.#verified = false;
      throw error;
    }
  }

  /** Nothing of ours is before this: here the log was begun. */
  get beginning(): Position {
    return this.#beginning;
  }

  /** The last event of ours. @throws ServerFailure, EventStoreDbUnusable */
  async head(): Promise<Position> {
    await this.ready();
    await this.#search();
    return this.#last?.position ?? START;
  }

  /** @throws EventStoreDbUnusable where the log ends before a position that it has served */
  mustReach(position: Position, end: Position): void {
    if (end < position) throw this.#otherLog(`it ends at ${end}, before the checkpoint at ${position}`);
  }

  /** An event of ours is in the log. */
  seen(position: Position, id: string): void {
    if (position > (this.#last?.position ?? START)) this.#last = { position, id };
  }

  /** To be called before events are delivered: from then on the log has to hold the last of them. */
  async willDeliver(position: Position, id: string): Promise<void> {
    this.seen(position, id);
    if (this.#log === null || position <= (this.#anchor?.position ?? START)) return;
    const anchor = { log: this.#log, position, eventId: id };
    await this.anchors.save(anchor);
    if (position > (this.#anchor?.position ?? START)) this.#anchor = anchor;
  }

  /** Looks for events of ours from the end of $all back to what is known. Returns where that end was. */
  async #search(): Promise<Position> {
    const { position: last = START } = this.#last ?? this.#anchor ?? {};
    const known = latest(this.#beginning, this.#searched, last);
    let end: Position | null = null;
    let before: RecordedEvent | null = null;
    for (let count = FIRST_LOOK; ; count = Math.min(count * LONGER, LOOK)) {
      const events: readonly RecordedEvent[] = await ofAll(this.connections.reads.backwards(before, count));
      for (const event of events) {
        const position = ourPosition(event.position);
        // Of another application, written as no event is nowadays: no place to go on from.
        if (position === null) continue;
        end ??= position;
        if (position <= known) return this.#found(end, known);
        if (!this.names.isOurs(event.streamId)) continue;
        this.seen(position, event.id);
        return this.#found(end, known);
      }
      if (events.length < count) return this.#found(end ?? START, known);
      before = events.at(-1) ?? null;
    }
  }

  #found(end: Position, known: Position): Position {
    this.mustReach(known, end);
    this.#searched = latest(this.#searched, end);
    return end;
  }

  async #checkIdentity(): Promise<void> {
    const { id, position } = (await this.#identity()) ?? (await this.#begin());
    const expected = this.#log ?? this.#anchor?.log ?? id;
    if (id !== expected) throw this.#otherLog(`it is the log ${id} and should be ${expected}`);
    this.#log = id;
    this.#beginning = ourPosition(position) ?? START;
  }

  async #checkAnchor(): Promise<void> {
    if (!this.#anchor) return;
    const { position, eventId } = this.#anchor;
    const event = await ofAll(this.connections.reads.at(position));
    if (event?.id === eventId) return;
    throw this.#otherLog(
      event
        ? `at position ${position} it has the event ${event.id} instead of ${eventId}`
        : `it has no event at position ${position}, where ${eventId} was`,
    );
  }

  #identity(): Promise<RecordedEvent | null> {
    return this.connections.reads.single(this.names.identity);
  }

  /** The first start on a server: gives the log its identity. */
  async #begin(): Promise<RecordedEvent> {
    if (this.#log !== null || this.#anchor) throw this.#otherLog('it has never been used by this deployment');
    try {
      await this.connections.appends.call(async (client) => {
        // Probes are of no use when they are over.
        await client.setStreamMetadata(this.names.probe, { maxCount: 1 });
        const event = jsonEvent('seatbook.log-begun', {});
        await client.appendToStream(this.names.identity, event, { expectedRevision: NO_STREAM });
      });
    } catch (error) {
      // Another process was faster, or an answer was lost: what the stream says holds.
      if (!(error instanceof ServerFailure) || error.kind !== 'conflict') throw error;
    }
    const begun = await this.#identity();
    if (!begun) throw this.#otherLog('its own name cannot be read back');
    return begun;
  }

  async #checkVersion(): Promise<void> {
    const version = await this.connections.appends.call(serverVersion);
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const [oldestMajor, oldestMinor] = OLDEST_SERVER;
    if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
    throw new EventStoreDbUnusable(
      'SERVER_TOO_OLD',
      `it is of version ${version}, and ${OLDEST_SERVER.join('.')} is the oldest that this product works with`,
    );
  }

  #otherLog(why: string): EventStoreDbUnusable {
    return new EventStoreDbUnusable(
      'OTHER_LOG',
      `this is not the log that the checkpoints were made on, or it was restored from an older backup: ${why}. Restore the right one, or let everything that was made from the log be built again`,
    );
  }
}

/** What is read of $all, with the one refusal that only an operator can mend. */
async function ofAll<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof ServerFailure) || error.kind !== 'denied') throw error;
    throw new EventStoreDbUnusable(
      'ALL_NOT_READABLE',
      'its user may not read $all; put it into a group that may, such as $admins, or change the access list of $all',
      error,
    );
  }
}

/** An event beside those of the port. */
export const jsonEvent = (type: string, data: Record<string, unknown>) => ({
  id: randomUUID(),
  contentType: 'application/json' as const,
  type,
  data,
  metadata: undefined,
});

/** The client keeps to itself what it has read of the server. */
async function serverVersion(client: EventStoreDBClient): Promise<string> {
  const features = (await Reflect.get(client, 'capabilities')) as { readonly serverVersion: string };
  return features.serverVersion;
}
