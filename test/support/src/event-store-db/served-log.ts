import { randomUUID } from 'node:crypto';
import { START, systemClock, type Clock, type Position } from '@seatbook/kernel';
import type { EventStore, LogPage, NewEvent } from '@seatbook/runtime';
import {
  openEventStoreDb,
  type EventStoreDbEventStore,
  type EventStoreDbOptions,
  type OpenedEventStoreDb,
} from '@seatbook/store-eventstoredb';
import { EventStoreDb } from './event-store-db.js';
import { LogAnchorsInMemory } from './log-anchors-in-memory.js';
import { json } from './server-log.js';

const METADATA = '{"version":1,"principal":"admin"}';

/** A log on a server of its own, and the processes that have it open one after the other. */
export class ServedLog {
  readonly anchors = new LogAnchorsInMemory();
  readonly #opened: EventStoreDbEventStore[] = [];

  private constructor(readonly server: EventStoreDb) {}

  static async start(): Promise<ServedLog> {
    return new ServedLog(await EventStoreDb.start());
  }

  async open(options: Partial<EventStoreDbOptions> = {}): Promise<EventStoreDbEventStore> {
    return (await this.opened(options)).events;
  }

  async opened(options: Partial<EventStoreDbOptions> = {}): Promise<OpenedEventStoreDb> {
    const { address } = this.server;
    const given = { address, prefix: 'seatbook', anchors: this.anchors, clock: systemClock, ...options };
    const opened = await openEventStoreDb(given);
    this.#opened.push(opened.events);
    return opened;
  }

  /** Events of a stream of ours as they are on the server. */
  idsOf(stream: string): readonly string[] {
    const records = this.server.log.read(`seatbook.${stream}`);
    return typeof records === 'string' ? [] : records.map(({ id }) => id);
  }

  /** Another application writes. */
  writeForeign(count: number): void {
    for (let number = 0; number < count; number += 1) {
      this.server.log.append(`billing-${number % 7}`, 'any', [json('invoice.sent', { number })]);
    }
  }

  async closeStores(): Promise<void> {
    for (const store of this.#opened.splice(0)) await store.close();
  }

  async close(): Promise<void> {
    await this.closeStores();
    await this.server.close();
  }
}

export const newEvent = (data: object = {}): NewEvent => ({
  id: randomUUID(),
  type: 'asset.licenses-assigned',
  data: JSON.stringify(data),
  metadata: METADATA,
});

export const newEvents = (count: number): readonly NewEvent[] =>
  Array.from({ length: count }, (_, number) => newEvent({ number }));

/** The machine's clock with pauses of a tenth: for what fails hundreds of times. */
export const hurried: Clock = {
  ...systemClock,
  after: (delay, task) => systemClock.after(delay / 10, task),
};

/** Pages of a subscription until one is enough. */
export async function pagesUntil(
  store: EventStore,
  enough: (page: LogPage) => boolean | Promise<boolean>,
  { after = START, pageEvents = 100 }: { readonly after?: Position; readonly pageEvents?: number } = {},
): Promise<readonly LogPage[]> {
  const pages: LogPage[] = [];
  const { signal } = new AbortController();
  for await (const page of store.subscribe(after, { signal, pageEvents })) {
    pages.push(page);
    if (await enough(page)) break;
  }
  return pages;
}
