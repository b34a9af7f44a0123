import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiPropertyOptional, ApiTags, ApiOperation } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { PairState } from '@seatbook/licensing';
import { TextField } from '../http/text-field.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { PairAnswer, pairStates } from '../pairs/pair-answer.js';
import { ListAssetPairs } from '../pairs/pair-queries.js';
import { ApiItems, PageQuery, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { AssetAnswer, AssetWithPosition } from './asset-answer.js';
import { GetAsset, ListAssets, type AssetList } from './asset-queries.js';

class AssetsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only assets of this account.' })
  @IsOptional()
  @TextField(1, 100)
  account?: string;

  @ApiPropertyOptional({ description: 'Adds `totals`: sums over all limited assets of the list.' })
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
  list(@Query() query: AssetsQuery, @WantedPosition() position?: Position): Promise<AssetList> {
    return this.queries.execute(new ListAssets(query.account, query.totals, query, position));
  }

  @Get(':account/:adamId/:pricingParam')
  @ApiOperation({ summary: 'Counts of one asset, now or as they were at a position or time.' })
  @ApiOkResponse({ type: AssetWithPosition })
  @ApiRefusals(400, 404, 503)
  get(
    @Param('account') account: string,
    @Param('adamId') adamId: string,
    @Param('pricingParam') pricingParam: string,
    @Query() { at }: MomentQuery,
    @WantedPosition() position?: Position,
  ): Promise<AssetWithPosition> {
    return this.queries.execute(new GetAsset(account, { adamId, pricingParam }, at, position));
  }

  @Get(':account/:adamId/:pricingParam/pairs')
  @ApiOperation({ summary: 'Who holds an asset, or waits for it.' })
  @ApiItems(PairAnswer)
  @ApiRefusals(400, 404, 503)
  pairs(
    @Param('account') account: string,
    @Param('adamId') adamId: string,
    @Param('pricingParam') pricingParam: string,
    @Query() query: AssetPairsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<PairAnswer>> {
    const { state, at } = query;
    return this.queries.execute(
      new ListAssetPairs(account, { adamId, pricingParam }, state, at, query, position),
    );
  }
}
