import { returnAll } from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';

/** No licence leaks: both sides have the same pairs in use, and everything else is free on both. */
async function expectNoLeak(virtual: VirtualSeatbook): Promise<void> {
  const counts = virtual.simulator.admin.assets(UID).find(({ adamId }) => adamId === APP);
  const document = await virtual.assetDocument(APP);
  expect(document).toMatchObject({ reserved: 0, returning: 0, assigned: counts?.assigned });
  expect((await virtual.pairs(APP)).assigned ?? []).toEqual(virtual.atApple(APP));
}

describe('a return', () => {
  it('at every point between plan and settlement leaks no licence', async () => {
    // The return is placed after the first, second, … event of the assignment, until the assignment is over.
    for (let point = 1; ; point += 1) {
      const virtual = await VirtualSeatbook.imported([asset(APP, 20)]);
      const before = (await virtual.events()).length;
      const assigning = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(20) });
      const reachedPoint = async (): Promise<boolean> => (await virtual.events()).length >= before + point;
      await virtual.advanceUntil(
        `event ${point}, or the end`,
        async () => (await reachedPoint()) || (await virtual.order(assigning.orderId))?.state === 'finished',
      );
      const over = (await virtual.order(assigning.orderId))?.state === 'finished';
      const returning = await virtual.place({
        kind: 'ReturnLicense',
        assets: [stdq(APP)],
        serialNumbers: serials(12),
      });
      const { final } = await virtual.finished(returning.orderId);
      expect({ point, returned: final.returned + final.notHeld }).toEqual({ point, returned: 12 });
      await virtual.finished(assigning.orderId);
      await virtual.advance(60_000);
      await expectNoLeak(virtual);
      const stayed = virtual.atApple(APP);
      expect(stayed.length === 8 || final.notHeld > 0).toBe(true);
      await virtual.close();
      if (over) break;
    }
  });

  it('at every moment of the call, by virtual time, leaks no licence', async () => {
    for (const delay of [0, 50, 150, 199, 200, 201, 250, 300, 500, 1_000, 1_500, 2_000, 2_500]) {
      const virtual = await VirtualSeatbook.imported([asset(APP, 20)], { seed: delay + 1 });
      const assigning = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(20) });
      await virtual.advance(delay);
      const returning = await virtual.place({
        kind: 'ReturnLicense',
        assets: [stdq(APP)],
        serialNumbers: serials(20),
      });
      await virtual.finished(assigning.orderId);
      expect((await virtual.finished(returning.orderId)).final.returned).toBe(20);
      await virtual.advance(30_000);
      expect(virtual.atApple(APP)).toEqual([]);
      await expectNoLeak(virtual);
      await virtual.close();
    }
  });

  it('and a new order for the same pairs meanwhile ends with the pairs assigned again', async () => {
    for (const delay of [0, 100, 250, 600, 1_500, 3_000]) {
      const virtual = await VirtualSeatbook.imported([asset(APP, 20)], { seed: delay + 1 });
      await virtual.finished(
        (await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(20) })).orderId,
      );
      const returning = await virtual.place({
        kind: 'ReturnLicense',
        assets: [stdq(APP)],
        serialNumbers: serials(20),
      });
      await virtual.advance(delay);
      const again = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(20) });
      const { final } = await virtual.finished(again.orderId);
      await virtual.finished(returning.orderId);
      await virtual.advance(30_000);
      // An order that came before the return was answered finds the pairs already held and changes nothing.
      expect({ delay, sum: final.assigned + final.alreadyHeld }).toEqual({ delay, sum: 20 });
      if (final.assigned === 20) expect(virtual.atApple(APP)).toEqual(serials(20));
      await expectNoLeak(virtual);
      await virtual.close();
    }
  });

  it('that has not begun is overruled by a new order, even when Apple cannot be asked for a while', async () => {
    const virtual = await VirtualSeatbook.imported([asset(APP, 20)]);
    virtual.simulator.admin.addErrorRule({
      match: { path: '/mdm/v2/assets/associate' },
      errorNumber: 9729,
      retryAfter: 600,
    });
    const first = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(20) });
    await virtual.advance(1_000);
    const returning = await virtual.place({
      kind: 'ReturnLicense',
      assets: [stdq(APP)],
      serialNumbers: serials(20),
    });
    await virtual.advance(1_000);
    const again = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(5) });
    expect((await virtual.finished(again.orderId)).final).toMatchObject({ alreadyHeld: 5 });
    expect((await virtual.finished(returning.orderId)).final).toMatchObject({ returned: 15, cancelled: 5 });
    expect((await virtual.finished(first.orderId)).final).toMatchObject({ assigned: 20 });
    await virtual.advance(30_000);
    expect(virtual.atApple(APP)).toEqual(serials(5));
    await expectNoLeak(virtual);
    await virtual.close();
  });

  it('a3: of all that a device holds goes over all assets of the account', async () => {
    const apps = [APP, '900000002', '900000003'];
    const virtual = await VirtualSeatbook.imported(apps.map((adamId) => asset(adamId, 20)));
    await virtual.finished(
      (await virtual.place({ assets: apps.map(stdq), serialNumbers: serials(5) })).orderId,
    );
    const { orderId } = await virtual.until(
      returnAll(virtual.edge, { uId: UID, holder: `d:${serials(1)[0] as string}` }, OWNER),
    );
    expect((await virtual.finished(orderId)).final).toMatchObject({ returned: 3 });
    for (const adamId of apps) expect(virtual.atApple(adamId)).toEqual(serials(4, 1));
    // They are free again.
    const again = await virtual.place({ assets: apps.map(stdq), serialNumbers: serials(16, 100) });
    expect((await virtual.finished(again.orderId)).final).toMatchObject({ assigned: 48 });
    await expect(
      virtual.until(returnAll(virtual.edge, { uId: UID, holder: 'd:NOTHINGHELD' }, OWNER)),
    ).rejects.toMatchObject({
      code: 'REJECTED_NOTHING_HELD',
    });
    await virtual.close();
  });

  it('a3: of an irrevocable asset is refused before Apple is asked', async () => {
    const virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset(APP, 20, { revocable: false })]);
    virtual.simulator.admin.seedAssignments(UID, { adamId: APP, serialNumbers: serials(3) });
    await virtual.import();
    await virtual.advance(5_000);
    const { orderId } = await virtual.place({
      kind: 'ReturnLicense',
      assets: [stdq(APP)],
      serialNumbers: serials(3),
    });
    expect(await virtual.finished(orderId)).toMatchObject({
      final: { refused: 3 },
      refusals: [{ refusal: 'NOT_REVOCABLE' }],
    });
    const sent = virtual.simulator.admin.requests().filter(({ path }) => path.endsWith('/disassociate'));
    expect(sent).toEqual([]);
    await virtual.close();
  });
});
