import type { HealthReport } from '@seatbook/application';
import { isoTime, type Position } from '@seatbook/kernel';
import { Count, Flag, Parts, Text, TextOrNull, Texts, TimeOrNull } from '../document/fields.js';

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

class PaceAnswer {
  @Text('7700000000000001', 'The account; empty for tokens that are being imported.')
  accountId!: string;

  @Text('worker-1')
  worker!: string;

  @Count(3, 'Writes that wait for their turn.')
  queuedWrites!: number;

  @Count(12, 'Reads that wait for their turn.')
  queuedReads!: number;

  @Count(2, 'Writes that Apple has not answered yet.')
  writesInFlight!: number;

  @Count(5, 'Reads that Apple has not answered yet.')
  readsInFlight!: number;

  @Count(400, 'Milliseconds that the one has waited that waits for longest.')
  oldestWaitMs!: number;

  @TimeOrNull('Nothing is sent before, because Apple asked us to wait; null: Apple does not.')
  heldUntil!: string | null;
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

  @Parts(
    () => PaceAnswer,
    'Requests to Apple that are on their way, wait for their turn or are held, by account, as workers told last: a few seconds ago.',
  )
  paces!: readonly PaceAnswer[];

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
  paces: report.paces.map(({ of: accountId, worker, oldestWaitMs, heldUntil, ...counts }) => ({
    accountId,
    worker,
    ...counts,
    oldestWaitMs: Math.round(oldestWaitMs),
    heldUntil: heldUntil === null ? null : isoTime(Math.round(heldUntil)),
  })),
});
