import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { numberOf, type Position } from '@seatbook/kernel';
import type { Caller } from '@seatbook/application';
import type { DriftDecision, DriftKind, DriftPolicy } from '@seatbook/licensing';
import { AssetIdField, assetIdOf } from '../assets/asset-id.js';
import { Commands, Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { Count, Part } from '../document/fields.js';
import { DriftPoliciesAnswer, driftPolicies } from '../accounts/account-answer.js';
import { ASSET_ID } from '../http/address-forms.js';
import { API } from '../http/api-root.js';
import { CalledBy, withReason } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { MayBeLeftOut, Reason, TextField } from '../http/text-field.js';
import { deviceKey, personKey } from '../pairs/holder-answer.js';
import { NamedHolders } from '../pairs/named-holders.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { DriftAnswer, driftAnswer, driftKinds, driftStates } from './drift-answer.js';

const MAX_DECIDED = 10_000;
const policies: readonly DriftPolicy[] = ['accept', 'restore', 'ask'];

class DriftQuery extends PageQuery {
  @ApiPropertyOptional({ enum: driftStates })
  @IsOptional()
  @IsIn(driftStates)
  state?: DriftDecision;

  @ApiPropertyOptional({ enum: driftKinds })
  @IsOptional()
  @IsIn(driftKinds)
  kind?: DriftKind;

  @AssetIdField('Only pairs of this asset.')
  assetId?: string;
}

class DecideDriftBody {
  @ApiProperty({ enum: ['accept', 'restore'], description: '`restore`: an order undoes it.' })
  @IsIn(['accept', 'restore'])
  decision!: 'accept' | 'restore';

  @ApiPropertyOptional({ pattern: ASSET_ID, description: 'Only pairs of this asset.' })
  @MayBeLeftOut()
  @TextField(1, 40)
  assetId?: string;

  @ApiPropertyOptional({ enum: driftKinds, description: 'Only pairs that others added, or took.' })
  @MayBeLeftOut()
  @IsIn(driftKinds)
  kind?: DriftKind;

  @NamedHolders('Only pairs of these devices.', MAX_DECIDED)
  serialNumbers?: string[];

  @NamedHolders('Only pairs of these persons.', MAX_DECIDED)
  userIds?: string[];

  @Reason()
  reason?: string;
}

class DriftPoliciesBody {
  @ApiPropertyOptional({ enum: policies, description: 'What is done about pairs that others add.' })
  @MayBeLeftOut()
  @IsIn(policies)
  added?: DriftPolicy;

  @ApiPropertyOptional({ enum: policies, description: 'What is done about pairs that others take.' })
  @MayBeLeftOut()
  @IsIn(policies)
  taken?: DriftPolicy;
}

export class DecidedAnswer {
  @Count(12, 'Pairs that waited for a decision and have it now.')
  pairs!: number;

  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;
}

export class PoliciesSetAnswer {
  @Part(() => DriftPoliciesAnswer)
  policies!: DriftPoliciesAnswer;
}

/** What others did to licences behind the back of this product. */
@ApiTags('drift')
@Controller(`${API}/accounts/:accountId`)
export class DriftController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get('drift')
  @ApiOperation({ summary: 'The last drift of each pair, with who probably did it and what was decided.' })
  @ApiItems(DriftAnswer)
  @ApiRefusals('INVALID_ASSET')
  listDrift(
    @Param('accountId') uId: string,
    @Query() query: DriftQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<DriftAnswer>> {
    const { state, kind, assetId } = query;
    const asset = assetId === undefined ? undefined : assetIdOf(assetId);
    const wanted = { uId, state, kind, asset, position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListDrift({ ...wanted, part })),
      driftAnswer,
    );
  }

  @Post('drift/decisions')
  @ApiOperation({ summary: 'Decides about drift that waits for it: all of it, or what the body names.' })
  @HttpCode(200)
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiOkResponse({ type: DecidedAnswer, description: 'How many pairs were decided.' })
  @ApiRefusals('INVALID_ASSET')
  async decideDrift(
    @Param('accountId') uId: string,
    @Body() { decision, assetId, kind, serialNumbers, userIds, reason }: DecideDriftBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<DecidedAnswer> {
    const asset = assetId === undefined ? undefined : assetIdOf(assetId);
    const holders =
      serialNumbers || userIds
        ? [...(serialNumbers ?? []).map(deviceKey), ...(userIds ?? []).map(personKey)]
        : undefined;
    const { pairs, position } = await this.commands.execute(
      new Commands.DecideDrift({ uId, asset, kind, holders, decision }, withReason(caller, reason)),
    );
    void reply.header('seatbook-position', String(position));
    return { pairs, position: numberOf(position) };
  }

  @Put('drift/policies')
  @ApiOperation({ summary: 'Sets what is done from now on about pairs that others add, and that they take.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiOkResponse({ type: PoliciesSetAnswer, description: 'The policies from now on.' })
  async setDriftPolicies(
    @Param('accountId') uId: string,
    @Body() { added, taken }: DriftPoliciesBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<PoliciesSetAnswer> {
    const wanted = { ...(added && { added }), ...(taken && { taken }) };
    const { position } = await this.commands.execute(
      new Commands.SetDriftPolicies({ uId, policies: wanted }, caller),
    );
    void reply.header('seatbook-position', String(position));
    const { account } = await this.queries.execute(new Queries.GetAccount({ uId, position }));
    return { policies: driftPolicies(account) };
  }
}
