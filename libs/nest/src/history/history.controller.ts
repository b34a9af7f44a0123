import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiPropertyOptional, ApiTags, ApiOperation } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { asPosition, latest } from '@seatbook/kernel';
import type { HistoryFilter } from '@seatbook/application';
import { TextField } from '../http/text-field.js';
import { MAX_POSITION, WholeNumber } from '../http/whole-number.js';
import { Queries } from '../bus/messages.js';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../document/api-refusals.js';
import type { HttpReply, HttpRequest } from '../http/exchange.js';
import { LINES_CONTENT, answerLines, answered } from '../reading/lines.js';
import { TimeField, timeOf } from '../reading/moment.js';
import { eventAnswer } from '../timeline/event-answer.js';
import { SubjectQuery, subjectsOfFilter } from '../timeline/subject-query.js';

class HistoryQuery extends SubjectQuery {
  @TimeField('Recorded at or after this time (ISO 8601).')
  from?: string;

  @TimeField('Recorded at or before this time (ISO 8601).')
  to?: string;

  @ApiPropertyOptional({ description: 'Only events of this type.', example: 'asset.licenses-assigned' })
  @IsOptional()
  @TextField(1, 100)
  type?: string;

  @WholeNumber(0, MAX_POSITION, 'Only events after this position: continue where an earlier read stopped.', 0)
  after: number = 0;

  @WholeNumber(0, MAX_POSITION, 'Only events up to this position.')
  upTo?: number;
}

/** The log itself, for auditors. */
@ApiTags('history')
@Controller(`${API}/history`)
export class HistoryController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  /**
   * Events in order, one a line, up to the head at the time of the request (header `Seatbook-Position`): as JSON, or
   * with `Accept: text/csv` as a table whose last columns hold JSON.
   * Several filters together: events that belong to all of them. Bulk events come whole.
   */
  @Get()
  @ApiOperation({
    summary: 'Streams events as JSON lines or CSV, with filters; can be resumed after any position.',
  })
  @ApiOkResponse({
    description: 'An event a line.',
    content: LINES_CONTENT,
  })
  @ApiRefusals('INVALID_TIME', 'INVALID_SUBJECT', 'INVALID_ASSET', 'NOT_FOUND_ASSET', 'NOT_FOUND_ORDER')
  async getHistory(
    @Query() query: HistoryQuery,
    @Req() request: HttpRequest,
    @Res() reply: HttpReply,
  ): Promise<void> {
    const after = asPosition(query.after);
    const upTo = query.upTo === undefined ? undefined : asPosition(query.upTo);
    const from = timeOf('from', query.from);
    const to = timeOf('to', query.to);
    const filter: HistoryFilter = {
      subjects: subjectsOfFilter(query),
      after,
      ...(query.type === undefined ? {} : { type: query.type }),
      ...(upTo === undefined ? {} : { upTo }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    };
    const { end, pages } = await this.queries.execute(new Queries.StreamHistory(filter));
    const position = latest(after, end);
    await answerLines(request, reply, { position, pages: answered(pages, eventAnswer), columns: COLUMNS });
  }
}

const COLUMNS = [
  ['position'],
  ['id'],
  ['stream'],
  ['revision'],
  ['type'],
  ['at'],
  ['effectiveAt'],
  ['metadata', 'principal'],
  ['metadata', 'reason'],
  ['data'],
  ['metadata'],
];
