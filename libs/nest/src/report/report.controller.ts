import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiExtraModels, ApiOperation, ApiTags, IntersectionType, getSchemaPath } from '@nestjs/swagger';
import { Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { API } from '../http/api-root.js';
import { ApiItems, ListPart, around, itemsOf, type Items } from '../reading/page.js';
import { PeriodAnswer, PeriodQuery, periodAnswer, wantedPeriod } from '../reading/period.js';
import { AssetReportAnswer, assetReportAnswer } from './report-answer.js';

class ReportQuery extends IntersectionType(ListPart, PeriodQuery) {}

interface ReportAnswer extends Items<AssetReportAnswer> {
  readonly period: PeriodAnswer;
}

/** Sums over a period. */
@ApiTags('history')
@ApiExtraModels(PeriodAnswer)
@Controller(`${API}/accounts/:accountId/report`)
export class ReportController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  /** By what was recorded in the period. The sums of each asset close, and those of two periods in a row add up. */
  @Get()
  @ApiOperation({
    summary:
      'The report of a period: for each asset of an account what was owned and used at the beginning, what came and went, and what was left.',
  })
  @ApiItems(AssetReportAnswer, {}, { period: { $ref: getSchemaPath(PeriodAnswer) } })
  @ApiRefusals('INVALID_AT', 'INVALID_PERIOD')
  async reportAssets(
    @Param('accountId') accountId: string,
    @Query() query: ReportQuery,
  ): Promise<ReportAnswer> {
    const period = await this.queries.execute(new Queries.GetPeriod(wantedPeriod(query)));
    const page = await itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ReportAssets({ accountId, period, part })),
      assetReportAnswer,
    );
    return around(page, { ...page, period: periodAnswer(period) });
  }
}
