import type { Envelope, EventRegistry, Position, UnreadableEvent } from '@seatbook/kernel';
import type {
  Appended,
  EventReference,
  EventStore,
  ExpectedRevision,
  LogPage,
  NewEvent,
  StoredEvent,
  SubscribeOptions,
} from './event-store.js';

/**
 * An event as its readers get it: data in today's version. One that this build cannot read comes as it was written,
 * with the reason in `problem`: who needs it throws that, everybody else passes over it.
 */
export type LoggedEvent = Envelope & { readonly problem?: UnreadableEvent };

/** The log as all readers see it: events are lifted to today's version here, and nowhere else. */
export class EventLog {
  constructor(
    private readonly store: EventStore,
    readonly registry: EventRegistry,
  ) {}

  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    return this.store.append(stream, events, expected);
  }

  async readStream(stream: string, from: number, limit: number): Promise<readonly LoggedEvent[]> {
    return this.#lifted(await this.store.readStream(stream, from, limit));
  }

  async *subscribe(after: Position, options: SubscribeOptions): AsyncGenerator<LogPage<LoggedEvent>> {
    for await (const { events, upTo, caughtUp } of this.store.subscribe(after, options)) {
      yield { events: this.#lifted(events), upTo, caughtUp };
    }
  }

  /** Pages up to the end of the log as it is when that is reached, then it is over. */
  async *pages(after: Position, pageEvents: number): AsyncGenerator<LogPage<LoggedEvent>> {
    const ending = new AbortController();
    try {
      for await (const page of this.subscribe(after, { signal: ending.signal, pageEvents })) {
        yield page;
        if (page.caughtUp) return;
      }
    } finally {
      ending.abort();
    }
  }

  /** The first event after a position; null at the end of the log. */
  async firstAfter(position: Position): Promise<LoggedEvent | null> {
    for await (const { events } of this.pages(position, 1)) return events[0] ?? null;
    return null;
  }

  async readReferences(references: readonly EventReference[]): Promise<readonly LoggedEvent[]> {
    return this.#lifted(await this.store.readReferences(references));
  }

  async readAt(position: Position): Promise<LoggedEvent | null> {
    const event = await this.store.readAt(position);
    return event && this.#lift(event);
  }

  head(): Promise<Position> {
    return this.store.head();
  }

  probe(): Promise<void> {
    return this.store.probe();
  }

  onAppended(listener: (position: Position) => void): () => void {
    return this.store.onAppended(listener);
  }

  #lifted(events: readonly StoredEvent[]): readonly LoggedEvent[] {
    return events.map((event) => this.#lift(event));
  }

  /** Mostly an event is as today's build writes it: then it is not copied, which a rebuild would notice. */
  #lift(event: StoredEvent): LoggedEvent {
    const problem = this.registry.problemOf(event);
    if (problem) return { ...event, problem };
    const data = this.registry.upcast(event);
    return data === event.data ? event : { ...event, data };
  }
}

/** The event, where this build can read it. @throws UnreadableEvent where it cannot */
export function readable(event: LoggedEvent): Envelope {
  if (event.problem) throw event.problem;
  return event;
}
