import { DEFAULT_TIMINGS } from '@seatbook/licensing';
import { VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APPS = ['900000001', '900000002', '900000003'];
const MINUTE = 60_000;

async function assignAndReturn(virtual: VirtualSeatbook): Promise<void> {
  const assets = APPS.map(stdq);
  const assigning = await virtual.place({ assets, serialNumbers: serials(250) });
  expect((await virtual.finished(assigning.orderId)).final).toMatchObject({ assigned: 750 });
  const returning = await virtual.place({ kind: 'ReturnLicense', assets, serialNumbers: serials(100) });
  expect((await virtual.finished(returning.orderId)).final).toMatchObject({ returned: 300 });
  await virtual.advance(MINUTE);
  for (const adamId of APPS) {
    expect(virtual.atApple(adamId)).toEqual(serials(150, 100));
    expect(await virtual.pairs(adamId)).toEqual({ assigned: serials(150, 100) });
  }
}

/** Times of the status requests, after the moment given. */
const polls = (virtual: VirtualSeatbook): number[] =>
  virtual.simulator.admin
    .requests()
    .flatMap(({ path, at }) => (path.startsWith('/mdm/v2/status') ? Number(new Date(at)) : []));

describe('notifications', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported(APPS.map((adamId) => asset(adamId, 1_000)));
  });
  afterEach(() => virtual.close());

  it.each([
    ['all arrive', {}],
    ['all are dropped', { drop: 1 }],
    ['all are doubled and shuffled', { duplicate: 1, shuffleMs: 90_000 }],
    ['half are dropped', { drop: 0.5 }],
    ['all come before the answer to the call', { early: true }],
  ])('lead to the same final set when %s', async (_what, notifications) => {
    virtual.simulator.admin.setFaults({ notifications });
    await assignAndReturn(virtual);
  });

  it('are not waited for longer than 5 minutes, and polls keep 30 seconds apart', async () => {
    virtual.simulator.admin.setFaults({
      notifications: { drop: 1 },
      eventDelayMs: { min: 7 * MINUTE, max: 7 * MINUTE },
    });
    const started = virtual.clock.now();
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(5) });
    await virtual.finished(orderId);
    const times = polls(virtual).map((at) => at - started);
    expect(times[0]).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(times[0]).toBeLessThan(5 * MINUTE + 3_000);
    times.slice(1).forEach((at, index) => expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(30_000));
    expect(times.length).toBeGreaterThanOrEqual(4);
    expect(DEFAULT_TIMINGS).toMatchObject({
      silenceMs: 300_000,
      pollEveryMs: 30_000,
      stalledAfterMs: 600_000,
    });
  });

  it('that stop half-way are asked after when they have been quiet for 5 seconds', async () => {
    virtual.simulator.admin.setFaults({ notifications: { drop: 0.5 } });
    const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(900) });
    const order = await virtual.finished(orderId);
    expect((order.finishedAt ?? 0) - (order.placedAt ?? 0)).toBeLessThan(MINUTE);
    expect(polls(virtual).length).toBe(1);
  });

  it('pending for more than 10 minutes makes the request be sent again', async () => {
    virtual.simulator.admin.setFaults({ eventDelayMs: 'never' });
    const started = virtual.clock.now();
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(5) });
    await virtual.advance(9 * MINUTE);
    expect(virtual.simulator.admin.stats().associateReceived).toBe(1);
    virtual.simulator.admin.setFaults({ eventDelayMs: { min: 100, max: 100 } });
    await virtual.finished(orderId);
    const sent = virtual.simulator.admin
      .requests()
      .filter(({ path }) => path.startsWith('/mdm/v2/assets/associate'));
    expect(sent).toHaveLength(2);
    const again = Number(new Date(sent[1]?.at ?? 0)) - started;
    expect(again).toBeGreaterThanOrEqual(10 * MINUTE);
    expect(again).toBeLessThan(11 * MINUTE);
    expect(virtual.atApple('900000001')).toEqual(serials(5));
  });

  it('of a purchase make the totals be read', async () => {
    const { admin } = virtual.simulator;
    admin.purchase('7700000000000001', { adamId: '900000001', count: 25 });
    await virtual.advance(10_000);
    expect((await virtual.assetDocument('900000001')).owned).toBe(1_025);
  });
});

describe('without a public address', () => {
  it('the product polls and the same is assigned', async () => {
    const virtual = await VirtualSeatbook.imported([asset('900000001', 100)], { publicUrl: null });
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(30) });
    const order = await virtual.finished(orderId);
    expect(order.final).toMatchObject({ assigned: 30 });
    expect((order.finishedAt ?? 0) - (order.placedAt ?? 0)).toBeLessThan(15_000);
    expect((await virtual.account())?.notificationUrl).toBeNull();
    await virtual.close();
  });
});
