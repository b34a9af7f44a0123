import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiPropertyOptional, ApiTags, ApiOperation } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { HolderKey, PairState } from '@seatbook/licensing';
import { TextField } from '../http/text-field.js';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { Queries } from '../bus/messages.js';
import { momentOf } from '../reading/moment.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { deviceKey, holderAnswer, personKey } from './holder-answer.js';
import { HolderPairs, PairAnswer, pairAnswer, pairStates } from './pair-answer.js';

class PairsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: pairStates })
  @IsOptional()
  @IsIn(pairStates)
  state?: PairState;
}

class HolderQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only pairs of this account.' })
  @IsOptional()
  @TextField(1, 100)
  accountId?: string;

  @ApiPropertyOptional({
    description: 'As it was then, from the log: a position, or a time in ISO 8601. Claims show as reserved.',
  })
  @IsOptional()
  @TextField(1, 40)
  at?: string;
}

/** One asset and one holder each. */
@ApiTags('pairs')
@Controller(API)
export class PairsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('accounts/:accountId/pairs')
  @ApiOperation({ summary: 'Pairs of an account, by state.' })
  @ApiItems(PairAnswer)
  @ApiRefusals(400, 404, 503)
  async list(
    @Param('accountId') accountId: string,
    @Query() part: PairsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<PairAnswer>> {
    const { state } = part;
    const page = await this.queries.execute(new Queries.ListPairs({ accountId, state, part, position }));
    return itemsOf(page, pairAnswer);
  }

  @Get('devices/:serialNumber')
  @ApiOperation({ summary: 'What a device holds and waits for.' })
  @ApiOkResponse({ type: HolderPairs })
  @ApiRefusals(400, 404, 503)
  device(
    @Param('serialNumber') serialNumber: string,
    @Query() part: HolderQuery,
    @WantedPosition() position?: Position,
  ): Promise<HolderPairs> {
    return this.#holder(deviceKey(serialNumber), part, position);
  }

  @Get('persons/:userId')
  @ApiOperation({ summary: 'What a person holds and waits for.' })
  @ApiOkResponse({ type: HolderPairs })
  @ApiRefusals(400, 404, 503)
  person(
    @Param('userId') userId: string,
    @Query() part: HolderQuery,
    @WantedPosition() position?: Position,
  ): Promise<HolderPairs> {
    return this.#holder(personKey(userId), part, position);
  }

  async #holder(holder: HolderKey, part: HolderQuery, position: Position | undefined): Promise<HolderPairs> {
    const { accountId, at } = part;
    const wanted = { holder, accountId, at: momentOf(at), part, position };
    const page = await this.queries.execute(new Queries.ListHolderPairs(wanted));
    return { ...holderAnswer(holder), ...itemsOf(page, pairAnswer) };
  }
}
