import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import { INSTALLATION_STATES, type InstallationState } from '@seatbook/licensing';
import { Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { API } from '../http/api-root.js';
import { TextField } from '../http/text-field.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import {
  InstallationAnswer,
  RolloutAnswer,
  installationAnswer,
  rolloutAnswer,
} from './installation-answer.js';

class InstallationsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: INSTALLATION_STATES })
  @IsOptional()
  @IsIn(INSTALLATION_STATES)
  state?: InstallationState;

  @ApiPropertyOptional({ description: 'Only those of this device. It goes before `orderId`.' })
  @IsOptional()
  @TextField(1, 40)
  serialNumber?: string;

  @ApiPropertyOptional({ description: 'Only those that this order wanted last.' })
  @IsOptional()
  @TextField(1, 100)
  orderId?: string;
}

/** Apps on devices: one app on one device, through all attempts. */
@ApiTags('devices')
@Controller(API)
export class InstallationsController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('installations')
  @ApiOperation({ summary: 'Apps on devices, by state; the failed ones name their reason.' })
  @ApiItems(InstallationAnswer)
  listInstallations(
    @Query() query: InstallationsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<InstallationAnswer>> {
    const { state, serialNumber, orderId } = query;
    const wanted = { state, serialNumber, orderId, position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListInstallations({ ...wanted, part })),
      installationAnswer,
    );
  }

  @Get('orders/:orderId/rollout')
  @ApiOperation({ summary: 'How far a rollout is: its targets by state, and the failed ones by reason.' })
  @ApiOkResponse({ type: RolloutAnswer, description: 'The counts.' })
  @ApiRefusals('NOT_FOUND_ORDER')
  async getRollout(
    @Param('orderId') orderId: string,
    @WantedPosition() position?: Position,
  ): Promise<RolloutAnswer> {
    return rolloutAnswer(await this.queries.execute(new Queries.GetRollout({ orderId, position })));
  }
}
