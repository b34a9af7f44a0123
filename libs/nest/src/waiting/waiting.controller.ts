import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { isoTime, numberOf, type Position } from '@seatbook/kernel';
import type { Caller, WaitingPair } from '@seatbook/application';
import { MAX_HOLDERS, type HolderKey } from '@seatbook/licensing';
import { assetIdOf } from '../assets/asset-id.js';
import { Commands, Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { Count, Flag, Links, OneOf, Text, TimeOrNull } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { CalledBy, withReason } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { MayBeLeftOut, Reason, TextField } from '../http/text-field.js';
import { HolderAnswer, deviceKey, holderAnswer, personKey } from '../pairs/holder-answer.js';
import { NamedHolders } from '../pairs/named-holders.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';

/** Devices, and as many persons: one event names them all. */
const MAX_NAMED = MAX_HOLDERS / 2;

class WaitingAnswer extends HolderAnswer {
  @Count(1, 'From 1 on: that of the pair that is served next.')
  place!: number;

  @Text('60501a66-da6b-8e0d-99da-ff88c72147da', 'The order that it waits for.')
  orderId!: string;

  @TimeOrNull('Waiting since; null for a pair that has just come or left.')
  since!: string | null;

  @OneOf(
    ['short', 'reserved', 'not-read-yet'],
    'short',
    'Why there is no licence for it now. `reserved`: those that are free are kept back for orders that name the reserve.',
  )
  reason!: string;

  @Flag(false, 'It may have licences of the reserve, and goes past those that may not.')
  fromReserve!: boolean;
}

const waitingAnswer = ({
  place,
  holder,
  orderId,
  since,
  reason,
  fromReserve,
}: WaitingPair): WaitingAnswer => ({
  ...holderAnswer(holder),
  place,
  orderId,
  since: isoTime(since),
  reason,
  fromReserve,
});

class WaitingBody {
  @NamedHolders('Only pairs of these devices.', MAX_NAMED)
  serialNumbers?: string[];

  @NamedHolders('Only pairs of these persons.', MAX_NAMED)
  userIds?: string[];

  @Reason()
  reason?: string;
}

class MoveWaitingBody extends WaitingBody {
  @ApiProperty({ enum: ['front', 'back'], description: 'Before all others, or after them.' })
  @IsIn(['front', 'back'])
  to!: 'front' | 'back';

  @ApiPropertyOptional({ description: 'Only pairs of this order: all of them where no holders are named.' })
  @MayBeLeftOut()
  @TextField(1, 100)
  orderId?: string;
}

class WaitingChangedAnswer {
  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;

  @Links({ waiting: '/api/v1/accounts/7700000000000001/assets/900000001.STDQ/waiting' })
  links!: { waiting: string };
}

/** Who waits for licences of an asset, in the order in which they are served. */
@ApiTags('assets')
@Controller(`${API}/accounts/:accountId/assets/:assetId/waiting`)
export class WaitingController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({
    summary:
      'The waiting list of an asset, in its order. It moves while it is read: if the last pair of a page has left it, the next page is its head.',
  })
  @ApiItems(WaitingAnswer)
  @ApiRefusals('NOT_FOUND_ASSET', 'INVALID_ASSET')
  listWaiting(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
    @Query() query: PageQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<WaitingAnswer>> {
    const list = { uId, asset: assetIdOf(assetId), position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListWaiting({ ...list, part })),
      waitingAnswer,
    );
  }

  @Post('move')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Moves all pairs of an order, or some pairs, to the front or back of the waiting list.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiOkResponse({ type: WaitingChangedAnswer, description: 'They are moved.' })
  @ApiRefusals('INVALID_ASSET', 'REJECTED_NOT_WAITING')
  async moveWaiting(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
    @Body() body: MoveWaitingBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<WaitingChangedAnswer> {
    const { to, orderId, reason } = body;
    const move = { uId, asset: assetIdOf(assetId), to, orderId, holders: holdersIn(body) };
    const { position } = await this.commands.execute(
      new Commands.MoveWaiting(move, withReason(caller, reason)),
    );
    return changed(reply, uId, assetId, position);
  }

  @Post('cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Takes devices or persons off the waiting list. Who has a licence by now keeps it.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiOkResponse({ type: WaitingChangedAnswer, description: 'They wait no longer.' })
  @ApiRefusals('INVALID_ASSET', 'REJECTED_NOT_WAITING')
  async leaveWaiting(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
    @Body() body: WaitingBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<WaitingChangedAnswer> {
    const leave = { uId, asset: assetIdOf(assetId), holders: holdersIn(body) ?? [] };
    const { position } = await this.commands.execute(
      new Commands.LeaveWaiting(leave, withReason(caller, body.reason)),
    );
    return changed(reply, uId, assetId, position);
  }
}

const holdersIn = ({ serialNumbers, userIds }: WaitingBody): HolderKey[] | undefined =>
  serialNumbers || userIds
    ? [...(serialNumbers ?? []).map(deviceKey), ...(userIds ?? []).map(personKey)]
    : undefined;

function changed(reply: HttpReply, uId: string, assetId: string, position: Position): WaitingChangedAnswer {
  void reply.header('seatbook-position', String(position));
  return {
    position: numberOf(position),
    links: { waiting: `${API}/accounts/${uId}/assets/${assetId}/waiting` },
  };
}
