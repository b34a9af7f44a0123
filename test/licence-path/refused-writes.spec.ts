import { getOrder, isHeld, listOutcomes } from '@seatbook/application';
import { VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APPS = ['900000001', '900000002'];
const HOUR = 3_600_000;
const WRITES = ['/mdm/v2/assets/associate', '/mdm/v2/assets/disassociate'];

describe('Apple refusing whatever is written, without a word of what is wrong', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported(APPS.map((adamId) => asset(adamId, 500)));
  });
  afterEach(() => virtual.close());

  const writesSent = (): number =>
    virtual.simulator.admin
      .requests(0, 100_000)
      .filter(({ path }) => WRITES.some((write) => path.startsWith(write))).length;

  it.each([9_602, 9_610])(
    'for a day (%i) costs few requests, is told in the account and in each order, alerts once, and ends by itself',
    async (errorNumber) => {
      const { admin } = virtual.simulator;
      const held = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(20) });
      await virtual.finished(held.orderId);
      for (const path of WRITES) admin.addErrorRule({ match: { path }, times: 'forever', errorNumber });
      const before = writesSent();
      const [app = ''] = APPS;
      const orders = [
        await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(200, 100) }),
        await virtual.place({ kind: 'ReturnLicense', assets: APPS.map(stdq), serialNumbers: serials(10) }),
      ];
      await virtual.advance(12 * HOUR);
      orders.push(await virtual.place({ assets: [stdq(app)], serialNumbers: serials(30, 5_000) }));
      await virtual.advance(12 * HOUR);

      expect(writesSent() - before).toBeGreaterThan(10);
      expect(writesSent() - before).toBeLessThanOrEqual(200);
      const now = virtual.clock.now();
      const { writesHeld, usable } = (await virtual.account()) ?? {};
      expect([usable, writesHeld?.errorNumber]).toEqual([true, errorNumber]);
      expect(now - (writesHeld?.since ?? 0)).toBeGreaterThan(23 * HOUR);
      expect(writesHeld?.probeAt).toBeGreaterThan(now);
      expect(writesHeld?.probeAt).toBeLessThanOrEqual(now + HOUR);
      for (const { orderId } of orders) {
        const { order, account } = await virtual.until(getOrder(virtual.edge, { orderId }));
        expect(isHeld(account)).toBe(true);
        expect(account?.writesHeld).toEqual(writesHeld);
        const { rows } = await virtual.until(
          listOutcomes(virtual.edge, { orderId, outcome: 'on-hold', part: { limit: 500 } }),
        );
        expect(rows).toHaveLength(order.pairs);
        for (const { heldBy } of rows) expect(heldBy?.writesHeld?.errorNumber).toBe(errorNumber);
      }
      const types = (await virtual.events()).map(({ type }) => type);
      expect(types.filter((type) => type === 'account.writes-held')).toHaveLength(1);
      expect(types).not.toContain('asset.licenses-failed');
      expect(await virtual.stores.progress.countParked()).toBe(0);

      admin.clearErrorRules();
      const finals = [];
      for (const { orderId } of orders) finals.push((await virtual.finished(orderId, 3 * HOUR)).final);
      expect(finals).toMatchObject([{ assigned: 400 }, { returned: 20 }, { assigned: 30 }]);
      expect(await virtual.account()).toMatchObject({ writesHeld: null });
      for (const adamId of APPS)
        expect((await virtual.pairs(adamId))['assigned']).toEqual(virtual.atApple(adamId));
    },
    240_000,
  );
});
