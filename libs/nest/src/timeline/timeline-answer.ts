import { ApiProperty } from '@nestjs/swagger';

export class CauseAnswer {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The event that caused this one; null at the beginning of a chain.',
  })
  eventId!: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Position of that event: GET /history/{position}.',
  })
  position!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The command at the beginning of a chain, e.g. a request.',
  })
  commandId!: string | null;

  @ApiProperty({
    description:
      'Shared by everything that follows from one request, up to a call to Apple that serves several orders.',
  })
  correlationId!: string;
}

export class EventReference {
  @ApiProperty()
  id!: string;

  @ApiProperty({ description: 'GET /history/{position} returns the whole event.' })
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
    description: 'Who did it: `owner`, `apple`, or `seatbook` for what the product does on its own.',
  })
  principal!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The reason of the event, or of its order.' })
  reason!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Who placed the order that it belongs to.' })
  orderedBy!: string | null;

  @ApiProperty({ type: CauseAnswer })
  cause!: CauseAnswer;

  @ApiProperty({ type: EventReference })
  event!: EventReference;
}

export class CausesAnswer {
  @ApiProperty({
    type: [TimelineRowAnswer],
    description: 'The event, its cause, the cause of that, and so on.',
  })
  items!: readonly TimelineRowAnswer[];

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Where the chain goes on: GET /history/{next}/causes. Null where the last item is the beginning.',
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
    description: 'In the current version of its format. Times are in milliseconds.',
  })
  data!: unknown;

  @ApiProperty({ type: 'object', additionalProperties: true })
  metadata!: unknown;
}
