import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiPropertyOptional, ApiTags, ApiOperation } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { PairState } from '@seatbook/licensing';
import { TextField } from '../http/text-field.js';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { Queries } from '../bus/messages.js';
import { PairAnswer, pairAnswer, pairStates } from '../pairs/pair-answer.js';
import { asOfAnswer } from '../reading/as-of.js';
import { momentOf } from '../reading/moment.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { assetIdOf } from './asset-id.js';
import { AssetAnswer, AssetWithPosition, assetAnswer, type AssetListAnswer } from './asset-answer.js';

class AssetsOfAccountQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Adds `totals`: sums over all limited assets in the list.' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  totals: boolean = false;
}

class AssetsQuery extends AssetsOfAccountQuery {
  @ApiPropertyOptional({ description: 'Only assets of this account.' })
  @IsOptional()
  @TextField(1, 100)
  accountId?: string;
}

class MomentQuery {
  @ApiPropertyOptional({
    description: 'As it was then, from the log: a position, or a time in ISO 8601 (when it was recorded).',
  })
  @IsOptional()
  @TextField(1, 40)
  at?: string;

  @ApiPropertyOptional({ description: 'Waits until the answer reflects this position.' })
  @IsOptional()
  @TextField(1, 15)
  position?: string;
}

class AssetPairsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: pairStates })
  @IsOptional()
  @IsIn(pairStates)
  state?: PairState;

  @ApiPropertyOptional({
    description: 'As they were then: a position, or a time in ISO 8601. Claims show as reserved.',
  })
  @IsOptional()
  @TextField(1, 40)
  at?: string;
}

const ASSET = `${API}/accounts/:accountId/assets/:assetId`;

/** Apps and books that a location owns licences of. */
@ApiTags('assets')
@Controller()
export class AssetsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get(`${API}/assets`)
  @ApiOperation({ summary: 'Assets of all accounts by name, with their counts.' })
  @ApiItems(AssetAnswer)
  @ApiRefusals(400, 404, 503)
  list(@Query() part: AssetsQuery, @WantedPosition() position?: Position): Promise<AssetListAnswer> {
    return this.#list(part.accountId, part, position);
  }

  @Get(`${API}/accounts/:accountId/assets`)
  @ApiOperation({ summary: 'Assets of an account by name, with their counts.' })
  @ApiItems(AssetAnswer)
  @ApiRefusals(400, 404, 503)
  listOfAccount(
    @Param('accountId') accountId: string,
    @Query() part: AssetsOfAccountQuery,
    @WantedPosition() position?: Position,
  ): Promise<AssetListAnswer> {
    return this.#list(accountId, part, position);
  }

  @Get(ASSET)
  @ApiOperation({ summary: 'Counts of one asset, now or as of a position or time.' })
  @ApiOkResponse({ type: AssetWithPosition })
  @ApiRefusals(400, 404, 503)
  async get(
    @Param('accountId') accountId: string,
    @Param('assetId') assetId: string,
    @Query() { at }: MomentQuery,
    @WantedPosition() position?: Position,
  ): Promise<AssetWithPosition> {
    const named = { uId: accountId, asset: assetIdOf(assetId), at: momentOf(at), position };
    const { asset, asOf } = await this.queries.execute(new Queries.GetAsset(named));
    return { ...assetAnswer(asset), asOf: asOfAnswer(asOf) };
  }

  @Get(`${ASSET}/pairs`)
  @ApiOperation({ summary: 'Who holds an asset or waits for it.' })
  @ApiItems(PairAnswer)
  @ApiRefusals(400, 404, 503)
  async pairs(
    @Param('accountId') accountId: string,
    @Param('assetId') assetId: string,
    @Query() part: AssetPairsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<PairAnswer>> {
    const { state, at } = part;
    const asset = assetIdOf(assetId);
    const wanted = { uId: accountId, asset, state, at: momentOf(at), part, position };
    return itemsOf(await this.queries.execute(new Queries.ListAssetPairs(wanted)), pairAnswer);
  }

  async #list(
    accountId: string | undefined,
    part: AssetsOfAccountQuery,
    position: Position | undefined,
  ): Promise<AssetListAnswer> {
    const wanted = { accountId, withTotals: part.totals, part, position };
    const list = await this.queries.execute(new Queries.ListAssets(wanted));
    const { totals } = list;
    return { ...itemsOf(list, assetAnswer), ...(totals === null ? {} : { totals }) };
  }
}
