import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiConsumes,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiTags,
  ApiOperation,
} from '@nestjs/swagger';
import type { Position } from '@seatbook/kernel';
import type { Caller } from '@seatbook/application';
import { CalledBy } from '../http/caller.js';
import { CommandAnswer } from '../http/command-answer.js';
import { ApiRefusals } from '../http/api-refusals.js';
import type { HttpReply } from '../http/exchange.js';
import { ApiItems, PageQuery, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { AccountAnswer, AccountWithPosition } from './account-answer.js';
import { ImportTokenBody, RenewTokenBody } from './account-bodies.js';
import {
  ImportTokenCommand,
  RenewTokenCommand,
  SyncTotalsCommand,
  TakeOverCommand,
} from './account-commands.js';
import { GetAccount, ListAccounts } from './account-queries.js';

/** App Store accounts: one for each location, with its content token. */
@ApiTags('accounts')
@Controller('accounts')
export class AccountsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Imports a location by its content token.' })
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiCreatedResponse({ type: AccountWithPosition })
  @ApiRefusals(400, 409, 413, 415, 422, 503)
  async import(
    @Body() body: ImportTokenBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    const { token, name, platform, assignmentType, takeOver } = body;
    const order = { file: token, settings: { name, platform, assignmentType }, takeOver };
    const { uId, outcome } = await this.commands.execute(new ImportTokenCommand(order, caller));
    void reply.header('location', `/accounts/${uId}`).header('seatbook-position', String(outcome.position));
    return this.queries.execute(new GetAccount(uId, outcome.position));
  }

  @Get()
  @ApiOperation({ summary: 'All accounts, by name.' })
  @ApiItems(AccountAnswer)
  @ApiRefusals(400, 503)
  list(@Query() page: PageQuery, @WantedPosition() position?: Position): Promise<Items<AccountAnswer>> {
    return this.queries.execute(new ListAccounts(page, position));
  }

  @Get(':uId')
  @ApiOperation({ summary: 'One account: its token, notifications, first read and freshness.' })
  @ApiOkResponse({ type: AccountWithPosition })
  @ApiRefusals(404, 503)
  get(@Param('uId') uId: string, @WantedPosition() position?: Position): Promise<AccountWithPosition> {
    return this.queries.execute(new GetAccount(uId, position));
  }

  @Put(':uId/token')
  @ApiOperation({
    summary: 'Replaces the token by another one of the same location. Work that was held goes on by itself.',
  })
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiOkResponse({ type: AccountWithPosition })
  @ApiRefusals(400, 404, 413, 415, 422, 503)
  async renew(
    @Param('uId') uId: string,
    @Body() { token }: RenewTokenBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    const { position } = await this.commands.execute(new RenewTokenCommand(uId, token, caller));
    void reply.header('seatbook-position', String(position));
    return this.queries.execute(new GetAccount(uId, position));
  }

  @Post(':uId/take-over')
  @ApiOperation({ summary: 'Marks a location as ours that another MDM has taken.' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: CommandAnswer })
  @ApiRefusals(404, 409, 503)
  async takeOver(
    @Param('uId') uId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    const { position } = await this.commands.execute(new TakeOverCommand(uId, caller));
    return accepted(reply, uId, position);
  }

  @Post(':uId/sync')
  @ApiOperation({ summary: 'Reads the totals of all assets now.' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: CommandAnswer })
  @ApiRefusals(404, 503)
  async sync(
    @Param('uId') uId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    const { position } = await this.commands.execute(new SyncTotalsCommand(uId, caller));
    return accepted(reply, uId, position);
  }
}

function accepted(reply: HttpReply, uId: string, position: Position): CommandAnswer {
  void reply.header('location', `/accounts/${uId}`).header('seatbook-position', String(position));
  return { position, links: { account: `/accounts/${uId}` } };
}
