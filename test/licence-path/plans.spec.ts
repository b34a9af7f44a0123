import { planOrder, type OrderRequest } from '@seatbook/application';
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
});
