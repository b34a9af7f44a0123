import { effectiveAt } from '@seatbook/kernel';
import { queryModels } from '@seatbook/licensing';
import type { StoredEvent } from '@seatbook/runtime';
import { VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('two clocks: when something happened, and when we learned it', () => {
  let virtual: VirtualSeatbook;
  afterEach(() => virtual.close());

  const eventsOf = async (type: string): Promise<readonly StoredEvent[]> =>
    (await virtual.events()).filter((event) => event.type === type);

  it('part where Apple was heard of long before a worker recorded what it meant', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 10)], { apart: true });
    virtual.simulator.admin.setFaults({ eventDelayMs: { min: 2 * MINUTE, max: 2 * MINUTE } });
    const { orderId } = await virtual.until(
      virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) }),
    );
    await virtual.advance(30 * SECOND);
    expect(await eventsOf('call.accepted')).toHaveLength(1);
    await virtual.until(virtual.worker.stop());
    await virtual.advance(3 * HOUR);
    const heard = await eventsOf('appleEvent.notification-received');
    await virtual.until(virtual.worker.start());
    await virtual.finished(orderId);

    const [assigned] = await eventsOf('asset.licenses-assigned');
    const lastHeard = heard.at(-1)?.metadata.recordedAt ?? 0;
    expect(assigned && effectiveAt(assigned.metadata)).toBe(lastHeard);
    expect((assigned?.metadata.recordedAt ?? 0) - lastHeard).toBeGreaterThan(2 * HOUR);
    const { rows: pairs } = await virtual.stores.reads.query(queryModels.pairs, {
      index: 'by-asset',
      equals: [],
      limit: 10,
    });
    expect(pairs).toHaveLength(3);
    for (const pair of pairs)
      expect(pair).toMatchObject({ since: assigned?.metadata.recordedAt, effectiveSince: lastHeard });
    // What the ledger decides by itself happens when it is recorded.
    for (const { metadata } of await eventsOf('asset.licenses-reserved'))
      expect(metadata).not.toHaveProperty('occurredAt');
  });

  it('are the end of the span in which others did it, and the moment when it was found', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 10)]);
    await virtual.advance(HOUR);
    await virtual.anotherTool('associate', APP, serials(1));
    await virtual.advance(HOUR);
    const [found] = await eventsOf('asset.drift-found');
    expect(found?.metadata.occurredAt).toBe((found?.data as { to: number }).to);
    const reads = await eventsOf('asset.totals-read');
    for (const { data, metadata } of reads)
      expect(metadata.occurredAt).toBe((data as { readAt: number }).readAt);
  });
});
