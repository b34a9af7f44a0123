import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags, ApiProperty } from '@nestjs/swagger';
import { isoTime } from '@seatbook/kernel';
import type { ParkedWork } from '@seatbook/runtime';
import { TextField } from '../http/text-field.js';
import { Commands, Queries } from '../bus/messages.js';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { Count, OneOf, Text, TextOrNull, Time } from '../document/fields.js';
import { ApiItems, ListPart, around, itemsOf, type Items } from '../reading/page.js';

const COUNT = {
  count: { type: 'integer', minimum: 0, example: 1, description: 'Total number of parked items.' },
};

export class ParkedAnswer {
  @Text('step/appleCall-0b0c4f8e-5f5c-4a57-9d2c-8d7f0a7f2f10')
  id!: string;

  @OneOf(['reaction', 'step'], 'step')
  kind!: 'reaction' | 'step';

  @Text('appleCall-0b0c4f8e-5f5c-4a57-9d2c-8d7f0a7f2f10', 'Later work of this stream waits behind it.')
  stream!: string;

  @Text('send')
  name!: string;

  @TextOrNull(
    'the answer could not be read',
    'Why it failed; null: it was not tried and waits behind other parked work of its stream.',
  )
  reason!: string | null;

  @Count(5, 'Number of attempts.')
  attempts!: number;

  @Time()
  parkedAt!: string;
}

export interface ParkedPage extends Items<ParkedAnswer> {
  /** All parked work. */
  readonly count: number;
}

export class RetryAnswer {
  @Count(1, 'Number of commands carried out and of steps taken up again.')
  retried!: number;

  @TextOrNull(null, 'Why the first one failed again; it stays parked.')
  failure!: string | null;
}

class RetryBody {
  @ApiProperty({ example: 'appleCall-0b0c4f8e-5f5c-4a57-9d2c-8d7f0a7f2f10' })
  @TextField(1, 300)
  stream!: string;
}

/** Without the payload: what is in it is in the log, at the event that caused it. */
const parkedAnswer = ({ id, kind, stream, name, reason, attempts, parkedAt }: ParkedWork): ParkedAnswer => ({
  id,
  kind,
  stream,
  name,
  reason,
  attempts,
  parkedAt: isoTime(parkedAt) ?? '',
});

/** Work that failed past its budget. It waits for a person. */
@ApiTags('operation')
@Controller(`${API}/work`)
export class WorkController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Work that failed too often and waits for a decision.' })
  @ApiItems(ParkedAnswer, {}, COUNT)
  async listWork(@Query() query: ListPart): Promise<ParkedPage> {
    const page = await itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListParked(part)),
      parkedAnswer,
    );
    return around(page, { count: await this.queries.execute(new Queries.CountParked()), ...page });
  }

  @Post('retry')
  @ApiOperation({ summary: 'Retries the parked work of a stream, in order.' })
  @HttpCode(200)
  @ApiOkResponse({ type: RetryAnswer, description: 'What came of it.' })
  @ApiRefusals('NOT_FOUND_PARKED', 'TRANSIENT_RETRY_PENDING')
  retryWork(@Body() { stream }: RetryBody): Promise<RetryAnswer> {
    return this.commands.execute(new Commands.RetryParked({ stream }));
  }
}
