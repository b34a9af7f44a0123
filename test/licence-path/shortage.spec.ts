import { UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';
import {
  cancelWaiting,
  forecastAsset,
  listOutcomes,
  planOrder,
  renewToken,
  setReserve,
} from '@seatbook/application';
import type { Position } from '@seatbook/kernel';
import { availableOf, inReserveOf, unreservedOf } from '@seatbook/licensing';
import { OWNER } from '@seatbook/test-support/virtual-seatbook';
import { sized } from '@seatbook/test-support/full-size';

const APP = '900000001';
const RACES = sized(60, 120);

describe('the last licence and two concurrent orders', () => {
  const adamId = (index: number): string => String(910000000 + index);

  it(`for each of ${RACES} assets: one is assigned, the other waits or is refused as it asked, with the facts`, async () => {
    const virtual = await VirtualSeatbook.open();
    virtual.createLocation(Array.from({ length: RACES }, (_app, index) => asset(adamId(index), 1)));
    await virtual.import();
    await virtual.advance(10_000);
    const races = [];
    for (let index = 0; index < RACES; index += 1) {
      const assets = [stdq(adamId(index))];
      const ifShort = index % 2 === 0 ? 'wait' : 'refuse';
      const [first, second] = index % 3 === 0 ? ['A', 'B'] : ['B', 'A'];
      const placed = await Promise.all([
        virtual.place({ assets, serialNumbers: serials(1, index, first), ifShort }),
        virtual.place({ assets, serialNumbers: serials(1, index, second), ifShort }),
      ]);
      races.push({ index, ifShort, orders: placed.map(({ orderId }) => orderId) });
    }
    await virtual.advance(120_000);
    for (const { index, ifShort, orders } of races) {
      const [one, other] = await Promise.all(orders.map((orderId) => virtual.order(orderId)));
      const winner = one?.final.assigned === 1 ? one : other;
      const loser = winner === one ? other : one;
      expect({ index, winner: winner?.final.assigned }).toEqual({ index, winner: 1 });
      if (ifShort === 'wait')
        expect(loser).toMatchObject({ state: 'waiting', waiting: 1, final: { assigned: 0 } });
      else
        expect(loser).toMatchObject({
          state: 'finished',
          final: { refused: 1 },
          refusals: [{ refusal: 'SHORT' }],
        });
      expect(virtual.atApple(adamId(index))).toHaveLength(1);
    }
    await virtual.close();
  });
});

describe('licences that another tool takes, unannounced', () => {
  const ADOPTED = serials(1, 0, 'A');
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset(APP, 11)]);
    // One that is adopted: what is read then is not read again.
    virtual.simulator.admin.seedAssignments(UID, { adamId: APP, serialNumbers: ADOPTED });
    virtual.simulator.admin.setFaults({ shortage: 'whole-asset' });
    await virtual.import();
    await virtual.advance(5_000);
  });
  afterEach(() => virtual.close());

  const taken = (count: number): void => {
    for (const serialNumber of serials(count, 900))
      virtual.simulator.admin.addAssignment(UID, { adamId: APP, serialNumber });
  };
  const associateCalls = (): number =>
    virtual.simulator.admin
      .requests(0, 10_000)
      .filter(({ path }) => path.startsWith('/mdm/v2/assets/associate')).length;

  it('cost one call that is refused, and the next one is of the size that Apple names', async () => {
    taken(3);
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(10) });
    await virtual.advance(10 * 60_000);
    expect(await virtual.order(orderId)).toMatchObject({
      state: 'waiting',
      waiting: 3,
      final: { assigned: 7 },
    });
    expect(associateCalls()).toBe(2);
    const document = await virtual.assetDocument(APP);
    // Who has them is known as soon as the totals were read.
    expect(document).toMatchObject({ takenElsewhere: 0, assigned: 11, short: false });
    expect(availableOf(document)).toBe(0);

    virtual.simulator.admin.purchase(UID, { adamId: APP, count: 2 });
    await virtual.advance(60 * 60_000);
    expect(await virtual.order(orderId)).toMatchObject({ waiting: 1, final: { assigned: 9 } });
    expect(associateCalls()).toBe(3);

    for (const serialNumber of serials(1, 900))
      virtual.simulator.admin.removeAssignment(UID, { adamId: APP, serialNumber });
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 10 });
    expect(associateCalls()).toBe(4);
  });

  it('are not counted twice where one of their devices is ordered for: nobody waits beside a free licence', async () => {
    taken(1);
    await virtual.advance(16 * 60_000);
    expect(availableOf(await virtual.assetDocument(APP))).toBe(9);
    const known = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(1, 900) });
    await virtual.finished(known.orderId);
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(9) });
    expect((await virtual.finished(orderId, 60_000)).final).toMatchObject({ assigned: 9 });
    expect(virtual.atApple(APP)).toHaveLength(11);
  });

  it.each(['whole-asset', 'first-wins'] as const)(
    'refuse a pair whose order does not wait, as a shortage does that is seen at once (%s)',
    async (shortage) => {
      virtual.simulator.admin.setFaults({ shortage });
      taken(8);
      const request = { assets: [stdq(APP)], ifShort: 'refuse' as const };
      const { orderId } = await virtual.place({ ...request, serialNumbers: serials(5) });
      const { final, refusals } = await virtual.finished(orderId, 5 * 60_000);
      expect(final).toMatchObject({ assigned: 2, refused: 3, failed: 0 });
      expect(refusals).toMatchObject([{ refusal: 'SHORT', pairs: 3 }]);
      virtual.simulator.admin.purchase(UID, { adamId: APP, count: 5 });
      await virtual.advance(60 * 60_000);
      const others = serials(8, 900);
      expect(await virtual.pairs(APP)).toEqual({ assigned: [...ADOPTED, ...serials(2), ...others] });
      expect(virtual.atApple(APP)).toHaveLength(11);
    },
  );

  it('refuse all pairs where none is left, and never serve them later', async () => {
    taken(10);
    const { orderId } = await virtual.place({
      assets: [stdq(APP)],
      serialNumbers: serials(2),
      ifShort: 'refuse',
    });
    expect((await virtual.finished(orderId, 5 * 60_000)).final).toMatchObject({ refused: 2 });
    virtual.simulator.admin.purchase(UID, { adamId: APP, count: 2 });
    await virtual.advance(60 * 60_000);
    expect(await virtual.pairs(APP)).toEqual({ assigned: [...ADOPTED, ...serials(10, 900)] });
    expect(virtual.atApple(APP)).toHaveLength(11);
  });
});

