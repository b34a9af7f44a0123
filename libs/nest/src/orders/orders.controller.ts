import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res, applyDecorators } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import { ORDER_KINDS, type OrderDocument, type OrderKind } from '@seatbook/licensing';
import {
  OVER,
  SETTLED,
  type Caller,
  type OrderFilter,
  type PairOutcome,
  type PlacedOrder,
} from '@seatbook/application';
import { TextField } from '../http/text-field.js';
import { AssetIdField, assetIdOf } from '../assets/asset-id.js';
import { SeatbookHost } from '@seatbook/host';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { linksTo } from '../document/links.js';
import { Commands, Queries } from '../bus/messages.js';
import { CalledBy, withReason } from '../http/caller.js';
import { IDEMPOTENCY_KEY, PREFER } from '../http/request-headers.js';
import { TimeField, timeOf } from '../reading/moment.js';
import { deviceKey, personKey } from '../pairs/holder-answer.js';
import { whileAwaited } from '../http/while-awaited.js';
import { headerOf, type HttpReply, type HttpRequest } from '../http/exchange.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import {
  OrderAnswer,
  OrderWithPosition,
  PlacedOrderAnswer,
  orderAnswer,
  orderWithPosition,
  placedOrderAnswer,
} from './order-answer.js';
import { expectedOf } from './expect-field.js';
import {
  CancelBody,
  ORDER_BODIES,
  REFUSED_PAIRS,
  REFUSED_PLAN,
  type AnyOrderBody,
  bothIn,
  holderIn,
  movedIn,
  scopeIn,
} from './order-bodies.js';
import { ApiBodyByKind, BodyByKind } from './body-by-kind.js';
import { OutcomeAnswer, outcomeAnswer, pairOutcomes } from './outcome-answer.js';
import { preferredWait } from './prefer-wait.js';

const STATES: readonly OrderDocument['state'][] = [
  'listing',
  'placed',
  'working',
  'waiting',
  'finished',
  'abandoned',
];

class OrdersQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only orders of this account.' })
  @IsOptional()
  @TextField(1, 100)
  accountId?: string;

  @ApiPropertyOptional({ enum: ORDER_KINDS })
  @IsOptional()
  @IsIn(ORDER_KINDS)
  kind?: OrderKind;

  @ApiPropertyOptional({ description: 'Only orders of this principal.' })
  @IsOptional()
  @TextField(1, 100)
  principal?: string;

  @AssetIdField('Only orders that name this asset (`.STDQ` may be left out).')
  assetId?: string;

  @ApiPropertyOptional({ description: 'Only orders that name this device.' })
  @IsOptional()
  @TextField(1, 40)
  serialNumber?: string;

  @ApiPropertyOptional({ description: 'Only orders that name this person.' })
  @IsOptional()
  @TextField(1, 100)
  userId?: string;

  @TimeField('Ordered at or after this time (ISO 8601).')
  from?: string;

  @TimeField('Ordered at or before this time (ISO 8601).')
  to?: string;

  @ApiPropertyOptional({ enum: STATES })
  @IsOptional()
  @IsIn(STATES)
  state?: OrderDocument['state'];
}

class OutcomesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: pairOutcomes })
  @IsOptional()
  @IsIn(pairOutcomes)
  outcome?: PairOutcome;
}

/** Where an answer leads that has an order. */
const OF_ORDER = ['getOrder', 'listPairsOfOrder', 'cancelOrder'];
const ORDER_LINKS = linksTo(OF_ORDER, 'orderId', '/orderId');
const FIRST_ORDER = linksTo(OF_ORDER, 'orderId', '/items/0/orderId');

const ApiOrderAnswers = (): MethodDecorator =>
  applyDecorators(
    ApiOkResponse({ type: PlacedOrderAnswer, description: 'The order is over.', links: ORDER_LINKS }),
    ApiAcceptedResponse({ type: PlacedOrderAnswer, description: 'The order goes on.', links: ORDER_LINKS }),
  );

