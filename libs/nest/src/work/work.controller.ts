import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiProperty, ApiTags, ApiOperation } from '@nestjs/swagger';
import { isoTime } from '@seatbook/kernel';
import type { ParkedWork } from '@seatbook/runtime';
import { TextField } from '../http/text-field.js';
import { Commands, Queries } from '../bus/messages.js';
import { API } from '../http/api-root.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { ListPart } from '../reading/page.js';

export class ParkedAnswer {
  @ApiProperty()
  id!: string;

  @ApiProperty({ enum: ['reaction', 'step'] })
  kind!: 'reaction' | 'step';

  @ApiProperty({ description: 'Later work of this stream waits behind it.' })
  stream!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it failed; null: it was not tried and waits behind other parked work of its stream.',
  })
  reason!: string | null;

  @ApiProperty({ description: 'Number of attempts.' })
  attempts!: number;

  @ApiProperty()
  parkedAt!: string;
}

export class ParkedPage {
  @ApiProperty({ type: [ParkedAnswer] })
  items!: readonly ParkedAnswer[];

  @ApiProperty({ type: String, nullable: true })
  next!: string | null;

  @ApiProperty({ description: 'Total number of parked items.' })
  count!: number;
}

export class RetryAnswer {
  @ApiProperty({ description: 'Number of commands carried out and of steps taken up again.' })
  retried!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the first one failed again; it stays parked.',
  })
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
  @ApiOkResponse({ type: ParkedPage })
  @ApiRefusals(400)
  async list(@Query() part: ListPart): Promise<ParkedPage> {
    const { rows, next, count } = await this.queries.execute(new Queries.ListParked(part));
    return { items: rows.map(parkedAnswer), next, count };
  }

  @Post('retry')
  @ApiOperation({ summary: 'Retries the parked work of a stream, in order.' })
  @HttpCode(200)
  @ApiOkResponse({ type: RetryAnswer })
  @ApiRefusals(400, 404, 503)
  retry(@Body() { stream }: RetryBody): Promise<RetryAnswer> {
    return this.commands.execute(new Commands.RetryParked({ stream }));
  }
}
