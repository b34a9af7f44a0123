import { VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';
import { UID } from '@seatbook/test-support/virtual-seatbook';

const MINUTE = 60_000;
const APPS = ['900000001', '900000002', '900000003', '900000004', '900000005'];

function locationWith3000(virtual: VirtualSeatbook): void {
  virtual.createLocation(
    APPS.map((adamId, index) => asset(adamId, 1_000, index === 4 ? { unlimited: true } : {})),
  );
  APPS.forEach((adamId, index) =>
    virtual.simulator.admin.seedAssignments(UID, { adamId, serialNumbers: serials(600, index * 100) }),
  );
}

async function expectSameAsApple(virtual: VirtualSeatbook): Promise<void> {
  const counts = new Map(virtual.simulator.admin.assets(UID).map((counted) => [counted.adamId, counted]));
  for (const adamId of APPS) {
    expect(await virtual.pairs(adamId)).toEqual({ assigned: virtual.atApple(adamId) });
    const ours = await virtual.assetDocument(adamId);
    const theirs = counts.get(adamId);
    expect(ours.assigned).toBe(theirs?.assigned);
    if (ours.unlimited) expect(ours.owned).toBeNull();
    else expect(ours.owned).toBe(theirs?.total);
  }
}

describe('an asset of which nobody held a licence when it was first listed', () => {
  it.each([{}, { unlimited: true }])('is walked once others take licences of it (%j)', async (more) => {
    const virtual = await VirtualSeatbook.imported([asset('900000001', 50, more)]);
    const { admin } = virtual.simulator;
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(5) });
    await virtual.finished(orderId);
    for (const serialNumber of serials(7, 900))
      admin.addAssignment(UID, { adamId: '900000001', serialNumber });
    await virtual.advance(20 * 60_000);
    expect(virtual.atApple('900000001')).toHaveLength(12);
    expect(await virtual.pairs('900000001')).toEqual({ assigned: virtual.atApple('900000001') });
    const types = (await virtual.events()).map(({ type }) => type);
    expect(types.filter((type) => type === 'reconciliation.walks-queued')).toHaveLength(1);
    await virtual.close();
  });
});

