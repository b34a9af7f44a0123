import { ApiProperty } from '@nestjs/swagger';

/** What was asked for is in the log; everything that follows happens automatically. */
export class CommandAnswer {
  @ApiProperty({ description: 'Pass it to a query to see at least this.' })
  position!: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  links!: Readonly<Record<string, string>>;
}
