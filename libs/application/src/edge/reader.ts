import {
  Refusal,
  type Clock,
  type Document,
  type DocumentOf,
  type IndexOf,
  type Instant,
  type Milliseconds,
  type ModelRef,
  type Position,
} from '@seatbook/kernel';
import type { queryModels } from '@seatbook/licensing';
import type { EventLog, Freshness, IndexQuery, Page, ReadStore } from '@seatbook/runtime';
import { allRows } from '../foundation/all-rows.js';

/** Rows that are looked at for one page where no index finds those that are wanted: some 20 ms. */
const LOOK_AT_ROWS = 5_000;

/** What an answer reflects: the log up to this position, and the moment that it shows. */
export interface Reflected {
  readonly position: Position;
  /** Now, where the answer has all that is in the log; else when the last event in it was recorded. */
  readonly time: Instant;
}

/** Part of a list, and what it reflects. */
export interface ReflectedPage<D> extends Page<D> {
  readonly asOf: Reflected;
}

/** A page of one of the query models, by its name: `PageOf<'orders'>`. */
export type PageOf<N extends keyof typeof queryModels> = Promise<
  ReflectedPage<DocumentOf<(typeof queryModels)[N]>>
>;

/** Which part of a list is wanted: up to `limit` rows, after the page that gave the cursor. */
export interface ListPart {
  readonly limit: number;
  readonly cursor?: string;
}

/** A part of a list that must reflect a position, e.g. that of a command. */
export interface WantedPage {
  readonly part: ListPart;
  readonly position?: Position | undefined;
}

export interface ReaderOptions {
  readonly reads: ReadStore;
  readonly events: EventLog;
  readonly freshness: Freshness;
  readonly clock: Clock;
  /** Longest wait for a position. */
  readonly positionWaitMs: Milliseconds;
}

/** Which rows of a model are wanted, of which part follows elsewhere. */
export type Rows<I extends string = string> = Omit<IndexQuery<I>, keyof ListPart>;

/** Rows of a model, by one of its indexes. */
export type RowsOf<M extends ModelRef> = Rows<IndexOf<M>>;

/** Reads of read models, each with the position that it reflects. */
export class Reader {
  constructor(private readonly options: ReaderOptions) {}

  /**
   * Waits until a model reflects a position; at once where none is wanted.
   * @throws Refusal INVALID_POSITION beyond the end of the log, TRANSIENT_BEHIND when the model is not there in time
   */
  async reach(model: ModelRef, position: Position | undefined): Promise<void> {
    const { events, freshness, positionWaitMs } = this.options;
    if (position === undefined || (await freshness.position(model)) >= position) return;
    const head = await events.head();
    if (position > head) {
      const message = 'this position is beyond the end of the log: it is not of this deployment';
      throw new Refusal('INVALID_POSITION', message, { position, head });
    }
    if (await freshness.reached(model, position, positionWaitMs)) return;
    const facts = { position: await freshness.position(model), wanted: position };
    throw new Refusal(
      'TRANSIENT_BEHIND',
      `${model.name} does not reflect this position yet; try again`,
      facts,
      1,
    );
  }

  /** Waits until a model reflects all that is in the log now. @throws Refusal TRANSIENT_BEHIND */
  async reachHead(model: ModelRef): Promise<void> {
    await this.reach(model, await this.options.events.head());
  }

  async get<D extends Document>(
    model: ModelRef<D>,
    key: string,
    position?: Position,
  ): Promise<{ document: D | null; asOf: Reflected }> {
    await this.reach(model, position);
    const asOf = await this.#reflected(model);
    return { document: await this.options.reads.get(model, key), asOf };
  }

  /** Documents by key; keys without one are left out. */
  async getMany<D extends Document>(model: ModelRef<D>, keys: readonly string[]): Promise<Map<string, D>> {
    const found = await this.options.reads.getMany(model, keys);
    return new Map([...found].flatMap(([key, { document }]) => (document ? [[key, document]] : [])));
  }

  /** A page of an index; of its rows only those that are to be kept. */
  async page<D extends Document, I extends string>(
    model: ModelRef<D, I>,
    rows: Rows<NoInfer<I>>,
    { part: { limit, cursor }, position }: WantedPage,
    keeps?: (document: NoInfer<D>) => boolean,
  ): Promise<ReflectedPage<D>> {
    await this.reach(model, position);
    const asOf = await this.#reflected(model);
    const query = { ...rows, limit, ...(cursor === undefined ? {} : { cursor }) };
    const sieve = keeps && { keeps, lookAt: Math.max(limit, LOOK_AT_ROWS) };
    return { ...(await this.options.reads.query(model, query, sieve)), asOf };
  }

  /** Every row of an index, read page by page. */
  all<D extends Document, I extends string>(
    model: ModelRef<D, I>,
    rows: Rows<NoInfer<I>>,
  ): AsyncGenerator<D> {
    return allRows(this.options.reads, model, rows);
  }

  /** When the event at a position was recorded. */
  async timeOf(position: Position): Promise<Instant> {
    const event = await this.options.events.readAt(position);
    return event?.metadata.recordedAt ?? 0;
  }

  /** What an answer reflects that is read from the log itself: all that is in it now. */
  async head(): Promise<Reflected> {
    const { events, clock } = this.options;
    return { position: await events.head(), time: clock.now() };
  }

  /** What an answer of a model reflects, from a position on. @throws Refusal as {@link reach} does */
  async reflected(model: ModelRef, position: Position | undefined): Promise<Reflected> {
    await this.reach(model, position);
    return this.#reflected(model);
  }

  /** Asked for before documents are read, so that an answer never promises too much. */
  async #reflected(model: ModelRef): Promise<Reflected> {
    const { events, freshness, clock } = this.options;
    const position = await freshness.position(model);
    const whole = position >= (await events.head());
    return { position, time: whole ? clock.now() : await this.timeOf(position) };
  }
}