describe('the first read of a location', () => {
  let virtual: VirtualSeatbook;
  afterEach(() => virtual.close());

  it('a27: an app that the store tells nothing of any more is shown as such, with what was known of it, until it is told of again', async () => {
    const timings = { metadataEveryMs: 2 * MINUTE };
    virtual = await VirtualSeatbook.imported([asset('900000001', 5), asset('900000002', 5)], { timings });
    await virtual.advance(MINUTE);
    const { admin } = virtual.simulator;
    const untold = async (adamId: string) => (await virtual.assetDocument(adamId)).untoldSince;
    expect(await untold('900000001')).toBeNull();
    admin.setContent('900000001', { availability: 'delisted' });
    const before = virtual.clock.now();
    await virtual.advance(3 * MINUTE);
    const since = await untold('900000001');
    expect(since).toBeGreaterThan(before);
    expect(await virtual.assetDocument('900000001')).toMatchObject({ name: 'App 900000001', owned: 5 });
    expect(await untold('900000002')).toBeNull();
    // What is said once more is not news.
    await virtual.advance(3 * MINUTE);
    expect(await untold('900000001')).toBe(since);
    admin.setContent('900000001', { availability: 'listed' });
    await virtual.advance(3 * MINUTE);
    expect(await untold('900000001')).toBeNull();
  });

  it('adopts what Apple holds: pairs and counts are the same on both sides', async () => {
    virtual = await VirtualSeatbook.open();
    locationWith3000(virtual);
    await virtual.import();
    await virtual.advance(10_000);
    await expectSameAsApple(virtual);
    const account = await virtual.account();
    expect(account?.firstReadAt).not.toBeNull();
    expect((await virtual.assetDocument('900000005')).unlimited).toBe(true);
    expect((await virtual.assetDocument('900000001')).name).toBe('App 900000001');
    expect(virtual.simulator.admin.stats().parallelPageViolations).toBe(0);
    expect(virtual.simulator.admin.stats().rateLimitViolations).toBe(0);
  });

  it('walks again while the data moves under it and adopts in the end', async () => {
    virtual = await VirtualSeatbook.open();
    locationWith3000(virtual);
    virtual.simulator.admin.setFaults({ pageSize: 50, moveVersionDuringWalk: { times: 4 } });
    await virtual.import();
    await virtual.advance(60_000);
    await expectSameAsApple(virtual);
  });

  it('lets pairs wait until the baseline is known and serves them from it', async () => {
    virtual = await VirtualSeatbook.open();
    locationWith3000(virtual);
    virtual.simulator.admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
    await virtual.import();
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(10, 595) });
    await virtual.settle();
    expect((await virtual.order(orderId))?.state).not.toBe('finished');
    const { final } = await virtual.finished(orderId);
    expect(final).toMatchObject({ assigned: 10 });
    expect(virtual.atApple('900000001')).toEqual(serials(605));
    expect((await virtual.pairs('900000001')).assigned).toEqual(serials(605));
  });

  it('refuses what was ordered before the list was read and is not on it', async () => {
    virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset('900000001', 10)]);
    virtual.simulator.admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
    await virtual.import();
    const order = { assets: [stdq('900000001'), stdq('999999999')], serialNumbers: serials(3) };
    const { orderId } = await virtual.place(order, 'early');
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 3, refused: 3 });
    expect(await virtual.order(orderId)).toMatchObject({
      refusals: [{ adamId: '999999999', refusal: 'UNKNOWN_ASSET', pairs: 3 }],
    });
    await virtual.advance(60_000);
    expect((await virtual.account())?.firstReadAt).not.toBeNull();
    await expect(
      virtual.place({ assets: [stdq('999999999')], serialNumbers: serials(3) }),
    ).rejects.toMatchObject({ code: 'REJECTED_UNKNOWN_ASSET' });
    // The same request again is the order that it placed.
    expect(await virtual.place(order, 'early')).toMatchObject({ orderId, repeated: true });
  });

  it('is not delayed when names cannot be read, and gets them later', async () => {
    virtual = await VirtualSeatbook.open();
    locationWith3000(virtual);
    virtual.simulator.admin.addErrorRule({ match: { path: '/WebObjects' }, times: 3, html: true });
    await virtual.import();
    await virtual.advance(10_000);
    await expectSameAsApple(virtual);
    expect((await virtual.assetDocument('900000001')).name).toBeNull();
    await virtual.advance(20 * 60_000);
    expect((await virtual.assetDocument('900000001')).name).toBe('App 900000001');
  });

  it('carries on after the process died in the middle of it', async () => {
    virtual = await VirtualSeatbook.open();
    locationWith3000(virtual);
    virtual.dieAt = { append: 25, when: 'after' };
    // It may die while the import still waits for its answer.
    await virtual.import().catch(() => undefined);
    await virtual.advance(10_000);
    expect(virtual.dead).toBe(true);
    virtual.dieAt = null;
    await virtual.restart();
    await virtual.advance(30_000);
    await expectSameAsApple(virtual);
  });

  it('keeps persons out of the log', async () => {
    virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset('900000001', 10)]);
    const { admin } = virtual.simulator;
    admin.seedUsers(UID, [
      { clientUserId: 'kim.client-4711', email: 'kim@example.test', status: 'Registered' },
    ]);
    admin.seedAssignments(UID, { adamId: '900000001', clientUserIds: ['kim.client-4711'] });
    await virtual.import();
    await virtual.advance(10_000);
    expect((await virtual.assetDocument('900000001')).assigned).toBe(1);
    const log = JSON.stringify(await virtual.events());
    expect(log).not.toContain('kim');
    const [userId = ''] = (await virtual.pairs('900000001')).assigned ?? [];
    expect(await virtual.stores.directory.entries([userId])).toMatchObject([
      { clientUserId: 'kim.client-4711' },
    ]);
  });
});
