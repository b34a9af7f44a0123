import { Body, Controller, Get, Inject, Param, Put, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Caller, NamedApp } from '@seatbook/application';
import { assetIdOf } from '../assets/asset-id.js';
import { Commands, Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { API } from '../http/api-root.js';
import { CalledBy, withReason } from '../http/caller.js';
import { entityTagOf, namesTag } from '../http/conditional-reads.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY, IF_MATCH, IfMatch } from '../http/request-headers.js';
import { AppSettingsAnswer, AppSettingsBody, appSettingsAnswer, settingsIn } from './app-settings-answer.js';

const ACCOUNT = 'accounts/:accountId/app-settings';
const APP = 'accounts/:accountId/assets/:assetId/settings';

/** No settings have it: what was seen was of something else. */
const NEVER = -1;

/** How apps are installed and may be used: each app over its account. */
@ApiTags('settings')
@Controller(API)
export class AppSettingsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get(ACCOUNT)
  @ApiOperation({ summary: 'Settings of all apps of an account, as far as an app does not say otherwise.' })
  @ApiOkResponse({ type: AppSettingsAnswer, description: 'The settings.' })
  getSettingsOfAccount(@Param('accountId') uId: string): Promise<AppSettingsAnswer> {
    return this.#get({ uId, asset: null });
  }

  @Put(ACCOUNT)
  @ApiOperation({
    summary: 'Replaces the settings of all apps of an account; what is left out is the default.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: AppSettingsAnswer, description: 'The settings.' })
  @ApiRefusals('NOT_FOUND_PROFILE', 'REJECTED_PROFILE_IN_USE', 'INVALID_BASE_URL')
  setSettingsOfAccount(
    @Param('accountId') uId: string,
    @Body() body: AppSettingsBody,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AppSettingsAnswer> {
    return this.#set({ uId, asset: null }, body, { caller, expected, reply });
  }

  @Get(APP)
  @ApiOperation({ summary: 'Settings of an app: what is in force, and what the app says itself.' })
  @ApiOkResponse({ type: AppSettingsAnswer, description: 'The settings.' })
  @ApiRefusals('NOT_FOUND_ASSET', 'INVALID_ASSET')
  getSettingsOfApp(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
  ): Promise<AppSettingsAnswer> {
    return this.#get({ uId, asset: assetIdOf(assetId) });
  }

  @Put(APP)
  @ApiOperation({ summary: "Replaces the settings of an app; what is left out is its account's." })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: AppSettingsAnswer, description: 'The settings.' })
  @ApiRefusals(
    'NOT_FOUND_ASSET',
    'INVALID_ASSET',
    'NOT_FOUND_PROFILE',
    'REJECTED_PROFILE_IN_USE',
    'INVALID_BASE_URL',
  )
  setSettingsOfApp(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
    @Body() body: AppSettingsBody,
    @CalledBy() caller: Caller,
    @IfMatch() expected: string | null,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AppSettingsAnswer> {
    return this.#set({ uId, asset: assetIdOf(assetId) }, body, { caller, expected, reply });
  }

  async #get(named: NamedApp): Promise<AppSettingsAnswer> {
    return appSettingsAnswer(await this.queries.execute(new Queries.GetAppSettings(named)));
  }

  async #set(
    named: NamedApp,
    body: AppSettingsBody,
    { caller, expected, reply }: { caller: Caller; expected: string | null; reply: HttpReply },
  ): Promise<AppSettingsAnswer> {
    const ifVersion = expected === null ? undefined : await this.#versionSeen(named, expected);
    const set = { ...named, settings: settingsIn(body), ifVersion };
    const setting = new Commands.SetAppSettings(set, withReason(caller, body.reason));
    const { position } = await this.commands.execute(setting);
    void reply.header('seatbook-position', String(position));
    return this.#get(named);
  }

  /** The version of what the caller has seen: whether it is that still, only the decision can know. */
  async #versionSeen(named: NamedApp, expected: string): Promise<number> {
    const seen = await this.#get(named);
    return namesTag(expected, entityTagOf(JSON.stringify(seen))) ? seen.version : NEVER;
  }
}
