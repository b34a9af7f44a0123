import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiPropertyOptional, ApiTags, ApiOperation } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { PairState } from '@seatbook/licensing';
import { TextField } from '../http/text-field.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { Queries } from '../bus/messages.js';
import { PairAnswer, pairAnswer, pairStates } from '../pairs/pair-answer.js';
import { asOfAnswer } from '../reading/as-of.js';
import { momentOf } from '../reading/moment.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { AssetAnswer, AssetWithPosition, assetAnswer, type AssetListAnswer } from './asset-answer.js';

class AssetsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only assets of this account.' })
  @IsOptional()
  @TextField(1, 100)
  account?: string;

  @ApiPropertyOptional({ description: 'Adds `totals`: sums over all limited assets in the list.' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  totals: boolean = false;
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

/** Apps and books that a location owns licences of. */
@ApiTags('assets')
@Controller('assets')
export class AssetsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get()
  @ApiOperation({ summary: 'Assets by name, with their counts.' })
  @ApiItems(AssetAnswer)
  @ApiRefusals(400, 503)
  async list(@Query() part: AssetsQuery, @WantedPosition() position?: Position): Promise<AssetListAnswer> {
    const { account, totals: withTotals } = part;
    const list = await this.queries.execute(new Queries.ListAssets({ account, withTotals, part, position }));
    const { totals } = list;
    return { ...itemsOf(list, assetAnswer), ...(totals === null ? {} : { totals }) };
  }

  @Get(':account/:adamId/:pricingParam')
  @ApiOperation({ summary: 'Counts of one asset, now or as of a position or time.' })
  @ApiOkResponse({ type: AssetWithPosition })
  @ApiRefusals(400, 404, 503)
  async get(
    @Param('account') uId: string,
    @Param('adamId') adamId: string,
    @Param('pricingParam') pricingParam: string,
    @Query() { at }: MomentQuery,
    @WantedPosition() position?: Position,
  ): Promise<AssetWithPosition> {
    const named = { uId, asset: { adamId, pricingParam }, at: momentOf(at), position };
    const { asset, asOf } = await this.queries.execute(new Queries.GetAsset(named));
    return { ...assetAnswer(asset), asOf: asOfAnswer(asOf) };
  }

  @Get(':account/:adamId/:pricingParam/pairs')
  @ApiOperation({ summary: 'Who holds an asset or waits for it.' })
  @ApiItems(PairAnswer)
  @ApiRefusals(400, 404, 503)
  async pairs(
    @Param('account') uId: string,
    @Param('adamId') adamId: string,
    @Param('pricingParam') pricingParam: string,
    @Query() part: AssetPairsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<PairAnswer>> {
    const { state, at } = part;
    const asset = { adamId, pricingParam };
    const wanted = { uId, asset, state, at: momentOf(at), part, position };
    return itemsOf(await this.queries.execute(new Queries.ListAssetPairs(wanted)), pairAnswer);
  }
}
