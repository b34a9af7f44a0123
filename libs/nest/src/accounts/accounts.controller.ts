import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiTags,
  ApiOperation,
  ApiProperty,
} from '@nestjs/swagger';
import { Refusal, numberOf, type ErrorCode, type Position } from '@seatbook/kernel';
import type { Caller } from '@seatbook/application';
import { SeatbookHost } from '@seatbook/host';
import { Commands, Queries } from '../bus/messages.js';
import { API } from '../http/api-root.js';
import { CalledBy } from '../http/caller.js';
import { entityTagOf, namesTag } from '../http/conditional-reads.js';
import { IDEMPOTENCY_KEY, IF_MATCH, IfMatch } from '../http/request-headers.js';
import { CommandAnswer } from './command-answer.js';
import { ApiRefusals } from '../document/api-refusals.js';
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

/** Refusals of a content token, whatever it is for. */
const REFUSED_TOKENS: readonly ErrorCode[] = [
  'INVALID_TOKEN_EMPTY',
  'INVALID_TOKEN_NOT_BASE64',
  'INVALID_TOKEN_NOT_JSON',
  'INVALID_TOKEN_KEYS',
  'INVALID_TOKEN_DATE',
  'INVALID_TOKEN_DEP_P7M',
  'REJECTED_TOKEN_EXPIRED',
  'REJECTED_TOKEN_REVOKED',
  'REJECTED_TOKEN_INVALID',
  'REJECTED_TOKEN_READ_ONLY',
  'REJECTED_BY_APPLE',
  'TRANSIENT_APPLE',
  'TRANSIENT_IMPORT_GOES_ON',
  'TRANSIENT_TOKEN_GONE',
];

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
  @ApiCreatedResponse({ type: AccountWithPosition, description: 'The account.' })
  @ApiOkResponse({ type: AccountWithPosition, description: 'The same request had imported it before.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiRefusals(...REFUSED_TOKENS, 'REJECTED_ACCOUNT_EXISTS', 'REJECTED_OWNED_BY_OTHER_MDM')
  async importAccount(
    @Body() body: ImportTokenBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    const { token, name, platform, assignmentType, takeOver } = body;
    const order = { file: token, settings: { name, platform, assignmentType }, takeOver };
    const { uId, position, repeated } = await this.commands.execute(new Commands.ImportToken(order, caller));
    void reply.status(repeated ? 200 : 201).header('location', pathOf(uId));
    return this.#changed(reply, uId, position);
  }

  @Get()
  @ApiOperation({ summary: 'All accounts, in the order of their import.' })
  @ApiItems(AccountAnswer)
  listAccounts(
    @Query() wanted: PageQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<AccountAnswer>> {
    const now = this.host.clock.now();
    return itemsOf(
      wanted,
      (part) => this.queries.execute(new Queries.ListAccounts({ part, position })),
      (account) => accountAnswer(account, now, null),
    );
  }

  @Get(':accountId')
  @ApiOperation({ summary: 'One account with its token, notifications and first read.' })
  @ApiOkResponse({ type: AccountWithPosition, description: 'The account.' })
  getAccount(
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
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: AccountWithPosition, description: 'The account with its new token.' })
  @ApiRefusals(...REFUSED_TOKENS, 'REJECTED_TOKEN_OTHER_LOCATION')
  async renewToken(
    @Param('accountId') accountId: string,
    @Body() { token }: RenewTokenBody,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    await this.#mustBe(accountId, expected);
    const { position } = await this.commands.execute(
      new Commands.RenewToken({ uId: accountId, file: token }, caller),
    );
    return this.#changed(reply, accountId, position);
  }

  @Put(':accountId/name')
  @ApiOperation({ summary: 'Gives the account another display name.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: AccountWithPosition, description: 'The account with its new name.' })
  async renameAccount(
    @Param('accountId') accountId: string,
    @Body() { name }: RenameAccountBody,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    await this.#mustBe(accountId, expected);
    const { position } = await this.commands.execute(
      new Commands.RenameAccount({ uId: accountId, name }, caller),
    );
    return this.#changed(reply, accountId, position);
  }

  @Post(':accountId/take-over')
  @ApiOperation({ summary: 'Takes a location back from another MDM.' })
  @HttpCode(202)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(IF_MATCH)
  @ApiAcceptedResponse({
    type: CommandAnswer,
    description: 'It is marked as ours as soon as Apple can be asked.',
  })
  @ApiRefusals('REJECTED_NOT_CONFLICTED')
  async takeOver(
    @Param('accountId') accountId: string,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    await this.#mustBe(accountId, expected);
    const { position } = await this.commands.execute(new Commands.TakeOver({ uId: accountId }, caller));
    return accepted(reply, accountId, position);
  }

  @Post(':accountId/sync')
  @ApiOperation({ summary: 'Reads the totals of all assets now.' })
  @HttpCode(202)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiAcceptedResponse({
    type: CommandAnswer,
    description: 'The totals are read as soon as Apple can be asked.',
  })
  async syncAccount(
    @Param('accountId') accountId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    const { position } = await this.commands.execute(new Commands.SyncAccount({ uId: accountId }, caller));
    return accepted(reply, accountId, position);
  }

  /** @throws Refusal CONFLICT_VERSION where the account is not what the caller has seen */
  async #mustBe(accountId: string, expected: string | null): Promise<void> {
    if (expected === null) return;
    const tag = entityTagOf(JSON.stringify(await this.#account(accountId, undefined)));
    if (!namesTag(expected, tag))
      throw new Refusal('CONFLICT_VERSION', 'the account has changed; read it again');
  }

  /** The account as a command left it behind. */
  #changed(reply: HttpReply, accountId: string, position: Position): Promise<AccountWithPosition> {
    void reply.header('seatbook-position', String(position));
    return this.#account(accountId, position);
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