describe('the waiting list', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 10)]);
  });
  afterEach(() => virtual.close());

  it('is served in order when licences are bought', async () => {
    const first = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(12, 0) });
    await virtual.settle();
    const second = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3, 100) });
    await virtual.advance(60_000);
    expect(await virtual.order(first.orderId)).toMatchObject({
      state: 'waiting',
      waiting: 2,
      final: { assigned: 10 },
    });
    expect(await virtual.order(second.orderId)).toMatchObject({ state: 'waiting', waiting: 3 });
    virtual.simulator.admin.purchase(UID, { adamId: APP, count: 3 });
    expect((await virtual.finished(first.orderId)).final).toMatchObject({ assigned: 12 });
    await virtual.advance(60_000);
    expect(virtual.atApple(APP)).toEqual([...serials(12, 0), ...serials(1, 100)]);
    expect(await virtual.order(second.orderId)).toMatchObject({ waiting: 2, final: { assigned: 1 } });
  });

  it('tells each pair its place, and moves it up', async () => {
    const first = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(12, 0) });
    await virtual.settle();
    const second = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3, 100) });
    await virtual.advance(60_000);
    const placesOf = async (orderId: string): Promise<(number | null)[]> => {
      const wanted = { orderId, outcome: 'waiting', part: { limit: 10 } } as const;
      return (await virtual.until(listOutcomes(virtual.edge, wanted))).rows.map(({ place }) => place);
    };
    expect([await placesOf(first.orderId), await placesOf(second.orderId)]).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    virtual.simulator.admin.purchase(UID, { adamId: APP, count: 1 });
    await virtual.advance(60_000);
    expect([await placesOf(first.orderId), await placesOf(second.orderId)]).toEqual([[1], [2, 3, 4]]);
    const whole = { orderId: first.orderId, part: { limit: 20 } };
    const { rows } = await virtual.until(listOutcomes(virtual.edge, whole));
    expect(rows.filter(({ place }) => place !== null)).toHaveLength(1);
  });

  it('is served when a licence is given back, and not twice', async () => {
    await virtual.finished(
      (await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(10) })).orderId,
    );
    const waiting = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(2, 50) });
    await virtual.advance(5_000);
    await virtual.place({ kind: 'ReturnLicense', assets: [stdq(APP)], serialNumbers: serials(2) });
    expect((await virtual.finished(waiting.orderId)).final).toMatchObject({ assigned: 2 });
    expect(virtual.atApple(APP)).toEqual([...serials(8, 2), ...serials(2, 50)]);
  });

  it('lets an order cancel its waiting pairs and keep the others', async () => {
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(15) });
    await virtual.advance(60_000);
    await virtual.until(cancelWaiting(virtual.edge, { orderId }, OWNER));
    const { final } = await virtual.finished(orderId);
    expect(final).toMatchObject({ assigned: 10, cancelled: 5 });
    expect(await virtual.pairs(APP)).toEqual({ assigned: serials(10) });
    expect(await virtual.assetDocument(APP)).toMatchObject({ waiting: 0, assigned: 10 });
  });

  it('takes back unclaimed reservations, newest first, when the total falls below what is used', async () => {
    // Calls cannot be sent, so that reservations stay unclaimed only while the dispatcher is held by the token.
    virtual.simulator.admin.setTokenState(UID, 'revoked');
    await virtual.advance(16 * 60_000);
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(8) });
    await virtual.advance(60_000);
    expect(await virtual.assetDocument(APP)).toMatchObject({ reserved: 8, waiting: 0 });
    virtual.simulator.admin.refund(UID, { adamId: APP, count: 5 });
    const { token } = virtual.simulator.admin.issueToken(UID);
    // The totals are read before anything is sent: the refund happened while we could not look.
    await virtual.until(renewToken(virtual.edge, { uId: UID, file: token }, OWNER));
    await virtual.advance(20 * 60_000);
    expect(virtual.atApple(APP).length).toBe(5);
    const document = await virtual.assetDocument(APP);
    expect(document).toMatchObject({ owned: 5, assigned: 5, waiting: 3 });
    expect((await virtual.order(orderId))?.waiting).toBe(3);
  });

  it('takes back at its head the pairs that Apple calls short, and is served when the totals show licences again', async () => {
    // Apple holds pairs that we do not know: licences were assigned behind our back.
    for (const serialNumber of serials(4, 900)) {
      virtual.simulator.admin.addAssignment(UID, { adamId: APP, serialNumber });
    }
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(10) });
    await virtual.advance(10 * 60_000);
    expect(await virtual.order(orderId)).toMatchObject({
      state: 'waiting',
      waiting: 4,
      final: { assigned: 6 },
    });
    expect(await virtual.assetDocument(APP)).toMatchObject({ short: true, waiting: 4 });
    virtual.simulator.admin.purchase(UID, { adamId: APP, count: 4 });
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 10 });
  });

  it('does not take back pairs of a cancelled order that Apple calls short afterwards', async () => {
    for (const serialNumber of serials(4, 900)) {
      virtual.simulator.admin.addAssignment(UID, { adamId: APP, serialNumber });
    }
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(12) });
    await virtual.advanceUntil(
      'two of twelve wait',
      async () => (await virtual.order(orderId))?.waiting === 2,
    );
    await virtual.until(cancelWaiting(virtual.edge, { orderId }, OWNER));
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 6, cancelled: 6 });
    expect(await virtual.pairs(APP)).toEqual({ assigned: virtual.atApple(APP).slice(0, 6) });
  });

  it('never shows an unlimited asset as short', async () => {
    await virtual.close();
    virtual = await VirtualSeatbook.imported([asset(APP, 0, { unlimited: true })]);
    const { orderId } = await virtual.place({
      assets: [stdq(APP)],
      serialNumbers: serials(2_500),
      ifShort: 'refuse',
    });
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 2_500 });
    expect(await virtual.assetDocument(APP)).toMatchObject({ unlimited: true, owned: null, assigned: 2_500 });
  });
});

