import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags, IntersectionType } from '@nestjs/swagger';
import { Refusal } from '@seatbook/kernel';
import { Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { API } from '../http/api-root.js';
import type { HttpReply, HttpRequest } from '../http/exchange.js';
import { LINES_CONTENT, answerLines, answered } from '../reading/lines.js';
import { PeriodQuery, wantedPeriod } from '../reading/period.js';
import { HoldingSubjectQuery, subjectsOfFilter } from '../timeline/subject-query.js';
import { DIFFERENCE_COLUMNS, differenceAnswer } from './difference-answer.js';

class DifferencesQuery extends IntersectionType(PeriodQuery, HoldingSubjectQuery) {}

/** What differs between two moments, for auditors. */
@ApiTags('history')
@Controller(`${API}/history/diff`)
export class DifferencesController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  /**
   * One difference a line, as JSON or with `Accept: text/csv` as a table. A line has `what`: `counts` (of an asset, or
   * of the holder: `before` and `after` are the numbers of pairs in each state, and of licences owned), or `pair` (an
   * asset and a holder: `before` and `after` are its states, null where there is no pair; claims count as reserved).
   * Of a pair it says the last change: its event with links, the order and who gave it, `at` and `effectiveAt`. Of each
   * asset the counts come first. A pair that came back to the state that it had does not differ.
   */
  @Get()
  @ApiOperation({
    summary:
      'What differs between two moments, for an account, an asset or a holder: streams pairs and counts.',
  })
  @ApiOkResponse({ description: 'A difference a line.', content: LINES_CONTENT })
  @ApiRefusals('INVALID_AT', 'INVALID_PERIOD', 'INVALID_SUBJECT', 'INVALID_ASSET', 'NOT_FOUND_ASSET')
  async streamDifferences(
    @Query() query: DifferencesQuery,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const [subject, ...more] = subjectsOfFilter(query);
    if (!subject || more.length > 0)
      throw new Refusal(
        'INVALID_SUBJECT',
        'name exactly one of accountId (with assetId for one of its assets), serialNumber and userId',
      );
    const period = await this.queries.execute(new Queries.GetPeriod(wantedPeriod(query)));
    const pages = await this.queries.execute(new Queries.StreamDifferences({ subject, period }));
    await answerLines(request, reply, {
      position: period.to.position,
      pages: answered(pages, differenceAnswer),
      columns: DIFFERENCE_COLUMNS,
    });
  }
}
