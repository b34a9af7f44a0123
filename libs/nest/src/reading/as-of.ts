import { ApiProperty } from '@nestjs/swagger';
import { isoTime, numberOf } from '@seatbook/kernel';
import type { Reflected } from '@seatbook/application';

/** What an answer reflects: the log up to this position, and the moment that it shows. */
export class AsOfAnswer {
  @ApiProperty({ description: 'The answer reflects the log up to this position.', example: 1842 })
  position!: number;

  @ApiProperty({
    description:
      'Now, where the answer has all that is in the log; else when the last event in it was recorded.',
    example: '2026-11-24T08:15:30.000Z',
  })
  time!: string;
}

export const asOfAnswer = ({ position, time }: Reflected): AsOfAnswer => ({
  position: numberOf(position),
  time: isoTime(time) ?? '',
});
