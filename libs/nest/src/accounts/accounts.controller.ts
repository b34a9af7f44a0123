import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Res,
  applyDecorators,
} from '@nestjs/common';
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
import { IsIn } from 'class-validator';
import { numberOf, type ErrorCode, type Position } from '@seatbook/kernel';
import type { Caller, Imported } from '@seatbook/application';
import { SeatbookHost } from '@seatbook/host';
import { Commands, Queries } from '../bus/messages.js';
import { API } from '../http/api-root.js';
import { CalledBy } from '../http/caller.js';
import { entityTagOf, namesTag } from '../http/conditional-reads.js';
import { IDEMPOTENCY_KEY, IF_MATCH, IfMatch } from '../http/request-headers.js';
import { CommandAnswer } from './command-answer.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { linksTo } from '../document/links.js';
import { ImportAnswer, importAnswer } from '../imports/import-answer.js';
import type { HttpReply } from '../http/exchange.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { AccountAnswer, AccountWithPosition, accountAnswer, accountFound } from './account-answer.js';
import { TextField } from '../http/text-field.js';
import { GiveUpLocationBody, ImportTokenBody, RenewTokenBody } from './account-bodies.js';

class RenameAccountBody {
  @ApiProperty({ description: 'Display name of the account.', example: 'Berlin' })
  @TextField(1, 200)
  name!: string;
}

class AssignmentTypeBody {
  @ApiProperty({ enum: ['device', 'user'] })
  @IsIn(['device', 'user'])
  assignmentType!: 'device' | 'user';
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
  'REJECTED_TERMS_NOT_ACCEPTED',
  'REJECTED_BY_APPLE',
  'TRANSIENT_APPLE',
  'TRANSIENT_TOKEN_GONE',
];

/** Where an answer leads that has an account. */
const ACCOUNT_LINKS = linksTo(
  ['getAccount', 'listAssetsOfAccount', 'syncAccount'],
  'accountId',
  '/accountId',
);
const FIRST_ACCOUNT = linksTo(
  ['getAccount', 'listAssetsOfAccount', 'listPairsOfAccount'],
  'accountId',
  '/items/0/accountId',
);

const ApiGoesOn = (): MethodDecorator =>
  ApiAcceptedResponse({
    type: ImportAnswer,
    description:
      'Neither Apple nor the account has answered in time. The import goes on: `Location` shows it.',
    links: linksTo(['getImport'], 'importId', '/importId'),
  });

