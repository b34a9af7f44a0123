import { getOrder, isHeld, listOutcomes } from '@seatbook/application';
import { VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APPS = ['900000001', '900000002'];

describe('Apple refusing whatever is written, without a word of what is wrong', () => {
  it('costs few requests, alerts once, and everything finishes by itself when that is over', async () => {
    const virtual = await VirtualSeatbook.imported(APPS.map((adamId) => asset(adamId, 500)));
    const { admin } = virtual.simulator;
    const writes = { path: '/mdm/v2/assets/associate' };
    admin.addErrorRule({ match: writes, times: 'forever', errorNumber: 9_602 });
    const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(200) });
    await virtual.advance(6 * 3_600_000);
    const sent = admin.requests().filter(({ path }) => path.startsWith(writes.path)).length;
    expect(sent).toBeGreaterThan(10);
    expect(sent).toBeLessThan(40);
    const types = (await virtual.events()).map(({ type }) => type);
    expect(types.filter((type) => type === 'account.writes-held')).toHaveLength(1);
    expect(types).not.toContain('asset.licenses-failed');
    expect(await virtual.account()).toMatchObject({ writesHeld: { errorNumber: 9_602 }, usable: true });
    expect(await virtual.stores.progress.countParked()).toBe(0);
    const { account } = await virtual.until(getOrder(virtual.edge, { orderId }));
    expect(isHeld(account)).toBe(true);
    const onHold = await virtual.until(
      listOutcomes(virtual.edge, { orderId, outcome: 'on-hold', part: { limit: 500 } }),
    );
    expect(onHold.rows).toHaveLength(400);
    for (const { heldBy } of onHold.rows) expect(heldBy?.writesHeld?.errorNumber).toBe(9_602);

    admin.clearErrorRules();
    expect((await virtual.finished(orderId, 2 * 3_600_000)).final).toMatchObject({ assigned: 400 });
    expect(await virtual.account()).toMatchObject({ writesHeld: null });
    for (const adamId of APPS) expect(virtual.atApple(adamId)).toEqual(serials(200));
    await virtual.close();
  });
});
