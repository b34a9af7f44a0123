import { getOrder, getPlacedOrder, listAssets, retryParked, waitForOrder, OVER } from '@seatbook/application';
import { parkedStep } from '@seatbook/test-support/parked-step';
import { UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

describe('the halves in two processes', () => {
  let virtual: VirtualSeatbook;
  let calls: string[];
  beforeEach(async () => {
    calls = [];
    const fateOf = (call: string): 'well' => {
      calls.push(call);
      return 'well';
    };
    virtual = await VirtualSeatbook.imported([asset('900000001', 10)], { apart: true, fateOf });
  });
  afterEach(() => virtual.close());

  it('an order placed at the edge is worked by the worker, and the edge sees how far it is', async () => {
    const { edge } = virtual;
    const { orderId, position } = await virtual.until(
      virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(3) }),
    );
    const ended = new AbortController().signal;
    const waiting = { orderId, position, until: OVER, waitMs: 60_000, ended };
    expect(await virtual.until(waitForOrder(edge, waiting))).toMatchObject({ order: { state: 'finished' } });
    expect(virtual.atApple('900000001')).toEqual(serials(3));

    // The edge reads what it wrote, whoever builds the read models.
    const head = await virtual.stores.events.head();
    const { order, asOf } = await virtual.until(getOrder(edge, { orderId, position: head }));
    expect(order.final).toMatchObject({ assigned: 3 });
    expect(asOf.position).toBe(head);
    const assets = await virtual.until(
      listAssets(edge, { accountId: UID, part: { limit: 10 }, position: head }),
    );
    expect(assets.rows).toMatchObject([{ adamId: '900000001', assigned: 3 }]);
  });

  it('a new order costs an append, and its answer a look at the account: all else is known by what was written', async () => {
    const { edge } = virtual;
    const placed = (key: string, serial: number) =>
      virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(1, serial) }, key);
    await virtual.until(virtual.worker.stop());
    await placed('the first makes the asset known', 1);

    await virtual.advance(50);
    calls = [];
    const order = await placed('another', 2);
    const answer = await getPlacedOrder(edge, order);
    expect(calls).toEqual(['events.append', 'reads.get']);
    calls = [];
    await getPlacedOrder(edge, await placed('one more, at the same moment', 3));
    expect(calls).toEqual(['events.append']);
    const fromLog = await getPlacedOrder(edge, { ...order, written: [] });
    expect(answer).toEqual({ ...fromLog, order: { ...fromLog.order, position: order.position } });

    // What was placed before is looked up: it may have gone on since.
    const again = await placed('another', 2);
    expect(again).toMatchObject({ repeated: true, written: [] });
    expect((await getPlacedOrder(edge, again)).order).toEqual(fromLog.order);
    await virtual.until(virtual.worker.start());
  });

  it('an order placed while no worker runs is worked by the next one', async () => {
    await virtual.until(virtual.worker.stop());
    const { orderId } = await virtual.until(
      virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(3) }),
    );
    await virtual.advance(60_000);
    expect(virtual.atApple('900000001')).toEqual([]);
    await virtual.until(virtual.worker.start());
    expect(await virtual.finished(orderId)).toMatchObject({ final: { assigned: 3 } });
  });

  it('a wish to retry parked work that no worker takes up is kept and said to be pending', async () => {
    const { progress } = virtual.stores;
    const stream = 'order-parked';
    await progress.park([parkedStep(stream)]);
    await virtual.until(virtual.worker.stop());
    await expect(virtual.until(retryParked(virtual.edge, { stream }))).rejects.toMatchObject({
      code: 'TRANSIENT_RETRY_PENDING',
      facts: { stream, wanted: 1, retried: 0 },
      retryAfterSeconds: 10,
    });
    expect(await progress.retryRequests(10)).toMatchObject([{ stream }]);
    await virtual.until(virtual.worker.start());
    await virtual.advance(20_000);
    expect(await progress.countParked()).toBe(0);
  });
});