describe('a reserve', () => {
  it('fills first when licences come back or are bought, and is given to orders that name it', async () => {
    const virtual = await VirtualSeatbook.imported([asset(APP, 10)]);
    const keepBack = (licences: number): Promise<unknown> =>
      virtual.until(setReserve(virtual.edge, { uId: UID, asset: stdq(APP), licences }, OWNER));
    const order = { kind: 'AssignLicense', uId: UID, ifShort: 'wait', platform: null } as const;
    const shown = async (): Promise<unknown> => {
      const document = await virtual.assetDocument(APP);
      const [available, inReserve, unreserved] = [availableOf, inReserveOf, unreservedOf].map((of) =>
        of(document),
      );
      return { available, inReserve, unreserved, waiting: document.waiting };
    };
    await keepBack(5);
    const other = { ...order, assets: [stdq(APP)], serialNumbers: serials(8) };
    const plan = await virtual.until(planOrder(virtual.edge, other));
    expect(plan.assets).toMatchObject([{ sent: 5, waiting: 3, waitingReason: 'reserved' }]);
    const { orderId } = await virtual.place(other);
    await virtual.advance(60_000);
    expect(await shown()).toEqual({ available: 5, inReserve: 5, unreserved: 0, waiting: 3 });

    const named = await virtual.place({ ...other, serialNumbers: serials(4, 50), fromReserve: true });
    expect((await virtual.finished(named.orderId)).final).toMatchObject({ assigned: 4 });
    expect(await shown()).toEqual({ available: 1, inReserve: 1, unreserved: 0, waiting: 3 });

    const back = { ...order, kind: 'ReturnLicense', assets: [stdq(APP)], serialNumbers: serials(2) } as const;
    await virtual.finished((await virtual.place(back)).orderId);
    await virtual.advance(60_000);
    expect(await shown()).toEqual({ available: 3, inReserve: 3, unreserved: 0, waiting: 3 });

    virtual.simulator.admin.purchase(UID, { adamId: APP, count: 4 });
    await virtual.advance(20 * 60_000);
    expect(await shown()).toEqual({ available: 5, inReserve: 5, unreserved: 0, waiting: 1 });

    await keepBack(3);
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 8 });
    expect(await shown()).toEqual({ available: 4, inReserve: 3, unreserved: 1, waiting: 0 });
    await virtual.close();
  });
});

