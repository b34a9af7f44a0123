import { placeOrder, planOrder, type OrderRequest } from '@seatbook/application';
import { UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const OTHER = '900000002';
const order = (more: Partial<OrderRequest> = {}): OrderRequest => ({
  kind: 'AssignLicense',
  uId: UID,
  assets: [stdq(APP), stdq(OTHER)],
  serialNumbers: serials(30),
  ifShort: 'wait',
  platform: null,
  ...more,
});

describe('a plan', () => {
  let virtual: VirtualSeatbook;
  afterEach(() => virtual.close());

  it('says what the order then does, and writes nothing', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 20), asset(OTHER, 100)]);
    await virtual.finished(
      (await virtual.place(order({ assets: [stdq(APP)], serialNumbers: serials(5) }))).orderId,
    );
    const before = (await virtual.events()).length;
    const plan = await virtual.until(planOrder(virtual.edge, order({ ifShort: 'refuse' })));
    expect((await virtual.events()).length).toBe(before);
    expect(plan).toMatchObject({
      assets: [
        { adamId: APP, alreadyHeld: 5, sent: 15, refused: 10, refusal: 'SHORT' },
        { adamId: OTHER, sent: 30, refused: 0 },
      ],
      calls: 2,
    });
    const { final } = await virtual.finished((await virtual.place(order({ ifShort: 'refuse' }))).orderId);
    expect(final).toMatchObject({ alreadyHeld: 5, assigned: 45, refused: 10 });
  });

  it('is refused as the order would be', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 20)]);
    await expect(planOrder(virtual.edge, order())).rejects.toMatchObject({ code: 'REJECTED_UNKNOWN_ASSET' });
    await expect(
      planOrder(virtual.edge, order({ assets: [stdq(APP)], serialNumbers: ['short'] })),
    ).rejects.toMatchObject({ code: 'INVALID_SERIAL_NUMBER' });
  });

  it('names who would wait and who is refused, and what the calls cost', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 20), asset(OTHER, 100)]);
    const plan = await virtual.until(planOrder(virtual.edge, order()));
    expect(plan).toMatchObject({ calls: 2, lowerBound: 1, seconds: 1 });
    expect(plan.assets[0]).toMatchObject({ needed: 30, short: 10, waitingReason: 'short' });
    expect(plan.assets[0]?.leftOut.waiting).toEqual(
      serials(30)
        .slice(20)
        .map((serial) => `d:${serial}`),
    );
    expect(plan.assets[1]).toMatchObject({ needed: 30, short: 0, leftOut: { waiting: [], refused: [] } });
  });
});

describe('an order that says what it is to do', () => {
  let virtual: VirtualSeatbook;
  afterEach(() => virtual.close());

  it('is placed while it would do that, and refused with exactly the difference once it would not', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 20), asset(OTHER, 100)]);
    const { assets } = await virtual.until(planOrder(virtual.edge, order()));
    const caller = { principal: 'admin', idempotencyKey: 'first' };
    const placed = await virtual.until(placeOrder(virtual.edge, order({ expect: assets }), caller));
    await virtual.advance(60_000);
    await expect(
      placeOrder(virtual.edge, order({ expect: assets }), { principal: 'admin' }),
    ).rejects.toMatchObject({
      code: 'REJECTED_PLAN_CHANGED',
      facts: {
        assets: [
          {
            assetId: `${APP}.STDQ`,
            expected: { sent: 20, waiting: 10, alreadyHeld: 0 },
            planned: { sent: 0, waiting: 0, alreadyHeld: 30 },
          },
          {
            assetId: `${OTHER}.STDQ`,
            expected: { sent: 30, alreadyHeld: 0 },
            planned: { sent: 0, alreadyHeld: 30 },
          },
        ],
      },
    });
    const repeated = await virtual.until(placeOrder(virtual.edge, order({ expect: assets }), caller));
    expect(repeated).toMatchObject({ orderId: placed.orderId, repeated: true });
    await expect(placeOrder(virtual.edge, order(), caller)).rejects.toMatchObject({
      code: 'CONFLICT_IDEMPOTENCY_KEY',
    });
  });

  it('has to, where it takes away more than is allowed without', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 20)], {
      edge: { expectAbove: { licences: 10, percent: 100 } },
    });
    const pairs = { assets: [stdq(APP)], serialNumbers: serials(12) };
    await virtual.finished((await virtual.place(order(pairs))).orderId);
    const giveBack = order({ ...pairs, kind: 'ReturnLicense' });
    await expect(placeOrder(virtual.edge, giveBack, { principal: 'admin' })).rejects.toMatchObject({
      code: 'REJECTED_EXPECT_NEEDED',
      facts: { taken: 12, used: 12, withoutExpect: { licences: 10, percent: 100 } },
    });
    const expect12 = { ...giveBack, expect: [{ ...stdq(APP), sent: 12 }] };
    const { orderId } = await virtual.until(placeOrder(virtual.edge, expect12, { principal: 'admin' }));
    const { final } = await virtual.finished(orderId);
    expect(final).toMatchObject({ returned: 12 });
  });

  it('has to, where it takes away a larger share than is allowed without', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 20)], {
      edge: { expectAbove: { licences: 1_000, percent: 50 } },
    });
    const pairs = { assets: [stdq(APP)], serialNumbers: serials(12) };
    await virtual.finished((await virtual.place(order(pairs))).orderId);
    const giveBack = order({ ...pairs, kind: 'ReturnLicense' });
    await expect(placeOrder(virtual.edge, giveBack, { principal: 'admin' })).rejects.toMatchObject({
      code: 'REJECTED_EXPECT_NEEDED',
    });
    const half = { ...giveBack, serialNumbers: serials(6) };
    const { orderId } = await virtual.until(placeOrder(virtual.edge, half, { principal: 'admin' }));
    expect((await virtual.finished(orderId)).final).toMatchObject({ returned: 6 });
  });
});
