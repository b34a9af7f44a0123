import { sized } from '@seatbook/test-support/full-size';
import { VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const ORDERS = sized(2_000, 3_000);

describe('orders in bulk', () => {
  it(`${ORDERS} orders of one pair each, 64 at a time, share few calls and all end`, async () => {
    const adamId = '900000001';
    const virtual = await VirtualSeatbook.imported([asset(adamId, ORDERS)]);
    const devices = serials(ORDERS);
    const waiting = [...devices];
    const placed: string[] = [];
    const caller = async (): Promise<void> => {
      for (let device = waiting.pop(); device !== undefined; device = waiting.pop()) {
        placed.push((await virtual.place({ assets: [stdq(adamId)], serialNumbers: [device] })).orderId);
      }
    };
    await Promise.all(Array.from({ length: 64 }, caller));
    await virtual.advanceUntil(
      'all are assigned',
      async () => (await virtual.assetDocument(adamId)).assigned === ORDERS,
    );
    await virtual.advance(5_000);
    const states = await Promise.all(placed.map(async (orderId) => (await virtual.order(orderId))?.state));
    expect(states.filter((state) => state !== 'finished')).toEqual([]);
    expect(virtual.atApple(adamId)).toEqual(devices);
    expect(virtual.simulator.admin.stats().associateReceived).toBeLessThanOrEqual(ORDERS / 20);
    await virtual.close();
  });

  it('different sets of apps for different devices still travel in few calls, each pair once', async () => {
    const apps = Array.from({ length: 6 }, (_app, index) => String(900000001 + index));
    const virtual = await VirtualSeatbook.imported(apps.map((adamId) => asset(adamId, 2_000)));
    const orders = await Promise.all(
      apps.map((adamId, index) =>
        virtual.place({ assets: [stdq(adamId)], serialNumbers: serials(300, index % 2 === 0 ? 0 : 300) }),
      ),
    );
    for (const { orderId } of orders)
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 300 });
    const stats = virtual.simulator.admin.stats();
    expect(stats.associateReceived).toBeLessThanOrEqual(4);
    expect(stats.pairs).toMatchObject({ associated: 1_800, alreadyAssociated: 0 });
    await virtual.close();
  });
});
