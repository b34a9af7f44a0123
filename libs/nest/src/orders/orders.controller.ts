import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiPropertyOptional,
  ApiTags,
  ApiOperation,
} from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { OrderDocument, OutcomeDocument } from '@seatbook/licensing';
import { OVER, SETTLED, type Caller, type PlacedOrder } from '@seatbook/application';
import { TextField } from '../http/text-field.js';
import { assetIdOf } from '../assets/asset-address.js';
import { SeatbookHost } from '@seatbook/host';
import { ApiRefusals } from '../http/api-refusals.js';
import { Commands, Queries } from '../bus/messages.js';
import { CalledBy } from '../http/caller.js';
import { whileAwaited } from '../http/while-awaited.js';
import { headerOf, type HttpReply, type HttpRequest } from '../http/exchange.js';
import { asOfAnswer } from '../reading/as-of.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { OrderAnswer, OrderWithPosition, PlacedOrderAnswer, orderAnswer } from './order-answer.js';
import { AssignLicenseBody, ReturnAllBody, ReturnLicenseBody } from './order-bodies.js';
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
  @ApiPropertyOptional()
  @IsOptional()
  @TextField(1, 100)
  account?: string;

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
  description: 'Repeating a key with the same body returns the same order; a different body is refused.',
};
const PREFER = {
  name: 'Prefer',
  required: false,
  description:
    '`wait=N`: answers once the order is finished or waits for licences, after N seconds at the latest.',
};

/** What administrators ask for: an order has an outcome for each pair. */
@ApiTags('orders')
@Controller('orders')
export class OrdersController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(SeatbookHost) private readonly host: SeatbookHost,
  ) {}

  @Post('assign-license')
  @ApiOperation({ summary: 'Assigns licences: each of the assets to each of the devices.' })
  @HttpCode(202)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(PREFER)
  @ApiAcceptedResponse({ type: PlacedOrderAnswer })
  @ApiRefusals(400, 404, 409, 413, 503)
  async assign(
    @Body() body: AssignLicenseBody,
    @CalledBy() caller: Caller,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<PlacedOrderAnswer> {
    const { account: uId, serialNumbers, ifShort, platform = null, reason } = body;
    const order = { uId, assets: body.assets.map(assetIdOf), serialNumbers, ifShort, platform };
    const placed = await this.commands.execute(new Commands.AssignLicense(order, withReason(caller, reason)));
    return this.#answer(placed, request, reply);
  }

  @Post('return-license')
  @ApiOperation({ summary: 'Returns licences of devices.' })
  @HttpCode(202)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(PREFER)
  @ApiAcceptedResponse({ type: PlacedOrderAnswer })
  @ApiRefusals(400, 404, 409, 413, 503)
  async return(
    @Body() body: ReturnLicenseBody,
    @CalledBy() caller: Caller,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<PlacedOrderAnswer> {
    const { account: uId, serialNumbers, reason } = body;
    const order = { uId, assets: body.assets.map(assetIdOf), serialNumbers };
    const placed = await this.commands.execute(new Commands.ReturnLicense(order, withReason(caller, reason)));
    return this.#answer(placed, request, reply);
  }

  @Post('return-all')
  @ApiOperation({ summary: 'Returns everything that a device holds, and cancels what it waits for.' })
  @HttpCode(202)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(PREFER)
  @ApiAcceptedResponse({ type: PlacedOrderAnswer })
  @ApiRefusals(400, 404, 409, 503)
  async returnAll(
    @Body() { account, serialNumber, reason }: ReturnAllBody,
    @CalledBy() caller: Caller,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<PlacedOrderAnswer> {
    const command = new Commands.ReturnAll({ uId: account, serialNumber }, withReason(caller, reason));
    const placed = await this.commands.execute(command);
    return this.#answer(placed, request, reply);
  }

  @Get()
  @ApiOperation({ summary: 'Orders, most recently changed first.' })
  @ApiItems(OrderAnswer)
  @ApiRefusals(400, 503)
  async list(@Query() part: OrdersQuery, @WantedPosition() position?: Position): Promise<Items<OrderAnswer>> {
    const { account, state } = part;
    const page = await this.queries.execute(new Queries.ListOrders({ account, state, part, position }));
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
  @HttpCode(202)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(PREFER)
  @ApiAcceptedResponse({ type: PlacedOrderAnswer })
  @ApiRefusals(404, 409, 503)
  async cancel(
    @Param('orderId') orderId: string,
    @CalledBy() caller: Caller,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<PlacedOrderAnswer> {
    const placed = await this.commands.execute(new Commands.CancelWaiting({ orderId }, caller));
    // It waits for licences as long as the cancellation is on its way.
    return this.#answer(placed, request, reply, OVER);
  }

  /** The current state of the order: at once, or when the client's wait is over. */
  async #answer(
    { orderId, position, repeated }: PlacedOrder,
    request: HttpRequest,
    reply: HttpReply,
    until = SETTLED,
  ): Promise<PlacedOrderAnswer> {
    const wait = preferredWait(headerOf(request, 'prefer'), this.host.configuration.http.waitMaxMs);
    void reply.header('location', `/orders/${orderId}`).header('seatbook-position', String(position));
    if (wait !== null) {
      void reply.header('preference-applied', `wait=${wait / 1_000}`);
      const order = await whileAwaited(request, this.host.closing, (ended) =>
        this.queries.execute(new Queries.WaitForOrder({ orderId, position, until, waitMs: wait, ended })),
      );
      return { ...orderAnswer(order), position, repeated };
    }
    const order = await this.queries.execute(new Queries.GetPlacedOrder({ orderId, position }));
    return { ...orderAnswer(order), position, repeated };
  }
}

const withReason = (caller: Caller, reason: string | undefined): Caller =>
  reason === undefined ? caller : { ...caller, reason };
