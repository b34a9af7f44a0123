import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiPropertyOptional, ApiTags, ApiOperation } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { HolderKey, PairState } from '@seatbook/licensing';
import { TextField } from '../http/text-field.js';
import { API } from '../http/api-root.js';
import { Queries } from '../bus/messages.js';
import { TextOfPath } from '../http/text-of-path.js';
import { MomentField, momentOf } from '../reading/moment.js';
import { ApiItems, PageQuery, around, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { deviceKey, holderAnswer, personKey } from './holder-answer.js';
import { DeviceAnswer, deviceAnswer } from './device-answer.js';
import { PairAnswer, pairAnswer, pairStates, type HolderPairs } from './pair-answer.js';

class PairsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: pairStates })
  @IsOptional()
  @IsIn(pairStates)
  state?: PairState;
}

class DevicesQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only devices whose serial number contains this, in whatever case.' })
  @IsOptional()
  @TextField(1, 40)
  serialNumber?: string;
}

class HolderQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only pairs of this account.' })
  @IsOptional()
  @TextField(1, 100)
  accountId?: string;

  @MomentField('As it was then, from the log: a position, or a time in ISO 8601. Claims show as reserved.')
  at?: string;
}

const HOLDER = {
  serialNumber: { type: ['string', 'null'], example: 'C02XK0AAHV29' },
  userId: { type: ['string', 'null'], example: null },
};

/** One asset and one holder each. */
@ApiTags('pairs')
@Controller(API)
export class PairsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('accounts/:accountId/pairs')
  @ApiOperation({ summary: 'Pairs of an account, by state.' })
  @ApiItems(PairAnswer)
  listPairsOfAccount(
    @Param('accountId') accountId: string,
    @Query() query: PairsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<PairAnswer>> {
    const wanted = { accountId, state: query.state, position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListPairs({ ...wanted, part })),
      pairAnswer,
    );
  }

  @Get('devices')
  @ApiOperation({ summary: 'Devices that hold or wait for licences, by serial number.' })
  @ApiItems(DeviceAnswer)
  listDevices(
    @Query() query: DevicesQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<DeviceAnswer>> {
    const { serialNumber } = query;
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListDevices({ serialNumber, part, position })),
      deviceAnswer,
    );
  }

  @Get('devices/:serialNumber')
  @ApiOperation({ summary: 'What a device holds and waits for.' })
  @ApiItems(PairAnswer, {}, HOLDER)
  getDevice(
    @Param('serialNumber', new TextOfPath('serialNumber')) serialNumber: string,
    @Query() query: HolderQuery,
    @WantedPosition() position?: Position,
  ): Promise<HolderPairs> {
    return this.#holder(deviceKey(serialNumber), query, position);
  }

  @Get('persons/:userId')
  @ApiOperation({ summary: 'What a person holds and waits for.' })
  @ApiItems(PairAnswer, {}, HOLDER)
  getPerson(
    @Param('userId', new TextOfPath('userId')) userId: string,
    @Query() query: HolderQuery,
    @WantedPosition() position?: Position,
  ): Promise<HolderPairs> {
    return this.#holder(personKey(userId), query, position);
  }

  async #holder(holder: HolderKey, query: HolderQuery, position: Position | undefined): Promise<HolderPairs> {
    const { accountId, at } = query;
    const wanted = { holder, accountId, at: momentOf(at), position };
    const page = await itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListHolderPairs({ ...wanted, part })),
      pairAnswer,
    );
    return around(page, { ...holderAnswer(holder), ...page });
  }
}
