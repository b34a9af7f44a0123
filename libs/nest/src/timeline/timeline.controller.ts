import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiPropertyOptional, ApiTags, ApiOperation, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { Refusal, asPosition, type Position } from '@seatbook/kernel';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { Queries } from '../bus/messages.js';
import { asOfAnswer } from '../reading/as-of.js';
import { ApiItems, ListPart, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import { SubjectQuery, subjectsOfFilter } from './subject-query.js';
import { eventAnswer } from './event-answer.js';
import { EventWithPosition, TimelineRowAnswer } from './timeline-answer.js';
import { timelineRow } from './timeline-row.js';

class TimelineQuery extends IntersectionType(PageQuery, SubjectQuery) {
  @ApiPropertyOptional({
    enum: ['newest', 'oldest'],
    default: 'newest',
    description: 'Which events come first.',
  })
  @IsOptional()
  @IsIn(['newest', 'oldest'])
  first: 'newest' | 'oldest' = 'newest';
}

/** What happened, to whom, by whom, and why. */
@ApiTags('history')
@Controller(API)
export class TimelineController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('timeline')
  @ApiOperation({ summary: 'The life of one account, asset, holder or order.' })
  @ApiItems(TimelineRowAnswer)
  @ApiRefusals('INVALID_SUBJECT', 'INVALID_ASSET', 'NOT_FOUND_ASSET', 'NOT_FOUND_ORDER')
  async getTimeline(
    @Query() query: TimelineQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<TimelineRowAnswer>> {
    const [subject, ...more] = subjectsOfFilter(query);
    if (!subject || more.length > 0) {
      throw new Refusal(
        'INVALID_SUBJECT',
        'name exactly one of accountId (with assetId for one of its assets), serialNumber, userId and orderId',
      );
    }
    const wanted = { subject, newestFirst: query.first === 'newest', position };
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.GetTimeline({ ...wanted, part })),
      timelineRow,
    );
  }

  @Get('history/:position')
  @ApiOperation({ summary: 'The whole event.' })
  @ApiOkResponse({ type: EventWithPosition, description: 'The event.' })
  @ApiRefusals('NOT_FOUND_EVENT')
  async getEvent(@Param('position') position: string): Promise<EventWithPosition> {
    const named = { position: positionIn(position) };
    const { event, asOf } = await this.queries.execute(new Queries.GetEvent(named));
    return { ...eventAnswer(event), asOf: asOfAnswer(asOf) };
  }

  @Get('history/:position/causes')
  @ApiOperation({
    summary: 'Why it happened: the event, its cause, the cause of that, and so on, back to the request.',
  })
  @ApiItems(TimelineRowAnswer)
  @ApiRefusals('NOT_FOUND_EVENT')
  listCauses(@Param('position') text: string, @Query() wanted: ListPart): Promise<Items<TimelineRowAnswer>> {
    const position = positionIn(text);
    return itemsOf(
      wanted,
      (part) => this.queries.execute(new Queries.ListCauses({ position, part })),
      timelineRow,
    );
  }
}

function positionIn(text: string): Position {
  if (!/^\d{1,15}$/.test(text)) throw new Refusal('INVALID_POSITION', 'a position is a whole number');
  return asPosition(Number(text));
}