describe('a forecast', () => {
  const DAY_MS = 86_400_000;

  it('tells the day on which the licences are used up by what was used on the whole days before', async () => {
    const virtual = await VirtualSeatbook.imported([asset(APP, 50)]);
    const forecast = (position?: Position) =>
      virtual.until(forecastAsset(virtual.edge, { uId: UID, asset: stdq(APP), position }));
    expect(await forecast()).toMatchObject({ outlook: 'too-little-data', unreserved: 50, days: [] });
    for (let day = 0; day < 8; day += 1) {
      virtual.clock.set(DAY_MS);
      const order = { assets: [stdq(APP)], serialNumbers: serials(3, 10 * day) };
      await virtual.finished((await virtual.place(order)).orderId);
      const back = { ...order, kind: 'ReturnLicense', serialNumbers: serials(1, 10 * day) } as const;
      await virtual.finished((await virtual.place(back)).orderId);
    }
    virtual.clock.set(DAY_MS);
    await virtual.settle();
    const found = await forecast();
    const { days, perDay, unreserved, exhaustedAt } = found;
    expect(found).toMatchObject({ outlook: 'exhausting', unreserved: 34, perDay: { mean: 2, low: 2 } });
    expect(days.map(({ assigned, returned }) => assigned - returned)).toEqual(Array(8).fill(2));
    const left = (unreserved ?? 0) / (perDay?.mean ?? 0);
    expect(exhaustedAt).toBe(virtual.clock.now() + left * DAY_MS);
    const reserve = { uId: UID, asset: stdq(APP), licences: 34 };
    const { position } = await virtual.until(setReserve(virtual.edge, reserve, OWNER));
    expect(await forecast(position)).toMatchObject({ outlook: 'exhausted', unreserved: 0 });
    await virtual.close();
  });
});

