import { ApiProperty } from '@nestjs/swagger';

/** What was asked for is in the log; what follows from it comes by itself. */
export class CommandAnswer {
  @ApiProperty({ description: 'Give it to a query to see at least this.' })
  position!: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  links!: Readonly<Record<string, string>>;
}
