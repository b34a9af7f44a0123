import type { HealthReport } from '@seatbook/application';
import type { Position } from '@seatbook/kernel';
import { Count, Flag, Parts, Text, TextOrNull, Texts } from '../document/fields.js';

class ModelHealthAnswer {
  @Text('pairs')
  model!: string;

  @Count(1)
  version!: number;

  @Count(1842, 'Up to where it reflects the log.')
  position!: Position;

  @Count(0, 'Milliseconds since the first event that it does not reflect yet was recorded.')
  lagMs!: number;

  @TextOrNull(null, 'Why it has halted permanently.')
  halted!: string | null;

  @TextOrNull(null, 'Why it makes no progress. It keeps trying.')
  failure!: string | null;
}

class PartitionHealthAnswer {
  @Text('reactor', 'A part of the work that one worker at a time does.')
  partition!: string;

  @TextOrNull('worker-1', 'The worker that does it; null: nobody.')
  worker!: string | null;

  @Count(1_200, 'Milliseconds since it was last heard of, as far as this process has seen.')
  silentMs!: number;
}

class TroubleAnswer {
  @Text('worker-1')
  worker!: string;

  @Text('reactor')
  runner!: string;

  @Text('the disk is full')
  reason!: string;

  @Flag(false, 'It has given up; otherwise it keeps trying.')
  halted!: boolean;
}

export class HealthAnswer {
  @Flag(true)
  ready!: boolean;

  @Texts([], 'Why it is not ready.')
  reasons!: readonly string[];

  @Parts(() => ModelHealthAnswer)
  models!: readonly ModelHealthAnswer[];

  @Parts(() => PartitionHealthAnswer)
  partitions!: readonly PartitionHealthAnswer[];

  @Parts(
    () => TroubleAnswer,
    'What keeps workers from parts of their work. They keep trying, so it does not end readiness.',
  )
  troubles!: readonly TroubleAnswer[];

  @Count(0, 'Number of parked items: GET /api/v1/work.')
  parked!: number;

  @TextOrNull(null, 'What is wrong with the clock. Work goes on all the same.')
  clock!: string | null;
}

export const healthAnswer = (report: HealthReport): HealthAnswer => ({
  ready: report.reasons.length === 0,
  ...report,
  partitions: report.partitions.map((partition) => ({
    ...partition,
    silentMs: Math.round(partition.silentMs),
  })),
});
