import { ApiProperty } from '@nestjs/swagger';
import { isoTime, type Position } from '@seatbook/kernel';
import type { Seatbook } from '@seatbook/application';

/** What an answer reflects: the log up to this position, and the moment that stands for. */
export class AsOfAnswer {
  @ApiProperty({ description: 'The log up to this position is in the answer.', example: 1842 })
  position!: number;

  @ApiProperty({
    description:
      'Now, where the answer has all that is in the log; else when the last event in it was recorded.',
    example: '2026-11-24T08:15:30.000Z',
  })
  time!: string;
}

/** What a read model reflects. To be asked before its documents are read, so that it never promises too much. */
export async function asOf(seatbook: Seatbook, model: string): Promise<AsOfAnswer> {
  const { stores, clock } = seatbook.options;
  const position = seatbook.views.position(model);
  if (position >= (await stores.events.head()))
    return { position, time: new Date(clock.now()).toISOString() };
  return { position, time: await timeOf(seatbook, position) };
}

/** When the event at a position was recorded. */
export async function timeOf(seatbook: Seatbook, position: Position): Promise<string> {
  const [event] = await seatbook.options.stores.events.readAt([position]);
  return isoTime(event?.metadata.recordedAt ?? 0) ?? '';
}