/** What administrators ask for: an order has an outcome for each pair. */
@ApiTags('orders')
@Controller(`${API}/orders`)
export class OrdersController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(SeatbookHost) private readonly host: SeatbookHost,
  ) {}

  @Post()
  @ApiOperation({
    summary:
      'Orders: assigns licences to devices and persons, returns them, returns all of one of them, has them go from one holder to another, or installs apps.',
  })
  @ApiBodyByKind(ORDER_BODIES)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(PREFER)
  @ApiOrderAnswers()
  @ApiRefusals(...REFUSED_PAIRS, ...REFUSED_PLAN, 'REJECTED_ORDER_ABANDONED')
  async placeOrder(
    @Body(new BodyByKind(ORDER_BODIES)) body: AnyOrderBody,
    @CalledBy() caller: Caller,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<PlacedOrderAnswer> {
    const placed = await this.commands.execute(commandOf(body, withReason(caller, body.reason)));
    return this.#answer(placed, request, reply);
  }

  @Get()
  @ApiOperation({ summary: 'Orders, the latest first.' })
  @ApiItems(OrderAnswer, {}, {}, FIRST_ORDER)
  @ApiRefusals('INVALID_ASSET', 'INVALID_TIME')
  listOrders(
    @Query() query: OrdersQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<OrderAnswer>> {
    const filter = filterOf(query);
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListOrders({ ...filter, part, position })),
      orderAnswer,
    );
  }

  @Get(':orderId')
  @ApiOperation({ summary: 'An order with its progress.' })
  @ApiOkResponse({ type: OrderWithPosition, description: 'The order.' })
  @ApiRefusals('NOT_FOUND_ORDER')
  async getOrder(
    @Param('orderId') orderId: string,
    @WantedPosition() position?: Position,
  ): Promise<OrderWithPosition> {
    return orderWithPosition(await this.queries.execute(new Queries.GetOrder({ orderId, position })));
  }

  @Get(':orderId/pairs')
  @ApiOperation({ summary: 'The outcome of each pair of an order.' })
  @ApiItems(OutcomeAnswer)
  @ApiRefusals('NOT_FOUND_ORDER')
  listPairsOfOrder(
    @Param('orderId') orderId: string,
    @Query() query: OutcomesQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<OutcomeAnswer>> {
    const { outcome } = query;
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListOutcomes({ orderId, outcome, part, position })),
      outcomeAnswer,
    );
  }

  @Post(':orderId/cancel')
  @ApiOperation({ summary: 'Cancels what the order still waits for; it keeps what it has.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(PREFER)
  @ApiOrderAnswers()
  @ApiBody({ type: CancelBody, required: false })
  @ApiRefusals('NOT_FOUND_ORDER', 'REJECTED_ORDER_NOT_RESERVED')
  async cancelOrder(
    @Param('orderId') orderId: string,
    @Body() { reason }: CancelBody = {},
    @CalledBy() caller: Caller,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<PlacedOrderAnswer> {
    const cancelling = new Commands.CancelWaiting({ orderId }, withReason(caller, reason));
    const placed = await this.commands.execute(cancelling);
    // It waits for licences as long as the cancellation is on its way.
    return this.#answer(placed, request, reply, OVER);
  }

  /** The order as it is: at once, or when the client's wait is over. 200 when it is over, 202 while it goes on. */
  async #answer(
    placed: PlacedOrder,
    request: HttpRequest,
    reply: HttpReply,
    until = SETTLED,
  ): Promise<PlacedOrderAnswer> {
    const { orderId, position, written } = placed;
    const wait = preferredWait(headerOf(request, 'prefer'), this.host.configuration.http.waitMaxMs);
    if (wait !== null) void reply.header('preference-applied', `wait=${wait / 1_000}`);
    const found =
      wait === null
        ? await this.queries.execute(new Queries.GetPlacedOrder({ orderId, position, written }))
        : await whileAwaited(request, this.host.closing, (ended) =>
            this.queries.execute(new Queries.WaitForOrder({ orderId, position, until, waitMs: wait, ended })),
          );
    void reply
      .status(OVER.has(found.order.state) ? 200 : 202)
      .header('location', `${API}/orders/${orderId}`)
      .header('seatbook-position', String(position));
    return placedOrderAnswer(found, placed);
  }
}

function filterOf(query: OrdersQuery): OrderFilter {
  const { accountId, state, kind, principal, assetId, serialNumber, userId } = query;
  const holders = [
    ...(serialNumber === undefined ? [] : [deviceKey(serialNumber)]),
    ...(userId === undefined ? [] : [personKey(userId)]),
  ];
  const asset = assetId === undefined ? undefined : assetIdOf(assetId);
  const from = timeOf('from', query.from);
  const to = timeOf('to', query.to);
  return { accountId, state, kind, principal, asset, holders, from, to };
}

/** The command that a body asks for: its kind is the command's name. */
function commandOf(body: AnyOrderBody, caller: Caller) {
  const { accountId: uId } = body;
  switch (body.kind) {
    case 'AssignLicense': {
      const {
        serialNumbers,
        userIds,
        groupId,
        ifShort,
        fromReserve,
        platform = null,
        allowUnenrolled,
      } = body;
      const terms = {
        uId,
        assets: body.assetIds.map(assetIdOf),
        serialNumbers,
        userIds,
        groupId,
        scope: movedIn(body),
        ifShort,
        fromReserve,
        platform,
        allowUnenrolled,
      };
      return new Commands.AssignLicense({ ...terms, expect: expectedOf(body.expect) }, caller);
    }
    case 'ReturnLicense': {
      const { serialNumbers, userIds, groupId, removeApp } = body;
      const [assets, expect] = [body.assetIds.map(assetIdOf), expectedOf(body.expect)];
      const named = { serialNumbers, userIds, groupId, scope: movedIn(body) };
      return new Commands.ReturnLicense({ uId, assets, ...named, removeApp, expect }, caller);
    }
    case 'ReassignLicense': {
      const { allowUnenrolled } = body;
      const [assets, expect] = [body.assetIds.map(assetIdOf), expectedOf(body.expect)];
      const reassigned = { uId, assets, ...bothIn(body), allowUnenrolled };
      return new Commands.ReassignLicense({ ...reassigned, expect }, caller);
    }
    case 'RolloutApp': {
      const { serialNumbers, userIds, groupId, assetIds = [] } = body;
      const [assets, expect] = [assetIds.map(assetIdOf), expectedOf(body.expect)];
      const named = { serialNumbers, userIds, groupId, scope: scopeIn(body) };
      return new Commands.RolloutApp({ uId, assets, ...named, expect }, caller);
    }
    case 'ReturnAll': {
      const { removeApp } = body;
      const all = { uId, holder: holderIn(body), removeApp };
      return new Commands.ReturnAll({ ...all, expect: expectedOf(body.expect) }, caller);
    }
  }
}
