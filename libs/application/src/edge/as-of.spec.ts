import { asPosition } from '@seatbook/kernel';
import type { LoggedEvent } from '@seatbook/runtime';
import { assetAsOf } from './as-of.js';
import type { SeatbookEdge } from './seatbook-edge.js';

const metadata = {
  version: 1,
  commandId: 'c',
  principal: 'owner',
  correlationId: 'c',
  causationId: 'c',
  recordedAt: 0,
};

/** A ledger of so many events, which says nothing of pairs. */
const ledgerOf = (events: number): SeatbookEdge => {
  const readStream = async (stream: string, from: number, limit: number): Promise<LoggedEvent[]> =>
    Array.from({ length: Math.max(0, Math.min(limit, events - from)) }, (_event, index) => {
      const revision = from + index;
      const position = asPosition(revision + 1);
      return {
        id: `e${revision}`,
        stream,
        revision,
        position,
        type: 'asset.other',
        data: {},
        metadata,
      };
    });
  return { events: { readStream } } as unknown as SeatbookEdge;
};

describe('an asset as it was', () => {
  it('lets other work of the process have its turn while a long ledger is folded', async () => {
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns += 1;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    const asked = { adamId: '900000001', pricingParam: 'STDQ' };
    await assetAsOf(ledgerOf(5_000), '7700000000000001', asked, asPosition(1_000_000));
    over = true;
    expect(turns).toBeGreaterThanOrEqual(9);
  });
});
