import type { EventOf } from '@seatbook/kernel';
import { reportsWrong } from '@seatbook/test-support/closing-reports';
import { everyEvent } from '@seatbook/test-support/licensing-journey';
import type { AssetEvent, Counts, CountSource } from './asset-events.js';
import { ownedIn } from './asset-report.js';
import { addEvent, noMovements } from './movements.js';

const counted = (
  before: Counts,
  after: Counts,
  source: CountSource,
): EventOf<AssetEvent, 'asset.count-changed'> => ({
  type: 'asset.count-changed',
  data: { before, after, from: 0, to: 0, source },
});
const counts = (total: number, retired = 0, unlimited = false): Counts => ({ unlimited, total, retired });

describe('the report of an asset', () => {
  it('closes in every period of a history with all events', () => {
    const log = everyEvent().log.envelopes;
    const ledgers = new Set(log.map(({ stream }) => stream).filter((stream) => stream.startsWith('asset-')));
    expect(ledgers.size).toBeGreaterThan(2);
    for (const ledger of ledgers)
      expect(reportsWrong(log.filter(({ stream }) => stream === ledger))).toEqual([]);
  });

  it.each([
    ['bought', counted(counts(5), counts(8), 'purchase'), { bought: 3 }],
    ['moved away', counted(counts(5), counts(3), 'transfer'), { movedAway: 2 }],
    ['refunded', counted(counts(5), counts(3, 2), 'refund'), { refunded: 2 }],
    ['refunded and moved away', counted(counts(9), counts(4, 2), 'refund'), { refunded: 2, movedAway: 3 }],
    ['counted otherwise', counted(counts(5), counts(0, 0, true), 'apple'), { recounted: -5 }],
  ])('says what was %s', (_what, event, expected) => {
    const moved = noMovements();
    addEvent(moved, event);
    expect(ownedIn(noMovements(), moved)).toMatchObject({
      ...{ bought: 0, refunded: 0, movedAway: 0, recounted: 0 },
      ...expected,
    });
  });
});
