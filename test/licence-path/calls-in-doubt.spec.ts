import { takeOver } from '@seatbook/application';
import { DEFAULT_TIMINGS } from '@seatbook/licensing';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
/** With two assets more than one request would tell what Apple has done. */
const OTHER = '900000002';
const BOTH = [APP, OTHER];
const ASSOCIATE = { path: '/mdm/v2/assets/associate' };
const HOUR = 3_600_000;

describe('calls in doubt', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported(BOTH.map((adamId) => asset(adamId, 400)));
  });
  afterEach(() => virtual.close());

  const types = async (): Promise<string[]> => (await virtual.events()).map(({ type }) => type);
  const has = async (type: string): Promise<boolean> => (await types()).includes(type);

  it('a refusal of the second attempt does not undo what the first, unanswered one has done', async () => {
    const { admin } = virtual.simulator;
    // Attempt 1 is carried out and its answer is lost; attempt 2 is refused as a whole: Apple lowered its limit.
    admin.addErrorRule({ match: ASSOCIATE, times: 1, resetAfter: true });
    admin.addErrorRule({ match: ASSOCIATE, times: 1, errorNumber: 9_702 });
    await virtual.place({ assets: BOTH.map(stdq), serialNumbers: serials(4) });
    await virtual.advanceUntil('attempt 1 is over', () => has('call.attempt-failed'));
    const order = { kind: 'ReturnLicense', assets: [stdq(APP)], serialNumbers: serials(2) } as const;
    const { orderId } = await virtual.place(order);
    expect((await virtual.finished(orderId)).final).toMatchObject({ returned: 2 });
    expect(virtual.atApple(APP)).toEqual(serials(2, 2));
    expect((await virtual.pairs(APP))['assigned']).toEqual(virtual.atApple(APP));
  });

  it('a failure of a single pair in the second attempt does not undo what the first one has done', async () => {
    const { admin } = virtual.simulator;
    admin.addErrorRule({ match: ASSOCIATE, times: 1, resetAfter: true });
    const { orderId } = await virtual.place({ assets: BOTH.map(stdq), serialNumbers: serials(4) });
    await virtual.advanceUntil('attempt 1 is over', () => has('call.attempt-failed'));
    admin.failPairs([{ adamId: APP, serialNumber: serials(1)[0], errorNumber: 9_602, times: 1 }]);
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 8 });
    expect((await virtual.pairs(APP))['assigned']).toEqual(virtual.atApple(APP));
  });

  describe('are not over while Apple may still get to what was sent without an answer', () => {
    const MINUTES = 60_000;

    it('associating: what is wanted back meanwhile is given back', async () => {
      const { admin } = virtual.simulator;
      admin.setFaults({ eventDelayMs: { min: 2 * MINUTES, max: 2 * MINUTES } });
      admin.addErrorRule({ match: ASSOCIATE, times: 1, resetAfter: true });
      admin.addErrorRule({ match: ASSOCIATE, times: 1, errorNumber: 9_702 });
      await virtual.place({ assets: BOTH.map(stdq), serialNumbers: serials(4) });
      await virtual.advanceUntil('Apple was read too early', () => has('call.outcome-open'));
      const order = { kind: 'ReturnLicense', assets: [stdq(APP)], serialNumbers: serials(2) } as const;
      const { orderId } = await virtual.place(order);
      expect((await virtual.finished(orderId)).final).toMatchObject({ returned: 2 });
      await virtual.advance(HOUR);
      expect(virtual.atApple(APP)).toEqual(serials(2, 2));
      expect((await virtual.pairs(APP))['assigned']).toEqual(virtual.atApple(APP));
      expect(await has('asset.claims-released')).toBe(false);
    });

    it('disassociating: what Apple refuses afterwards is not held on', async () => {
      const { admin } = virtual.simulator;
      const pairs = { assets: [stdq(APP)], serialNumbers: serials(1) };
      await virtual.finished((await virtual.place(pairs)).orderId);
      admin.setFaults({ eventDelayMs: { min: 2 * MINUTES, max: 2 * MINUTES } });
      const match = { path: '/mdm/v2/assets/disassociate' };
      admin.addErrorRule({ match, times: 1, resetAfter: true });
      admin.addErrorRule({ match, times: 1, errorNumber: 9_706 });
      const { orderId } = await virtual.place({ kind: 'ReturnLicense', ...pairs });
      await virtual.advanceUntil('Apple was read too early', () => has('call.outcome-open'));
      expect((await virtual.finished(orderId)).final).toMatchObject({ returned: 1 });
      expect(virtual.atApple(APP)).toEqual([]);
    });

    it('what Apple has not done by then is judged', async () => {
      const { admin } = virtual.simulator;
      admin.addErrorRule({ match: ASSOCIATE, times: 1, resetBefore: true });
      admin.failPairs([{ adamId: APP, serialNumber: serials(1)[0], times: 1, errorNumber: 9_602 }]);
      const before = virtual.clock.now();
      const { orderId } = await virtual.place({ assets: BOTH.map(stdq), serialNumbers: serials(3) });
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 5, failed: 1 });
      const { effectWithinMs } = DEFAULT_TIMINGS;
      expect(virtual.clock.now() - before).toBeGreaterThanOrEqual(effectWithinMs);
      expect(virtual.clock.now() - before).toBeLessThan(effectWithinMs + MINUTES);
    });
  });

  it('an outage of eight hours leaves nothing parked, and everything finishes by itself', async () => {
    const { admin } = virtual.simulator;
    admin.addErrorRule({ match: ASSOCIATE, times: 'forever', status: 503 });
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    await virtual.advance(8 * HOUR);
    expect((await types()).filter((type) => type === 'call.started').length).toBeLessThan(40);
    expect(await virtual.stores.progress.countParked()).toBe(0);
    admin.clearErrorRules();
    expect((await virtual.finished(orderId, 3 * HOUR)).final).toMatchObject({ assigned: 3 });
  });

  it('hours without an answer are followed by a look, and what Apple has is not asked for again', async () => {
    const { admin } = virtual.simulator;
    admin.addErrorRule({ match: ASSOCIATE, times: 'forever', resetAfter: true });
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    expect((await virtual.finished(orderId, 9 * HOUR)).final).toMatchObject({ assigned: 3 });
    expect(await has('call.accepted')).toBe(false);
    expect((await virtual.pairs(APP))['assigned']).toEqual(serials(3));
  });

  it('a look that Apple cannot answer for a minute is made again by itself', async () => {
    const { admin } = virtual.simulator;
    admin.addErrorRule({ match: ASSOCIATE, times: 1, resetAfter: true });
    admin.failPairs([{ adamId: APP, serialNumber: serials(1)[0], errorNumber: 9_709, times: 2 }]);
    const { orderId } = await virtual.place({ assets: BOTH.map(stdq), serialNumbers: serials(3) });
    await virtual.advanceUntil('attempt 2 is accepted', () => has('call.accepted'));
    admin.addErrorRule({ match: { path: '/mdm/v2/assignments' }, times: 'forever', status: 503 });
    await virtual.advanceUntil('a look failed', () => has('call.verification-failed'));
    await virtual.advance(60_000);
    expect(await virtual.stores.progress.countParked()).toBe(0);
    admin.clearErrorRules();
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 6 });
  });

  describe('are looked for before they are sent again, where one request tells', () => {
    const sent = (): number =>
      virtual.simulator.admin.requests(0, 10_000).filter(({ path }) => path.startsWith(ASSOCIATE.path))
        .length;

    it.each([
      ['an answer is lost', { resetAfter: true }],
      ['no answer comes', { dead: 'after' as const }],
    ])('%s', async (_what, fault) => {
      virtual.simulator.admin.addErrorRule({ match: ASSOCIATE, times: 1, ...fault });
      const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(200) });
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 200 });
      expect(sent()).toBe(1);
    });

    it('the process dies while Apple answers', async () => {
      virtual.simulator.admin.addErrorRule({ match: ASSOCIATE, times: 1, delayMs: 20_000 });
      const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(200) });
      await virtual.advanceUntil('it is sent', () => sent() === 1);
      await virtual.advance(25_000);
      await virtual.kill();
      await virtual.start();
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 200 });
      expect(sent()).toBe(1);
    });

    it('an event stays pending for longer than Apple says', async () => {
      virtual.simulator.admin.setFaults({ notifications: { drop: 1 } });
      virtual.simulator.admin.addErrorRule({
        match: { path: '/mdm/v2/status' },
        times: 'forever',
        errorNumber: 9_708,
      });
      const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(200) });
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 200 });
      expect(sent()).toBe(1);
    });

    it('another MDM takes the location, and it is taken back', async () => {
      const { admin } = virtual.simulator;
      admin.takeOver(UID, { id: 'other', name: 'Other', metadata: '' });
      const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(96) });
      await virtual.advanceUntil('it is held', () => has('call.held'));
      await virtual.advance(60_000);
      await virtual.until(takeOver(virtual.edge, { uId: UID }, OWNER));
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 96 });
      expect(sent()).toBe(1);
    });

    it('what Apple has done of it is done, and what it has not done is sent, in time', async () => {
      virtual.simulator.admin.addErrorRule({ match: ASSOCIATE, times: 3, resetBefore: true });
      const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(50) });
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 50 });
      const attempts = (await types()).filter((type) => type === 'call.started').length;
      expect(attempts).toBe(4);
      expect((await types()).filter((type) => type === 'call.found-undone')).toHaveLength(3);
    });
  });

  it('a licence that Apple does not find for a minute is asked for again', async () => {
    virtual.simulator.admin.failPairs([
      { adamId: APP, serialNumber: serials(1)[0], errorNumber: 9_610, times: 2 },
    ]);
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 3 });
  });

  it('a licence that Apple never finds fails after some minutes, and the pair says so', async () => {
    const [serialNumber] = serials(1) as [string];
    virtual.simulator.admin.failPairs([{ adamId: APP, serialNumber, errorNumber: 9_610, times: 100 }]);
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    const before = virtual.clock.now();
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 2, failed: 1 });
    expect(virtual.clock.now() - before).toBeGreaterThan(120_000);
    const failed = (await virtual.events()).find(({ type }) => type === 'asset.licenses-failed');
    expect(failed?.data).toMatchObject({
      errorNumber: 9_610,
      reason: expect.stringContaining('licence') as string,
    });
  });
});
