import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { Refusal, type Position } from '@seatbook/kernel';
import {
  INSTALLATION_FAILURES,
  INSTALLATION_STATES,
  type HolderKey,
  type InstallationFailure,
  type InstallationState,
} from '@seatbook/licensing';
import { assetIdOf } from '../assets/asset-id.js';
import { Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { API } from '../http/api-root.js';
import { TextField } from '../http/text-field.js';
import { TextOfPath } from '../http/text-of-path.js';
import { deviceKey, personKey } from '../pairs/holder-answer.js';
import { MAX_POSITION, WholeNumber } from '../http/whole-number.js';
import { ApiItems, PageQuery, around, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import {
  FailuresAnswer,
  InstallationAnswer,
  RolloutAnswer,
  TargetAnswer,
  failuresAnswer,
  installationAnswer,
  rolloutAnswer,
  targetAnswer,
} from './installation-answer.js';
import {
  DeviceAppAnswer,
  RegistryAnswer,
  WhyAnswer,
  deviceAppAnswer,
  registryAnswer,
  whyAnswer,
} from './why-answer.js';

/** A part of installations by what they have come to. */
class StateQuery extends PageQuery {
  @ApiPropertyOptional({ enum: INSTALLATION_STATES })
  @IsOptional()
  @IsIn(INSTALLATION_STATES)
  state?: InstallationState;

  @ApiPropertyOptional({
    enum: INSTALLATION_FAILURES,
    description: 'Only those that failed for this reason.',
  })
  @IsOptional()
  @IsIn(INSTALLATION_FAILURES)
  reason?: InstallationFailure;
}

class InstallationsQuery extends StateQuery {
  @ApiPropertyOptional({ description: 'Only those of this device. It goes before `userId` and `orderId`.' })
  @IsOptional()
  @TextField(1, 40)
  serialNumber?: string;

  @ApiPropertyOptional({
    description:
      'Only those by licences of this person, on whatever device, and what waits. It goes before `orderId`.',
  })
  @IsOptional()
  @TextField(1, 100)
  userId?: string;

  @ApiPropertyOptional({ description: 'Only those that this order wanted last.' })
  @IsOptional()
  @TextField(1, 100)
  orderId?: string;
}

class FailuresQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only apps of this account.' })
  @IsOptional()
  @TextField(1, 100)
  accountId?: string;
}

class WhyQuery {
  @ApiPropertyOptional({ description: 'The device. Exactly one of `serialNumber` and `userId` is named.' })
  @IsOptional()
  @TextField(1, 40)
  serialNumber?: string;

  @ApiPropertyOptional({ description: 'The person.' })
  @IsOptional()
  @TextField(1, 100)
  userId?: string;

  @WholeNumber(0, MAX_POSITION, 'Waits until the answer reflects this position.')
  position?: number;
}

const ASSET = 'accounts/:accountId/assets/:assetId';

const DEVICE = {
  serialNumber: { type: 'string', example: 'C02XK0AAHV29' },
  device: { $ref: getSchemaPath(RegistryAnswer) },
};

/** Apps on devices: one app on one device, through all attempts. */
@ApiTags('devices')
@ApiExtraModels(RegistryAnswer)
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
    const { state, reason, serialNumber, userId, orderId } = query;
    const wanted = { state, reason, serialNumber, userId, orderId, position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListInstallations({ ...wanted, part })),
      installationAnswer,
    );
  }

  @Get('installations/failures')
  @ApiOperation({ summary: 'Why apps are not installed: the reasons by app, and on how many devices.' })
  @ApiItems(FailuresAnswer)
  listFailures(
    @Query() query: FailuresQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<FailuresAnswer>> {
    const { accountId } = query;
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListFailures({ accountId, part, position })),
      failuresAnswer,
    );
  }

  @Get(`${ASSET}/installations`)
  @ApiOperation({ summary: 'One app on devices, by state.' })
  @ApiItems(InstallationAnswer)
  @ApiRefusals('INVALID_ASSET')
  listInstallationsOfAsset(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
    @Query() query: StateQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<InstallationAnswer>> {
    const { state, reason } = query;
    const wanted = { app: { uId, adamId: assetIdOf(assetId).adamId }, state, reason, position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListInstallations({ ...wanted, part })),
      installationAnswer,
    );
  }

  @Get(`${ASSET}/why`)
  @ApiOperation({
    summary:
      'Why an app is not installed for a device or person: what is missing, what happens next and when, and how it came to this.',
  })
  @ApiOkResponse({ type: WhyAnswer, description: 'The reason, the next step, and the chain of causes.' })
  @ApiRefusals('NOT_FOUND_ASSET', 'INVALID_ASSET', 'INVALID_HOLDER')
  async getWhy(
    @Param('accountId') uId: string,
    @Param('assetId') assetId: string,
    @Query() query: WhyQuery,
    @WantedPosition() position?: Position,
  ): Promise<WhyAnswer> {
    const wanted = { uId, asset: assetIdOf(assetId), holder: holderIn(query), position };
    return whyAnswer(await this.queries.execute(new Queries.GetWhy(wanted)));
  }

  @Get('devices/:serialNumber/apps')
  @ApiOperation({
    summary:
      'A device: what is known of it, and of each app its licence, its installation and what is pending.',
  })
  @ApiItems(DeviceAppAnswer, {}, DEVICE)
  async listDeviceApps(
    @Param('serialNumber', new TextOfPath('serialNumber')) serialNumber: string,
    @Query() query: PageQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<DeviceAppAnswer> & { serialNumber: string; device: RegistryAnswer }> {
    let device = registryAnswer(null);
    const page = await itemsOf(
      query,
      async (part) => {
        const wanted = { serialNumber, part, position };
        const found = await this.queries.execute(new Queries.ListDeviceApps(wanted));
        device = registryAnswer(found.device);
        return found;
      },
      deviceAppAnswer,
    );
    return around(page, { serialNumber: deviceKey(serialNumber).slice(2), device, ...page });
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

  @Get('orders/:orderId/rollout/targets')
  @ApiOperation({ summary: 'The targets of a rollout, each as it stands.' })
  @ApiItems(TargetAnswer)
  @ApiRefusals('NOT_FOUND_ORDER')
  listRolloutTargets(
    @Param('orderId') orderId: string,
    @Query() query: StateQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<TargetAnswer>> {
    const { state, reason } = query;
    const wanted = { orderId, state, reason, position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListRolloutTargets({ ...wanted, part })),
      targetAnswer,
    );
  }
}

/** @throws Refusal INVALID_HOLDER unless exactly one is named */
function holderIn({ serialNumber, userId }: WhyQuery): HolderKey {
  if (serialNumber !== undefined && userId === undefined) return deviceKey(serialNumber);
  if (userId !== undefined && serialNumber === undefined) return personKey(userId);
  throw new Refusal('INVALID_HOLDER', 'name exactly one of serialNumber and userId');
}
