import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiProperty, ApiPropertyOptional, ApiTags, ApiOperation } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { PairState } from '@seatbook/licensing';
import { TextField } from '../http/text-field.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { ApiItems, PageQuery, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { HolderPairs, PairAnswer, holderKeyOf, pairStates } from './pair-answer.js';
import { GetHolder, ListPairs } from './pair-queries.js';

class PairsQuery extends PageQuery {
  @ApiProperty()
  @TextField(1, 100)
  account!: string;

  @ApiPropertyOptional({ enum: pairStates })
  @IsOptional()
  @IsIn(pairStates)
  state?: PairState;
}

class HolderQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only pairs of this account.' })
  @IsOptional()
  @TextField(1, 100)
  account?: string;

  @ApiPropertyOptional({
    description: 'As it was then, from the log: a position, or a time in ISO 8601. Claims show as reserved.',
  })
  @IsOptional()
  @TextField(1, 40)
  at?: string;
}

/** One asset and one holder each. */
@ApiTags('pairs')
@Controller()
export class PairsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('pairs')
  @ApiOperation({ summary: 'Pairs of an account, by state.' })
  @ApiItems(PairAnswer)
  @ApiRefusals(400, 503)
  list(@Query() query: PairsQuery, @WantedPosition() position?: Position): Promise<Items<PairAnswer>> {
    return this.queries.execute(new ListPairs(query.account, query.state, query, position));
  }

  @Get('holders/:holder')
  @ApiOperation({
    summary: 'What a device (serial number) or a person (`u:` and userId) holds and waits for.',
  })
  @ApiOkResponse({ type: HolderPairs })
  @ApiRefusals(400, 503)
  holder(
    @Param('holder') holder: string,
    @Query() query: HolderQuery,
    @WantedPosition() position?: Position,
  ): Promise<HolderPairs> {
    const { account, at } = query;
    return this.queries.execute(new GetHolder(holderKeyOf(holder), account, at, query, position));
  }
}