/** A command to an account that is taken at once and goes on by itself. */
const GoesOn = (description: string): MethodDecorator =>
  applyDecorators(
    ApiAcceptedResponse({ type: CommandAnswer, description }),
    ApiHeader(IF_MATCH),
    ApiHeader(IDEMPOTENCY_KEY),
    HttpCode(202),
  );

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
  @ApiCreatedResponse({ type: AccountWithPosition, description: 'The account.', links: ACCOUNT_LINKS })
  @ApiOkResponse({
    type: AccountWithPosition,
    description: 'The same request had imported it before.',
    links: ACCOUNT_LINKS,
  })
  @ApiGoesOn()
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiRefusals(...REFUSED_TOKENS, 'REJECTED_ACCOUNT_EXISTS', 'REJECTED_OWNED_BY_OTHER_MDM')
  async importAccount(
    @Body() body: ImportTokenBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition | ImportAnswer> {
    const { token, name, platform, assignmentType, takeOver } = body;
    const order = { file: token, settings: { name, platform, assignmentType }, takeOver };
    const imported = await this.commands.execute(new Commands.ImportToken(order, caller));
    return this.#imported(reply, imported, imported.repeated ? 200 : 201);
  }

  @Get()
  @ApiOperation({ summary: 'All accounts, in the order of their import.' })
  @ApiItems(AccountAnswer, {}, {}, FIRST_ACCOUNT)
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
  @ApiGoesOn()
  @ApiRefusals(...REFUSED_TOKENS, 'REJECTED_TOKEN_OTHER_LOCATION')
  async renewToken(
    @Param('accountId') accountId: string,
    @Body() { token }: RenewTokenBody,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition | ImportAnswer> {
    const ifVersion = await this.#versionSeen(accountId, expected);
    const renewal = { uId: accountId, file: token, ifVersion };
    const imported = await this.commands.execute(new Commands.RenewToken(renewal, caller));
    return this.#imported(reply, imported, 200);
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
    const ifVersion = await this.#versionSeen(accountId, expected);
    const { position } = await this.commands.execute(
      new Commands.RenameAccount({ uId: accountId, name, ifVersion }, caller),
    );
    return this.#changed(reply, accountId, position);
  }

  @Put(':accountId/assignment-type')
  @ApiOperation({
    summary:
      'Sets whether the account assigns licences to devices or to persons. What is assigned stays as it is; on an account that assigns to devices nobody is activated.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: AccountWithPosition, description: 'The account with its new assignment type.' })
  async setAssignmentType(
    @Param('accountId') accountId: string,
    @Body() { assignmentType }: AssignmentTypeBody,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AccountWithPosition> {
    const ifVersion = await this.#versionSeen(accountId, expected);
    const setting = { uId: accountId, assignmentType, ifVersion };
    const { position } = await this.commands.execute(new Commands.SetAssignmentType(setting, caller));
    return this.#changed(reply, accountId, position);
  }

  @Post(':accountId/take-over')
  @ApiOperation({ summary: 'Takes a location back from another MDM.' })
  @GoesOn('It is marked as ours as soon as Apple can be asked.')
  @ApiRefusals('REJECTED_NOT_CONFLICTED')
  async takeOver(
    @Param('accountId') accountId: string,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    const ifVersion = await this.#versionSeen(accountId, expected);
    const { position } = await this.commands.execute(
      new Commands.TakeOver({ uId: accountId, ifVersion }, caller),
    );
    return accepted(reply, accountId, position);
  }

  @Post(':accountId/give-up')
  @ApiOperation({
    summary: 'Gives the location up: open work ends, licences go back or stay, and Apple is told.',
  })
  @GoesOn('It goes on by itself: `givenUp` of the account says how far it is.')
  @ApiRefusals('REJECTED_NOT_OURS')
  async giveUpLocation(
    @Param('accountId') accountId: string,
    @Body() { licences }: GiveUpLocationBody,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    const ifVersion = await this.#versionSeen(accountId, expected);
    const { position } = await this.commands.execute(
      new Commands.GiveUpLocation({ uId: accountId, licences, ifVersion }, caller),
    );
    return accepted(reply, accountId, position);
  }

  @Delete(':accountId')
  @ApiOperation({
    summary:
      'Removes an account that does no work any more. Its history stays, and it may be imported again.',
  })
  @GoesOn('It is removed. What it still had open ends by itself, and its secrets are forgotten.')
  @ApiRefusals('REJECTED_ACCOUNT_IN_USE')
  async removeAccount(
    @Param('accountId') accountId: string,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<CommandAnswer> {
    const ifVersion = await this.#versionSeen(accountId, expected);
    const { position } = await this.commands.execute(
      new Commands.RemoveAccount({ uId: accountId, ifVersion }, caller),
    );
    return accepted(reply, accountId, position);
  }

  /**
   * The version of the account that the caller has seen, for the command to name: whether it is that still, only the
   * decision can know. A version that no account has where the tag is of something else, since a repeat of a command
   * that was carried out is no conflict.
   */
  async #versionSeen(accountId: string, expected: string | null): Promise<number | undefined> {
    if (expected === null) return undefined;
    const { found, version } = await this.queries.execute(new Queries.GetAccountVersion({ uId: accountId }));
    const tag = entityTagOf(JSON.stringify(accountFound(found, this.host.clock.now())));
    return namesTag(expected, tag) ? version : NEVER;
  }

  async #imported(
    reply: HttpReply,
    { importId, uId, position }: Imported,
    status: number,
  ): Promise<AccountWithPosition | ImportAnswer> {
    if (uId !== null) {
      void reply.status(status).header('location', pathOf(uId));
      return this.#changed(reply, uId, position);
    }
    const going = importAnswer(await this.queries.execute(new Queries.GetImport({ importId })));
    void reply.status(202).header('location', going.links.self).header('seatbook-position', String(position));
    return going;
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

/** Versions are counted from 0 on. */
const NEVER = -1;

const pathOf = (accountId: string): string => `${API}/accounts/${accountId}`;

function accepted(reply: HttpReply, accountId: string, position: Position): CommandAnswer {
  const account = pathOf(accountId);
  void reply.header('location', account).header('seatbook-position', String(position));
  return { position: numberOf(position), links: { account } };
}
