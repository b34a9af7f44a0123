import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Queries } from '../bus/messages.js';
import { assetIdOf } from '../assets/asset-id.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { API } from '../http/api-root.js';
import {
  PLAN_BODIES,
  REFUSED_PAIRS,
  bothIn,
  holderIn,
  movedIn,
  scopeIn,
  type AnyPlanBody,
} from './order-bodies.js';
import { ApiBodyByKind, BodyByKind } from './body-by-kind.js';
import { PlanAnswer, planAnswer } from './plan-answer.js';

/** What an order would do before it is given. Nothing is written. */
@ApiTags('orders')
@Controller(`${API}/plans`)
export class PlansController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'What an order would do if it were placed now. Another order may come first.' })
  @ApiBodyByKind(PLAN_BODIES)
  @ApiOkResponse({ type: PlanAnswer, description: 'The plan.' })
  @ApiRefusals(...REFUSED_PAIRS)
  async planOrder(@Body(new BodyByKind(PLAN_BODIES)) body: AnyPlanBody): Promise<PlanAnswer> {
    return planAnswer(body.kind, body.accountId, await this.queries.execute(queryOf(body)));
  }
}

const WAITS = { ifShort: 'wait', fromReserve: false, platform: null } as const;

function queryOf(body: AnyPlanBody) {
  const { kind, accountId: uId } = body;
  if (kind === 'ReturnAll') return new Queries.PlanReturnAll({ uId, holder: holderIn(body) });
  if (kind === 'ReassignLicense') {
    const { assetIds, allowUnenrolled } = body;
    return new Queries.PlanReassign({
      uId,
      assets: assetIds.map(assetIdOf),
      ...bothIn(body),
      allowUnenrolled,
    });
  }
  const { serialNumbers, userIds, groupId, assetIds = [] } = body;
  const assets = assetIds.map(assetIdOf);
  const { ifShort, fromReserve, platform = null } = kind === 'AssignLicense' ? body : WAITS;
  const scope = kind === 'RolloutApp' ? scopeIn(body) : movedIn(body);
  const holders = { serialNumbers, userIds, groupId, scope };
  return new Queries.PlanOrder({ kind, uId, assets, ...holders, ifShort, fromReserve, platform });
}
