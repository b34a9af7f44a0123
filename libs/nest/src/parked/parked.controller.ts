import { Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import {
  Command,
  CommandBus,
  CommandHandler,
  Query as BusQuery,
  QueryBus,
  QueryHandler,
  type ICommandHandler,
  type IQueryHandler,
} from '@nestjs/cqrs';
import { ApiOkResponse, ApiProperty, ApiTags, ApiOperation } from '@nestjs/swagger';
import { Refusal, isoTime } from '@seatbook/kernel';
import type { ParkedWork } from '@seatbook/runtime';
import { Seatbook } from '@seatbook/application';
import { TextField } from '../http/text-field.js';
import { ApiRefusals } from '../http/api-refusals.js';
import { ListPart } from '../reading/page.js';

export class ParkedAnswer {
  @ApiProperty()
  id!: string;

  @ApiProperty({ enum: ['reaction', 'step'] })
  kind!: 'reaction' | 'step';

  @ApiProperty({ description: 'What comes later for this stream waits behind it.' })
  stream!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  reason!: string;

  @ApiProperty()
  parkedAt!: string;
}

export class ParkedPage {
  @ApiProperty({ type: [ParkedAnswer] })
  items!: readonly ParkedAnswer[];

  @ApiProperty({ type: String, nullable: true })
  next!: string | null;

  @ApiProperty({ description: 'All parked work.' })
  count!: number;
}

export class RetryAnswer {
  @ApiProperty({ description: 'Commands that were carried out, and steps that are taken again.' })
  retried!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the first that failed again did; it stays parked.',
  })
  failure!: string | null;
}

class RetryBody {
  @ApiProperty({ example: 'appleCall-0b0c4f8e-5f5c-4a57-9d2c-8d7f0a7f2f10' })
  @TextField(1, 300)
  stream!: string;
}

export class ListParked extends BusQuery<ParkedPage> {
  constructor(readonly page: ListPart) {
    super();
  }
}

@QueryHandler(ListParked)
export class ListParkedHandler implements IQueryHandler<ListParked> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  async execute({ page: { limit, cursor } }: ListParked): Promise<ParkedPage> {
    const { progress } = this.seatbook.options.stores;
    const work = await progress.parked(limit, cursor);
    const next = work.length < limit ? null : (work.at(-1)?.id ?? null);
    return { items: work.map(parkedAnswer), next, count: await progress.countParked() };
  }
}

/** Without the payload: what is in it is in the log, at the event that caused it. */
const parkedAnswer = ({ id, kind, stream, name, reason, parkedAt }: ParkedWork): ParkedAnswer => ({
  id,
  kind,
  stream,
  name,
  reason,
  parkedAt: isoTime(parkedAt) ?? '',
});

export class RetryParked extends Command<RetryAnswer> {
  constructor(readonly stream: string) {
    super();
  }
}

@CommandHandler(RetryParked)
export class RetryParkedHandler implements ICommandHandler<RetryParked> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  async execute({ stream }: RetryParked): Promise<RetryAnswer> {
    const { parking, reactor, due } = this.seatbook;
    const work = await parking.of(stream);
    if (work.length === 0)
      throw new Refusal('NOT_FOUND_PARKED', 'nothing of this stream is parked', { stream });
    const { sent, failure } = await reactor.retry(stream);
    const steps = failure === null ? work.filter(({ kind }) => kind === 'step') : [];
    for (const { id } of steps) await due.retry(stream, id);
    return { retried: sent + steps.length, failure };
  }
}

/** Work that failed past its budget. It waits for a person. */
@ApiTags('operation')
@Controller('parked')
export class ParkedController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Work that failed past its budget and waits for a person.' })
  @ApiOkResponse({ type: ParkedPage })
  @ApiRefusals(400)
  list(@Query() page: ListPart): Promise<ParkedPage> {
    return this.queries.execute(new ListParked(page));
  }

  @Post('retry')
  @ApiOperation({ summary: 'Tries the parked work of a stream again, in order.' })
  @HttpCode(200)
  @ApiOkResponse({ type: RetryAnswer })
  @ApiRefusals(400, 404)
  retry(@Body() { stream }: RetryBody): Promise<RetryAnswer> {
    return this.commands.execute(new RetryParked(stream));
  }
}
