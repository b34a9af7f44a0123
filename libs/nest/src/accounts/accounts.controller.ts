import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiConsumes,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiTags,
  ApiOperation,
  ApiProperty,
} from '@nestjs/swagger';
import { numberOf, type Position } from '@seatbook/kernel';
import type { Caller } from '@seatbook/application';
import { SeatbookHost } from '@seatbook/host';
import { Commands, Queries } from '../bus/messages.js';
import { API } from '../http/api-root.js';
import { CalledBy } from '../http/caller.js';
import { CommandAnswer } from '../http/command-answer.js';
import { ApiRefusals } from '../http/api-refusals.js';
import type { HttpReply } from '../http/exchange.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { AccountAnswer, AccountWithPosition, accountAnswer, accountFound } from './account-answer.js';
import { TextField } from '../http/text-field.js';
import { ImportTokenBody, RenewTokenBody } from './account-bodies.js';

class RenameAccountBody {
  @ApiProperty({ description: 'Display name of the account.', example: 'Berlin' })
  @TextField(1, 200)
  name!: string;
}

/** App Store accounts: one for each location, with its content token. */
@ApiTags('accounts')
@Controller(`${API}/accounts`)
export class AccountsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
    @Inject(SeatbookHost) private readonly host: SeatbookHost,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Imports a location with its content token.' })
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiCreatedResponse({ type: AccountWithPosition })
  @ApiOkResponse({ type: AccountWithPosition, description: 'The same request had imported it before.' })
  @ApiRefusals(400, 409, 413, 415, 422, 503)
  async import(
    @Body() body: ImportTokenBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    const { token, name, platform, assignmentType, takeOver } = body;
    const order = { file: token, settings: { name, platform, assignmentType }, takeOver };
    const { uId, position, repeated } = await this.commands.execute(new Commands.ImportToken(order, caller));
    void reply
      .status(repeated ? 200 : 201)
      .header('location', pathOf(uId))
      .header('seatbook-position', String(position));
    return this.#account(uId, position);
  }

  @Get()
  @ApiOperation({ summary: 'All accounts, by name.' })
  @ApiItems(AccountAnswer)
  @ApiRefusals(400, 503)
  async list(@Query() part: PageQuery, @WantedPosition() position?: Position): Promise<Items<AccountAnswer>> {
    const page = await this.queries.execute(new Queries.ListAccounts({ part, position }));
    const now = this.host.clock.now();
    return itemsOf(page, (account) => accountAnswer(account, now, null));
  }

  @Get(':accountId')
  @ApiOperation({ summary: 'One account with its token, notifications and first read.' })
  @ApiOkResponse({ type: AccountWithPosition })
  @ApiRefusals(404, 503)
  get(
    @Param('accountId') accountId: string,
    @WantedPosition() position?: Position,
  ): Promise<AccountWithPosition> {
    return this.#account(accountId, position);
  }

  @Put(':accountId/token')
  @ApiOperation({
    summary: 'Replaces the token with another one of the same location. Held work resumes automatically.',
  })
  @ApiConsumes('application/json', 'multipart/form-data')
  @ApiOkResponse({ type: AccountWithPosition })
  @ApiRefusals(400, 404, 413, 415, 422, 503)
  async renew(
    @Param('accountId') accountId: string,
    @Body() { token }: RenewTokenBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    const { position } = await this.commands.execute(
      new Commands.RenewToken({ uId: accountId, file: token }, caller),
    );
    void reply.header('seatbook-position', String(position));
    return this.#account(accountId, position);
  }

  @Put(':accountId/name')
  @ApiOperation({ summary: 'Gives the account another display name.' })
  @ApiOkResponse({ type: AccountWithPosition })
  @ApiRefusals(400, 404, 503)
  async rename(
    @Param('accountId') accountId: string,
    @Body() { name }: RenameAccountBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    const { position } = await this.commands.execute(
      new Commands.RenameAccount({ uId: accountId, name }, caller),
    );
    void reply.header('seatbook-position', String(position));
    return this.#account(accountId, position);
  }

  @Post(':accountId/take-over')
  @ApiOperation({ summary: 'Takes a location back from another MDM.' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: CommandAnswer })
  @ApiRefusals(404, 409, 503)
  async takeOver(
    @Param('accountId') accountId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    const { position } = await this.commands.execute(new Commands.TakeOver({ uId: accountId }, caller));
    return accepted(reply, accountId, position);
  }

  @Post(':accountId/sync')
  @ApiOperation({ summary: 'Reads the totals of all assets now.' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: CommandAnswer })
  @ApiRefusals(404, 503)
  async sync(
    @Param('accountId') accountId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    const { position } = await this.commands.execute(new Commands.SyncAccount({ uId: accountId }, caller));
    return accepted(reply, accountId, position);
  }

  async #account(accountId: string, position: Position | undefined): Promise<AccountWithPosition> {
    return accountFound(
      await this.queries.execute(new Queries.GetAccount({ uId: accountId, position })),
      this.host.clock.now(),
    );
  }
}

const pathOf = (accountId: string): string => `${API}/accounts/${accountId}`;

function accepted(reply: HttpReply, accountId: string, position: Position): CommandAnswer {
  const account = pathOf(accountId);
  void reply.header('location', account).header('seatbook-position', String(position));
  return { position: numberOf(position), links: { account } };
}
