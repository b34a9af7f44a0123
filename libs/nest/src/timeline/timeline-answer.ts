import { ApiProperty } from '@nestjs/swagger';

export class CauseAnswer {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The event that this one follows from; null for a beginning.',
  })
  eventId!: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Where that event is in the log: GET /events/{position}.',
  })
  position!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The command of a beginning, e.g. of a request.',
  })
  commandId!: string | null;

  @ApiProperty({ description: 'Shared by all that follows from one request.' })
  correlationId!: string;
}

export class EventReference {
  @ApiProperty()
  id!: string;

  @ApiProperty({ description: 'GET /events/{position} shows it whole.' })
  position!: number;

  @ApiProperty()
  stream!: string;

  @ApiProperty()
  revision!: number;
}

export class TimelineRowAnswer {
  @ApiProperty({ description: 'When it was recorded.' })
  at!: string;

  @ApiProperty({ description: 'For people.' })
  what!: string;

  @ApiProperty({ example: 'asset.licenses-assigned' })
  type!: string;

  @ApiProperty({
    description: 'Who did it: `owner`, `apple`, or `seatbook` for what the product does by itself.',
  })
  principal!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Its own, or that of its order.' })
  reason!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Who placed the order that it belongs to.' })
  orderedBy!: string | null;

  @ApiProperty({ type: CauseAnswer })
  cause!: CauseAnswer;

  @ApiProperty({ type: EventReference })
  event!: EventReference;
}

export class CausesAnswer {
  @ApiProperty({ type: [TimelineRowAnswer], description: 'The event, what it follows from, and so on.' })
  items!: readonly TimelineRowAnswer[];

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Where the chain goes on: GET /events/{next}/causes. Null where the last item is the beginning.',
  })
  next!: number | null;
}

export class EventAnswer {
  @ApiProperty()
  position!: number;

  @ApiProperty()
  id!: string;

  @ApiProperty()
  stream!: string;

  @ApiProperty()
  revision!: number;

  @ApiProperty()
  type!: string;

  @ApiProperty()
  recordedAt!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: "In today's version of its shape. Moments in it are milliseconds.",
  })
  data!: unknown;

  @ApiProperty({ type: 'object', additionalProperties: true })
  metadata!: unknown;
}
