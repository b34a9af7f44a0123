import { ApiProperty } from '@nestjs/swagger';
import type { HealthReport } from '@seatbook/application';
import type { Position } from '@seatbook/kernel';

class ModelHealthAnswer {
  @ApiProperty()
  model!: string;

  @ApiProperty()
  version!: number;

  @ApiProperty({ type: Number, description: 'Up to where it reflects the log.' })
  position!: Position;

  @ApiProperty({
    description: 'Milliseconds since the first event that it does not reflect yet was recorded.',
  })
  lagMs!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Why it has halted permanently.' })
  halted!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it makes no progress. It keeps trying.',
  })
  failure!: string | null;
}

class PartitionHealthAnswer {
  @ApiProperty({ description: 'A part of the work that one worker at a time does.' })
  partition!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The worker that does it; null: nobody.' })
  worker!: string | null;

  @ApiProperty({ description: 'Milliseconds since it was last heard of, as far as this process has seen.' })
  silentMs!: number;
}

class TroubleAnswer {
  @ApiProperty()
  worker!: string;

  @ApiProperty({ example: 'reactor' })
  runner!: string;

  @ApiProperty()
  reason!: string;

  @ApiProperty({ description: 'It has given up; otherwise it keeps trying.' })
  halted!: boolean;
}

export class HealthAnswer {
  @ApiProperty()
  ready!: boolean;

  @ApiProperty({ type: [String], description: 'Why it is not ready.' })
  reasons!: readonly string[];

  @ApiProperty({ type: [ModelHealthAnswer] })
  models!: readonly ModelHealthAnswer[];

  @ApiProperty({ type: [PartitionHealthAnswer] })
  partitions!: readonly PartitionHealthAnswer[];

  @ApiProperty({
    type: [TroubleAnswer],
    description:
      'What keeps workers from parts of their work. They keep trying, so it does not end readiness.',
  })
  troubles!: readonly TroubleAnswer[];

  @ApiProperty({ description: 'Number of parked items: GET /api/v1/work.' })
  parked!: number;
}

export const healthAnswer = (report: HealthReport): HealthAnswer => ({
  ready: report.reasons.length === 0,
  ...report,
});
