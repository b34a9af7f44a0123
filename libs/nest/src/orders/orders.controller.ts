import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res, applyDecorators } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { OrderDocument, OutcomeDocument } from '@seatbook/licensing';
import { OVER, SETTLED, type Caller, type PlacedOrder } from '@seatbook/application';
import { TextField } from '../http/text-field.js';
import { assetIdOf } from '../assets/asset-id.js';
import { SeatbookHost } from '@seatbook/host';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { Commands, Queries } from '../bus/messages.js';
import { CalledBy } from '../http/caller.js';
import { whileAwaited } from '../http/while-awaited.js';
import { headerOf, type HttpReply, type HttpRequest } from '../http/exchange.js';
import { asOfAnswer } from '../reading/as-of.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { OrderAnswer, OrderWithPosition, PlacedOrderAnswer, orderAnswer } from './order-answer.js';
import { CancelBody, ORDER_BODIES, type AnyOrderBody } from './order-bodies.js';
import { OrderBodyPipe } from './order-body-pipe.js';
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

  @ApiPropertyOptional({ enum: STATES })
  @IsOptional()
  @IsIn(STATES)
  state?: OrderDocument['state'];
}

class OutcomesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: pairOutcomes })
  @IsOptional()
  @IsIn(pairOutcomes)
  outcome?: OutcomeDocument['outcome'];
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Repeating a key with the same body, reason included, returns the same order; a different body is refused. Lists are compared as sets.',
};
const PREFER = {
  name: 'Prefer',
  required: false,
  description:
    '`wait=N`: answers once the order is finished or waits for licences, after N seconds at the latest.',
};

const ApiOrderAnswers = (): MethodDecorator =>
  applyDecorators(
    ApiOkResponse({ type: PlacedOrderAnswer, description: 'The order is over.' }),
    ApiAcceptedResponse({ type: PlacedOrderAnswer, description: 'The order goes on.' }),
  );

const ApiOrderBody = (): MethodDecorator => {
  const bodies = Object.entries(ORDER_BODIES).map(([kind, body]) => [kind, getSchemaPath(body)] as const);
  return applyDecorators(
    ApiExtraModels(...Object.values(ORDER_BODIES)),
    ApiBody({
      schema: {
        oneOf: bodies.map(([, $ref]) => ({ $ref })),
        discriminator: { propertyName: 'kind', mapping: Object.fromEntries(bodies) },
      },
    }),
  );
};

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
  @ApiOperation({ summary: 'Orders: assigns licences to devices, returns them, or returns all of a device.' })
  @ApiOrderBody()
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(PREFER)
  @ApiOrderAnswers()
  @ApiRefusals(400, 404, 409, 413, 422, 503)
  async place(
    @Body(OrderBodyPipe) body: AnyOrderBody,
    @CalledBy() caller: Caller,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<PlacedOrderAnswer> {
    const placed = await this.commands.execute(commandOf(body, withReason(caller, body.reason)));
    return this.#answer(placed, request, reply);
  }

  @Get()
  @ApiOperation({ summary: 'Orders, most recently changed first.' })
  @ApiItems(OrderAnswer)
  @ApiRefusals(400, 503)
  async list(@Query() part: OrdersQuery, @WantedPosition() position?: Position): Promise<Items<OrderAnswer>> {
    const { accountId, state } = part;
    const page = await this.queries.execute(new Queries.ListOrders({ accountId, state, part, position }));
    return itemsOf(page, orderAnswer);
  }

  @Get(':orderId')
  @ApiOperation({ summary: 'An order with its progress.' })
  @ApiOkResponse({ type: OrderWithPosition })
  @ApiRefusals(404, 503)
  async get(
    @Param('orderId') orderId: string,
    @WantedPosition() position?: Position,
  ): Promise<OrderWithPosition> {
    const { order, asOf } = await this.queries.execute(new Queries.GetOrder({ orderId, position }));
    return { ...orderAnswer(order), asOf: asOfAnswer(asOf) };
  }

  @Get(':orderId/pairs')
  @ApiOperation({ summary: 'The outcome of each pair of an order.' })
  @ApiItems(OutcomeAnswer)
  @ApiRefusals(400, 404, 503)
  async pairs(
    @Param('orderId') orderId: string,
    @Query() part: OutcomesQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<OutcomeAnswer>> {
    const { outcome } = part;
    const page = await this.queries.execute(new Queries.ListOutcomes({ orderId, outcome, part, position }));
    return itemsOf(page, outcomeAnswer);
  }

  @Post(':orderId/cancel')
  @ApiOperation({ summary: 'Cancels what the order still waits for; it keeps what it has.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(PREFER)
  @ApiOrderAnswers()
  @ApiRefusals(400, 404, 409, 503)
  async cancel(
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
    const { orderId, position, repeated } = placed;
    const wait = preferredWait(headerOf(request, 'prefer'), this.host.configuration.http.waitMaxMs);
    if (wait !== null) void reply.header('preference-applied', `wait=${wait / 1_000}`);
    const order =
      wait === null
        ? await this.queries.execute(new Queries.GetPlacedOrder({ orderId, position }))
        : await whileAwaited(request, this.host.closing, (ended) =>
            this.queries.execute(new Queries.WaitForOrder({ orderId, position, until, waitMs: wait, ended })),
          );
    void reply
      .status(OVER.has(order.state) ? 200 : 202)
      .header('location', `${API}/orders/${orderId}`)
      .header('seatbook-position', String(position));
    return { ...orderAnswer(order), position, repeated };
  }
}

const withReason = (caller: Caller, reason: string | undefined): Caller =>
  reason === undefined ? caller : { ...caller, reason };

/** The command that a body asks for: its kind is the command's name. */
function commandOf(body: AnyOrderBody, caller: Caller) {
  const { accountId: uId } = body;
  switch (body.kind) {
    case 'AssignLicense': {
      const { serialNumbers, ifShort, platform = null } = body;
      const assets = body.assetIds.map(assetIdOf);
      return new Commands.AssignLicense({ uId, assets, serialNumbers, ifShort, platform }, caller);
    }
    case 'ReturnLicense': {
      const { serialNumbers } = body;
      return new Commands.ReturnLicense({ uId, assets: body.assetIds.map(assetIdOf), serialNumbers }, caller);
    }
    case 'ReturnAll':
      return new Commands.ReturnAll({ uId, serialNumber: body.serialNumber }, caller);
  }
}
