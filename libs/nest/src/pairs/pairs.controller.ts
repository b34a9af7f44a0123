import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiProperty, ApiPropertyOptional, ApiTags, ApiOperation } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { PairState } from '@seatbook/licensing';
import { TextField } from '../http/text-field.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { Queries } from '../bus/messages.js';
import { momentOf } from '../reading/moment.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { HolderPairs, PairAnswer, holderAnswer, holderKeyOf, pairAnswer, pairStates } from './pair-answer.js';

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
  async list(@Query() part: PairsQuery, @WantedPosition() position?: Position): Promise<Items<PairAnswer>> {
    const { account, state } = part;
    const page = await this.queries.execute(new Queries.ListPairs({ account, state, part, position }));
    return itemsOf(page, pairAnswer);
  }

  @Get('holders/:holder')
  @ApiOperation({
    summary: 'What a device (serial number) or a person (`u:` and userId) holds and waits for.',
  })
  @ApiOkResponse({ type: HolderPairs })
  @ApiRefusals(400, 503)
  async holder(
    @Param('holder') text: string,
    @Query() part: HolderQuery,
    @WantedPosition() position?: Position,
  ): Promise<HolderPairs> {
    const { account, at } = part;
    const holder = holderKeyOf(text);
    const wanted = { holder, account, at: momentOf(at), part, position };
    const page = await this.queries.execute(new Queries.ListHolderPairs(wanted));
    return { holder: holderAnswer(holder), ...itemsOf(page, pairAnswer) };
  }
}