describe('licences that come and go at Apple', () => {
  const ELSEWHERE = '7700000000000002';
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 10)]);
    const { admin } = virtual.simulator;
    admin.createLocation({ uId: ELSEWHERE, name: 'Hamburg', country: 'DE' });
    admin.addAssets(ELSEWHERE, [asset(APP, 5)]);
  });
  afterEach(() => virtual.close());

  const order = (holders: readonly string[], more: object = {}) =>
    virtual.place({ assets: [stdq(APP)], serialNumbers: holders, ...more });

  const changes: Readonly<Record<string, () => unknown>> = {
    'a purchase': () => virtual.simulator.admin.purchase(UID, { adamId: APP, count: 2 }),
    'a transfer from another location': () =>
      virtual.simulator.admin.transfer(ELSEWHERE, { adamId: APP, count: 2, to: UID }),
    'a return': () => order(serials(2), { kind: 'ReturnLicense' }),
  };
  const announced = [
    ['announced', 0, 60_000],
    // In the next round; the outcome of the call is not announced either and is asked for.
    ['unannounced', 1, 25 * 60_000],
  ] as const;

  it.each(Object.keys(changes).flatMap((what) => announced.map((how) => [what, ...how] as const)))(
    'serve the waiting list in its order by themselves: %s, %s',
    async (what, _how, drop, within) => {
      const first = await order(serials(13));
      await virtual.settle();
      const second = await order(serials(2, 50));
      await virtual.advance(60_000);
      virtual.simulator.admin.setFaults({ notifications: { drop } });
      await changes[what]?.();
      await virtual.advance(within);
      expect(await virtual.order(first.orderId)).toMatchObject({ waiting: 1, final: { assigned: 12 } });
      expect(await virtual.order(second.orderId)).toMatchObject({ waiting: 2, final: { assigned: 0 } });
      expect(virtual.atApple(APP)).toEqual(expect.arrayContaining(serials(2, 10)));
    },
  );

  it('leave fewer for those who wait, reserved ones included: a refund, and a transfer to another location', async () => {
    const { admin } = virtual.simulator;
    const reserve = { uId: UID, asset: stdq(APP), licences: 6 };
    await virtual.until(setReserve(virtual.edge, reserve, OWNER));
    const beside = await order(serials(5));
    await virtual.advance(60_000);
    expect(await virtual.assetDocument(APP)).toMatchObject({ owned: 10, assigned: 4, waiting: 1 });
    const shown = async () => {
      const document = await virtual.assetDocument(APP);
      return [document.owned, availableOf(document), inReserveOf(document), document.waiting];
    };
    admin.refund(UID, { adamId: APP, count: 2 });
    await virtual.advance(60_000);
    expect(await shown()).toEqual([8, 4, 4, 1]);
    admin.transfer(UID, { adamId: APP, count: 3, to: ELSEWHERE });
    await virtual.advance(60_000);
    expect(await shown()).toEqual([5, 1, 1, 1]);
    const named = await order(serials(2, 50), { fromReserve: true });
    await virtual.advance(60_000);
    expect(await virtual.order(named.orderId)).toMatchObject({ waiting: 1, final: { assigned: 1 } });
    expect(await shown()).toEqual([5, 0, 0, 2]);

    // Those in use are refunded, too: what is given back then is owed, and serves nobody.
    admin.refund(UID, { adamId: APP, count: 2, force: true });
    await virtual.advance(60_000);
    await virtual.finished((await order(serials(2), { kind: 'ReturnLicense' })).orderId);
    await virtual.advance(60_000);
    expect(await shown()).toEqual([3, 0, 0, 2]);
    admin.purchase(UID, { adamId: APP, count: 2 });
    await virtual.advance(60_000);
    expect((await virtual.order(named.orderId))?.final).toMatchObject({ assigned: 2 });
    expect(await virtual.order(beside.orderId)).toMatchObject({ waiting: 1 });
    expect(await shown()).toEqual([5, 1, 1, 1]);
  });

  it('are gone for those who wait where another tool is faster, and their orders are told so', async () => {
    const { orderId } = await order(serials(12));
    await virtual.advance(60_000);
    virtual.simulator.admin.setFaults({ notifications: { drop: 1 } });
    virtual.simulator.admin.purchase(UID, { adamId: APP, count: 1 });
    virtual.simulator.admin.addAssignment(UID, { adamId: APP, serialNumber: serials(1, 11)[0] ?? '' });
    await virtual.advance(20 * 60_000);
    expect(await virtual.order(orderId)).toMatchObject({ waiting: 1, final: { assigned: 11 } });
    expect(virtual.atApple(APP)).toEqual([...serials(10), ...serials(1, 11)]);
    expect(await virtual.assetDocument(APP)).toMatchObject({ owned: 11, assigned: 11, waiting: 1 });
  });
});
