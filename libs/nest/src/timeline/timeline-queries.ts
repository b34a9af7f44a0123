import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { Refusal, isoTime, type Envelope, type Position } from '@seatbook/kernel';
import {
  assetKey,
  assetsModel,
  ordersModel,
  subjectOf,
  timelineModel,
  type AssetDocument,
  type OrderDocument,
  type SubjectKind,
  type TimelineRow,
} from '@seatbook/licensing';
import { Seatbook } from '@seatbook/application';
import { pageOf, type Items, type PageQuery } from '../reading/page.js';
import { Reader } from '../reading/reader.js';
import { eventAnswer } from './event-answer.js';
import type { EventAnswer, TimelineRowAnswer } from './timeline-answer.js';
import { whatHappened, type Reading } from './what-happened.js';

/** A cause is looked for this far back: what follows from an event mostly stands right behind it. */
const NEAR_EVENTS = 200;

export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
}

export class GetTimeline extends Query<Items<TimelineRowAnswer>> {
  constructor(
    readonly subject: Subject,
    readonly newestFirst: boolean,
    readonly page: PageQuery,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(GetTimeline)
export class GetTimelineHandler implements IQueryHandler<GetTimeline> {
  constructor(
    @Inject(Reader) private readonly reader: Reader,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  async execute({ subject, newestFirst, page, position }: GetTimeline): Promise<Items<TimelineRowAnswer>> {
    const query = {
      index: 'by-subject',
      equals: [subjectOf(subject.kind, subject.id)],
      descending: newestFirst,
      ...pageOf(page),
    };
    const { rows, next, asOf } = await this.reader.query<TimelineRow>(timelineModel, query, position);
    const { registry, options } = this.seatbook;
    const stored = await options.stores.events.readAt(rows.map((row) => row.position));
    const events: Envelope[] = stored.map((event) => ({ ...event, data: registry.upcast(event) }));
    if (newestFirst) events.reverse();
    const reading = { ...(await this.#names(events)), holder: subject.kind === 'holder' ? subject.id : null };
    const orders = await this.#orders(events);
    const positions = await this.#positions(events);
    const items = events.map((event) => rowOf(event, reading, orders.get(orderOf(event) ?? ''), positions));
    return { items, next, asOf };
  }

  async #names(events: readonly Envelope[]): Promise<Pick<Reading, 'nameOf'>> {
    const keys = new Set<string>();
    for (const { stream, data } of events) {
      if (stream.startsWith('asset-')) keys.add(stream.slice('asset-'.length));
      const {
        uId,
        adamId,
        pricingParam,
        assets = [],
      } = data as Partial<AssetDocument> & {
        assets?: readonly { adamId: string; pricingParam: string }[];
      };
      if (uId === undefined) continue;
      if (adamId !== undefined && pricingParam !== undefined)
        keys.add(assetKey(uId, { adamId, pricingParam }));
      if (assets.length === 1 && assets[0]) keys.add(assetKey(uId, assets[0]));
    }
    const known = await this.seatbook.options.stores.reads.getMany<AssetDocument>(assetsModel, [...keys]);
    return {
      nameOf: (uId, asset) =>
        known.get(assetKey(uId, asset))?.name ?? `${asset.adamId}.${asset.pricingParam}`,
    };
  }

  /** The reason of an order is that of all that follows from it. */
  #orders(events: readonly Envelope[]): Promise<Map<string, OrderDocument>> {
    const ids = new Set(events.map(orderOf).filter((id) => id !== null));
    return this.seatbook.options.stores.reads.getMany<OrderDocument>(ordersModel, [...ids]);
  }

  async #positions(events: readonly Envelope[]): Promise<ReadonlyMap<string, Position>> {
    const positions = new Map(events.map(({ id, position }) => [id, position]));
    const first = Math.min(...events.map(({ position }) => position));
    if (events.length === 0) return positions;
    const before = await this.seatbook.options.stores.events.readAll(
      Math.max(0, first - NEAR_EVENTS),
      NEAR_EVENTS,
    );
    for (const { id, position } of before) positions.set(id, position);
    return positions;
  }
}

/** The order that an event belongs to, where it is one. */
function orderOf({ stream, data }: Envelope): string | null {
  if (stream.startsWith('order-')) return stream.slice('order-'.length);
  const { orderId, orderIds } = data as { orderId?: string; orderIds?: readonly string[] };
  const only = new Set(orderIds ?? []).size === 1 ? orderIds?.[0] : undefined;
  return orderId ?? only ?? null;
}

function rowOf(
  event: Envelope,
  reading: Reading,
  order: OrderDocument | undefined,
  positions: ReadonlyMap<string, Position>,
): TimelineRowAnswer {
  const { id, position, stream, revision, type, metadata } = event;
  const { principal, causationId, commandId, correlationId, recordedAt } = metadata;
  // Only a reaction names an event as the cause: everything else is its own beginning.
  const byEvent = causationId !== commandId;
  return {
    at: isoTime(recordedAt) ?? '',
    what: whatHappened(event, reading),
    type,
    principal,
    reason: metadata.reason ?? order?.reason ?? null,
    orderedBy: order?.principal ?? null,
    cause: {
      eventId: byEvent ? causationId : null,
      position: byEvent ? (positions.get(causationId) ?? null) : null,
      commandId: byEvent ? null : commandId,
      correlationId,
    },
    event: { id, position, stream, revision },
  };
}

export class GetEvent extends Query<EventAnswer> {
  constructor(readonly position: Position) {
    super();
  }
}

@QueryHandler(GetEvent)
export class GetEventHandler implements IQueryHandler<GetEvent> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  async execute({ position }: GetEvent): Promise<EventAnswer> {
    const { registry, options } = this.seatbook;
    const [event] = await options.stores.events.readAt([position]);
    if (!event) throw new Refusal('NOT_FOUND_EVENT', 'there is no event at this position', { position });
    return eventAnswer({ ...event, data: registry.upcast(event) });
  }
}
