import { Body, Controller, Get, Inject, Param, Put, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import type { Caller } from '@seatbook/application';
import type { Position } from '@seatbook/kernel';
import type { PairState } from '@seatbook/licensing';
import { PLATFORMS } from '../accounts/account-bodies.js';
import { CalledBy, withReason } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { Reason, TextField } from '../http/text-field.js';
import { MAX_POSITION, WholeNumber } from '../http/whole-number.js';
import { YesOrNo } from '../http/yes-or-no.js';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { Commands, Queries } from '../bus/messages.js';
import { PairAnswer, pairAnswer, pairStates } from '../pairs/pair-answer.js';
import { asOfAnswer } from '../reading/as-of.js';
import { MomentField, momentOf } from '../reading/moment.js';
import { ApiItems, PageQuery, around, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { assetIdOf } from './asset-id.js';
import { ForecastAnswer, forecastAnswer } from './forecast-answer.js';
import {
  AssetAnswer,
  AssetWithPosition,
  TotalsAnswer,
  assetAnswer,
  type AssetListAnswer,
} from './asset-answer.js';

class AssetsOfAccountQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only assets whose name contains this text, in whatever case.' })
  @IsOptional()
  @TextField(1, 200)
  name?: string;

  @YesOrNo('Only assets that are short of licences, or only those that are not.')
  short?: boolean;

  @ApiPropertyOptional({ enum: PLATFORMS, description: 'Only assets that run on this platform.' })
  @IsOptional()
  @IsIn(PLATFORMS)
  platform?: string;

  @YesOrNo('Adds `totals`: sums over all limited assets of the list, with these filters.')
  totals: boolean = false;
}

class AssetsQuery extends AssetsOfAccountQuery {
  @ApiPropertyOptional({ description: 'Only assets of this account.' })
  @IsOptional()
  @TextField(1, 100)
  accountId?: string;
}

class MomentQuery {
  @MomentField('As it was then, from the log: a position, or a time in ISO 8601 (when it was recorded).')
  at?: string;

  @WholeNumber(0, MAX_POSITION, 'Waits until the answer reflects this position.')
  position?: number;
}

class AssetPairsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: pairStates })
  @IsOptional()
  @IsIn(pairStates)
  state?: PairState;

  @MomentField('As they were then: a position, or a time in ISO 8601. Claims show as reserved.')
  at?: string;
}

/** More licences than any location owns. */
const MAX_RESERVE = 10_000_000;

class ReserveBody {
  @ApiProperty({
    type: 'integer',
    minimum: 0,
    maximum: MAX_RESERVE,
    example: 20,
    description:
      'Licences kept back for orders that name the reserve; 0 for none. May be more than there are.',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_RESERVE)
  licences!: number;

  @Reason()
  reason?: string;
}

const ASSET = `${API}/accounts/:accountId/assets/:assetId`;

/** Apps and books that a location owns licences of. */
@ApiTags('assets')
@Controller()
export class AssetsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get(`${API}/assets`)
  @ApiOperation({ summary: 'Assets of all accounts by name, with their counts.' })
  @ApiItems(AssetAnswer, { totals: TotalsAnswer })
  listAssets(@Query() wanted: AssetsQuery, @WantedPosition() position?: Position): Promise<AssetListAnswer> {
    return this.#list(wanted.accountId, wanted, position);
  }

  @Get(`${API}/accounts/:accountId/assets`)
  @ApiOperation({ summary: 'Assets of an account by name, with their counts.' })
  @ApiItems(AssetAnswer, { totals: TotalsAnswer })
  listAssetsOfAccount(
    @Param('accountId') accountId: string,
    @Query() wanted: AssetsOfAccountQuery,
    @WantedPosition() position?: Position,
  ): Promise<AssetListAnswer> {
    return this.#list(accountId, wanted, position);
  }

  @Get(ASSET)
  @ApiOperation({ summary: 'Counts of one asset, now or as of a position or time.' })
  @ApiOkResponse({ type: AssetWithPosition, description: 'The asset.' })
  @ApiRefusals('NOT_FOUND_ASSET', 'INVALID_ASSET')
  async getAsset(
    @Param('accountId') accountId: string,
    @Param('assetId') assetId: string,
    @Query() { at }: MomentQuery,
    @WantedPosition() position?: Position,
  ): Promise<AssetWithPosition> {
    const named = { uId: accountId, asset: assetIdOf(assetId), at: momentOf(at), position };
    const { asset, asOf } = await this.queries.execute(new Queries.GetAsset(named));
    return { ...assetAnswer(asset), asOf: asOfAnswer(asOf) };
  }

  @Get(`${ASSET}/forecast`)
  @ApiOperation({
    summary: 'When the licences of an asset will be used up, by how they were assigned and returned lately.',
  })
  @ApiOkResponse({ type: ForecastAnswer, description: 'The forecast, and the data that it rests on.' })
  @ApiRefusals('NOT_FOUND_ASSET', 'INVALID_ASSET')
  async forecastAsset(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
    @WantedPosition() position?: Position,
  ): Promise<ForecastAnswer> {
    const asset = assetIdOf(assetId);
    const forecast = await this.queries.execute(new Queries.ForecastAsset({ uId, asset, position }));
    return forecastAnswer(uId, asset, forecast);
  }

  @Put(`${ASSET}/reserve`)
  @ApiOperation({ summary: 'Keeps licences back for orders that name the reserve.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiOkResponse({ type: AssetWithPosition, description: 'The asset with its reserve.' })
  @ApiRefusals('NOT_FOUND_ASSET', 'INVALID_ASSET')
  async setReserve(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
    @Body() { licences, reason }: ReserveBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<AssetWithPosition> {
    const named = { uId, asset: assetIdOf(assetId) };
    const { position } = await this.commands.execute(
      new Commands.SetReserve({ ...named, licences }, withReason(caller, reason)),
    );
    void reply.header('seatbook-position', String(position));
    const { asset, asOf } = await this.queries.execute(new Queries.GetAsset({ ...named, position }));
    return { ...assetAnswer(asset), asOf: asOfAnswer(asOf) };
  }

  @Get(`${ASSET}/pairs`)
  @ApiOperation({ summary: 'Who holds an asset or waits for it.' })
  @ApiItems(PairAnswer)
  @ApiRefusals('NOT_FOUND_ASSET', 'INVALID_ASSET')
  listPairsOfAsset(
    @Param('accountId') accountId: string,
    @Param('assetId') assetId: string,
    @Query() query: AssetPairsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<PairAnswer>> {
    const { state, at } = query;
    const wanted = { uId: accountId, asset: assetIdOf(assetId), state, at: momentOf(at), position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListAssetPairs({ ...wanted, part })),
      pairAnswer,
    );
  }

  async #list(
    accountId: string | undefined,
    query: AssetsOfAccountQuery,
    position: Position | undefined,
  ): Promise<AssetListAnswer> {
    const { name, short, platform } = query;
    const filter = { accountId, name, short, platform };
    const page = await itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListAssets({ ...filter, part, position })),
      assetAnswer,
    );
    if (!query.totals) return page;
    const totals = await this.queries.execute(new Queries.SumAssets(filter));
    return around(page, { ...page, totals });
  }
}
