import {
  asPosition,
  uuidOf,
  type DomainEvent,
  type Due,
  type Envelope,
  type Instant,
  type Metadata,
  numberOf,
} from '@seatbook/kernel';
import { NOW } from './decider-spec.js';

/** A log in memory, as the store numbers it: revisions per stream from 0, positions from 1. */
export class EventLog {
  readonly envelopes: Envelope[] = [];
  readonly #revisions = new Map<string, number>();

  constructor(private readonly startedAt: Instant = NOW) {}

  /** Appends events to a stream; `more` is added to their metadata. Returns them as they are in the log. */
  append(
    stream: string,
    events: readonly DomainEvent[],
    more: Partial<Metadata> & { next?: Due | null } = {},
  ): Envelope[] {
    const added = events.map(({ type, data }): Envelope => {
      const revision = (this.#revisions.get(stream) ?? -1) + 1;
      this.#revisions.set(stream, revision);
      const position = asPosition(this.envelopes.length + 1);
      const id = uuidOf(`${stream}/${revision}`);
      const metadata: Metadata = {
        version: 1,
        commandId: `command ${position}`,
        principal: 'owner',
        correlationId: `command ${position}`,
        causationId: `command ${position}`,
        recordedAt: this.startedAt + numberOf(position),
        ...more,
      };
      const envelope = { id, stream, revision, position, type, data, metadata };
      this.envelopes.push(envelope);
      return envelope;
    });
    return added;
  }
}
