import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { Caller } from '@seatbook/application';
import { Commands, Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { linksTo } from '../document/links.js';
import { API } from '../http/api-root.js';
import { CalledBy } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { MayBeLeftOut } from '../http/text-field.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { SyncAnswer, SyncWithPosition, syncAnswer, syncFound } from './sync-answer.js';

class SyncBody {
  @ApiPropertyOptional({
    default: false,
    description:
      'Reads all assignments, not only those of assets that differ. It takes a request for each page.',
  })
  @MayBeLeftOut()
  @IsBoolean()
  full: boolean = false;
}

/** Comparisons with Apple that somebody asked for. They are made every 15 minutes in any case. */
@ApiTags('accounts')
@Controller(`${API}/accounts/:accountId/syncs`)
export class SyncsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Compares the account with Apple as soon as Apple can be asked.' })
  @HttpCode(202)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiAcceptedResponse({
    type: SyncWithPosition,
    description: 'The sync. `Location` shows how far it is.',
    links: linksTo(['getSync'], 'syncId', '/syncId'),
  })
  @ApiRefusals('THROTTLED')
  async syncAccount(
    @Param('accountId') uId: string,
    @Body() { full }: SyncBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<SyncWithPosition> {
    const { syncId, position } = await this.commands.execute(new Commands.SyncAccount({ uId, full }, caller));
    const sync = syncFound(await this.queries.execute(new Queries.GetSync({ uId, syncId, position })));
    void reply.header('location', sync.links.self).header('seatbook-position', String(position));
    return sync;
  }

  @Get()
  @ApiOperation({ summary: 'Syncs of an account, the last one first.' })
  @ApiItems(SyncAnswer)
  listSyncs(
    @Param('accountId') uId: string,
    @Query() query: PageQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<SyncAnswer>> {
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListSyncs({ uId, part, position })),
      syncAnswer,
    );
  }

  @Get(':syncId')
  @ApiOperation({ summary: 'A sync: how far it is, and the differences it has found.' })
  @ApiOkResponse({ type: SyncWithPosition, description: 'The sync.' })
  @ApiRefusals('NOT_FOUND_SYNC')
  async getSync(
    @Param('accountId') uId: string,
    @Param('syncId') syncId: string,
    @WantedPosition() position?: Position,
  ): Promise<SyncWithPosition> {
    return syncFound(await this.queries.execute(new Queries.GetSync({ uId, syncId, position })));
  }
}
