import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { Refusal, type Position } from '@seatbook/kernel';
import {
  orderStream,
  ordersModel,
  outcomesModel,
  pairsOf,
  type Order,
  type OrderDocument,
  type OutcomeDocument,
} from '@seatbook/licensing';
import type { IndexQuery } from '@seatbook/runtime';
import { Seatbook } from '@seatbook/application';
import { pageOf, type Items, type PageQuery } from '../reading/page.js';
import { Reader } from '../reading/reader.js';
import { orderAnswer, type OrderAnswer, type OrderWithPosition } from './order-answer.js';
import { outcomeAnswer, type OutcomeAnswer } from './outcome-answer.js';

export const unknownOrder = (): Refusal => new Refusal('NOT_FOUND_ORDER', 'there is no such order');

export class ListOrders extends Query<Items<OrderAnswer>> {
  constructor(
    readonly account: string | undefined,
    readonly state: OrderDocument['state'] | undefined,
    readonly page: PageQuery,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

/** Those that changed last come first. */
@QueryHandler(ListOrders)
export class ListOrdersHandler implements IQueryHandler<ListOrders> {
  constructor(@Inject(Reader) private readonly reader: Reader) {}

  async execute({ account, state, page, position }: ListOrders): Promise<Items<OrderAnswer>> {
    const query: IndexQuery = { ...indexOf(account, state), descending: true, ...pageOf(page) };
    const { rows, next, asOf } = await this.reader.query<OrderDocument>(ordersModel, query, position);
    return { items: rows.map(orderAnswer), next, asOf };
  }
}

function indexOf(
  account: string | undefined,
  state: string | undefined,
): { index: string; equals: string[] } {
  if (account === undefined) {
    return state === undefined
      ? { index: 'by-position', equals: [] }
      : { index: 'by-state', equals: [state] };
  }
  return state === undefined
    ? { index: 'by-account', equals: [account] }
    : { index: 'by-account-state', equals: [account, state] };
}

export class GetOrder extends Query<OrderWithPosition> {
  constructor(
    readonly orderId: string,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(GetOrder)
export class GetOrderHandler implements IQueryHandler<GetOrder> {
  constructor(@Inject(Reader) private readonly reader: Reader) {}

  async execute({ orderId, position }: GetOrder): Promise<OrderWithPosition> {
    const { document, asOf } = await this.reader.get<OrderDocument>(ordersModel, orderId, position);
    if (!document) throw unknownOrder();
    return { ...orderAnswer(document), asOf };
  }
}

/** An order just placed, without waiting for any read model: the ledger of orders itself knows it. */
export class GetPlacedOrder extends Query<OrderAnswer> {
  constructor(
    readonly orderId: string,
    readonly position: Position,
  ) {
    super();
  }
}

@QueryHandler(GetPlacedOrder)
export class GetPlacedOrderHandler implements IQueryHandler<GetPlacedOrder> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  async execute({ orderId, position }: GetPlacedOrder): Promise<OrderAnswer> {
    const { views, options, runner } = this.seatbook;
    if (views.position(ordersModel.name) >= position) {
      const document = await options.stores.reads.get<OrderDocument>(ordersModel, orderId);
      if (document) return orderAnswer(document);
    }
    const stream = orderStream(orderId);
    const [first] = await options.stores.events.readStream(stream, 0, 1);
    const { phase, terms, final } = (await runner.load(stream)).state as Order;
    if (!first || !terms || phase === 'new') throw unknownOrder();
    const { principal, reason = null, recordedAt } = first.metadata;
    return orderAnswer({
      ...terms,
      orderId,
      state: phase === 'reserved' ? 'working' : phase,
      pairs: pairsOf(terms),
      principal,
      reason,
      final: { ...final },
      waiting: 0,
      refusals: [],
      silent: [],
      placedAt: phase === 'listing' ? null : recordedAt,
      finishedAt: null,
      position,
    });
  }
}

export class ListOutcomes extends Query<Items<OutcomeAnswer>> {
  constructor(
    readonly orderId: string,
    readonly outcome: OutcomeDocument['outcome'] | undefined,
    readonly page: PageQuery,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(ListOutcomes)
export class ListOutcomesHandler implements IQueryHandler<ListOutcomes> {
  constructor(@Inject(Reader) private readonly reader: Reader) {}

  async execute({ orderId, outcome, page, position }: ListOutcomes): Promise<Items<OutcomeAnswer>> {
    const { document } = await this.reader.get<OrderDocument>(ordersModel, orderId, position);
    if (!document) throw unknownOrder();
    const index =
      outcome === undefined
        ? { index: 'by-order', equals: [orderId] }
        : { index: 'by-outcome', equals: [orderId, outcome] };
    const query = { ...index, ...pageOf(page) };
    const { rows, next, asOf } = await this.reader.query<OutcomeDocument>(outcomesModel, query, position);
    return { items: rows.map(outcomeAnswer), next, asOf };
  }
}
