import {
  getTimeline,
  giveUpLocation,
  importToken,
  listOrders,
  placeOrder,
  removeAccount,
  renewToken,
  takeOver,
} from '@seatbook/application';
import { notificationUrlOf } from '@seatbook/licensing';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APPS = ['900000001', '900000002'];
const [APP = ''] = APPS;
const MINUTE = 60_000;
const OTHER = { id: 'other-mdm', name: 'Other MDM', metadata: '' };

let virtual: VirtualSeatbook;
beforeEach(async () => {
  virtual = await VirtualSeatbook.imported([
    asset(APP, 20),
    asset('900000002', 20),
    asset('900000003', 20, { revocable: false }),
  ]);
});
afterEach(() => virtual.close());

const giveUp = (licences: 'return' | 'keep') =>
  virtual.until(giveUpLocation(virtual.edge, { uId: UID, licences }, OWNER));
const takeBack = () => virtual.until(takeOver(virtual.edge, { uId: UID }, OWNER));
const remove = () => virtual.until(removeAccount(virtual.edge, { uId: UID }, OWNER));
const atApple = () => virtual.simulator.admin.locations().find(({ uId }) => uId === UID) ?? {};
/** Requests with a token; reading the limits needs none. */
const requests = (): number =>
  virtual.simulator.admin.requests(0, 100_000).filter(({ path }) => !path.includes('service/config')).length;
const typesOf = async (): Promise<string[]> => (await virtual.events()).map(({ type }) => type);
const isGivenUp = async (): Promise<boolean> => (await virtual.account())?.givenUp?.at != null;
const nothingOpen = async (): Promise<void> => {
  for (const state of ['waiting', 'reserved', 'claimed', 'returning'])
    for (const adamId of APPS) expect((await virtual.pairs(adamId))[state] ?? []).toEqual([]);
  expect(await virtual.stores.progress.countParked()).toBe(0);
};

describe('a location that is given up', () => {
  it('returns what it can, tells Apple, and is asked of nothing any more', async () => {
    const held = [...APPS, '900000003'].map(stdq);
    const { orderId } = await virtual.place({ assets: held, serialNumbers: serials(10) });
    await virtual.finished(orderId);
    // Some wait, and some are on their way.
    const later = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(15, 100) });
    await giveUp('return');
    await virtual.advanceUntil('it is given up', isGivenUp);
    for (const adamId of APPS) expect(virtual.atApple(adamId)).toEqual([]);
    expect(virtual.atApple('900000003')).toEqual(serials(10));
    expect((await virtual.finished(later.orderId)).state).toBe('finished');
    await nothingOpen();
    expect(await virtual.account()).toMatchObject({
      usable: false,
      owned: false,
      givenUp: { licences: 'return', kept: 10 },
    });
    expect(atApple()).toMatchObject({ mdmInfo: { id: 'released' }, notificationTypes: [] });
    expect((await typesOf()).filter((type) => type === 'account.given-up')).toHaveLength(1);
    expect(await typesOf()).not.toContain('account.conflicted');

    const asked = requests();
    const refused = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(2) });
    expect((await virtual.finished(refused.orderId)).final).toMatchObject({ refused: 2 });
    await virtual.advance(60 * MINUTE);
    expect(requests()).toBe(asked);
  });

  it('keeps what its holders have where that is asked for; who waits gets none', async () => {
    const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(10) });
    await virtual.finished(orderId);
    const waiting = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(30, 100) });
    await virtual.advance(MINUTE);
    await giveUp('keep');
    await virtual.advanceUntil('it is given up', isGivenUp);
    expect((await virtual.finished(waiting.orderId)).final).toMatchObject({ assigned: 10, cancelled: 20 });
    expect(virtual.atApple(APP)).toHaveLength(20);
    await nothingOpen();
    expect((await virtual.account())?.givenUp).toMatchObject({ licences: 'keep', kept: 30 });
  });

  it('comes through a crash at every append, and is told to Apple once', async () => {
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    await virtual.finished(orderId);
    for (let append = 1; append <= 12 && !(await isGivenUp()); append += 1) {
      virtual.dieAt = { append: virtual.appends + append, when: append % 2 === 0 ? 'before' : 'after' };
      const asked = giveUpLocation(virtual.edge, { uId: UID, licences: 'return' }, OWNER);
      asked.catch(() => undefined);
      await virtual.advance(MINUTE);
      virtual.dieAt = null;
      await virtual.restart();
    }
    await virtual.advanceUntil('it is given up', isGivenUp);
    expect(virtual.atApple(APP)).toEqual([]);
    await nothingOpen();
    expect((await typesOf()).filter((type) => type === 'account.given-up')).toHaveLength(1);
  });

  it('waits for a token that works, and goes on with it', async () => {
    const { admin } = virtual.simulator;
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    await virtual.finished(orderId);
    admin.setTokenState(UID, 'revoked');
    await giveUp('return');
    await virtual.advance(10 * MINUTE);
    expect(await virtual.account()).toMatchObject({ tokenState: 'revoked', givenUp: { at: null } });
    admin.setTokenState(UID, 'active');
    const file = admin.issueToken(UID).token;
    await virtual.until(renewToken(virtual.edge, { uId: UID, file }, OWNER));
    await virtual.advanceUntil('it is given up', isGivenUp);
    expect(virtual.atApple(APP)).toEqual([]);
  });

  it('leaves alone what another MDM has taken meanwhile', async () => {
    const { admin } = virtual.simulator;
    admin.takeOver(UID, OTHER);
    await giveUp('keep');
    await virtual.advance(5 * MINUTE);
    expect(atApple()).toMatchObject({ mdmInfo: OTHER });
    const { conflict, givenUp } = (await virtual.account()) ?? {};
    expect(conflict !== null || givenUp?.at != null).toBe(true);
  });

  it('is taken back by a takeover, and takes orders again', async () => {
    await giveUp('keep');
    await virtual.advanceUntil('it is given up', isGivenUp);
    await takeBack();
    await virtual.advance(MINUTE);
    expect(await virtual.account()).toMatchObject({
      usable: true,
      owned: true,
      givenUp: null,
      subscribed: true,
    });
    expect(atApple()).toMatchObject({ notificationUrl: notificationUrlOf('https://seatbook.test', UID) });
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(2) });
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 2 });
  });

  it('is refused where another MDM has it', async () => {
    virtual.simulator.admin.takeOver(UID, OTHER);
    await virtual.advance(20 * MINUTE);
    await expect(giveUp('keep')).rejects.toMatchObject({ code: 'REJECTED_NOT_OURS' });
  });
});

describe('an account that is removed', () => {
  const timeline = async (): Promise<readonly string[]> => {
    const { rows } = await virtual.until(
      getTimeline(virtual.edge, {
        subject: { kind: 'account', id: UID },
        newestFirst: true,
        part: { limit: 100 },
      }),
    );
    return rows.map(({ event }) => event.type);
  };

  it('is not removed while it works, and is after it was given up: its history stays, its secrets go', async () => {
    await expect(remove()).rejects.toMatchObject({ code: 'REJECTED_ACCOUNT_IN_USE' });
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    await virtual.finished(orderId);
    await giveUp('keep');
    await virtual.advanceUntil('it is given up', isGivenUp);
    await remove();
    await virtual.advance(MINUTE);
    expect(await virtual.account()).toBeNull();
    expect(await virtual.stores.secrets.names('')).toEqual([]);
    expect(await timeline()).toEqual(expect.arrayContaining(['account.removed', 'account.imported']));
    const { rows } = await virtual.until(
      listOrders(virtual.edge, { accountId: UID, holders: [], part: { limit: 10 } }),
    );
    expect(rows.map(({ order }) => order.orderId)).toContain(orderId);
    const before = (await virtual.events()).length;
    await virtual.advance(60 * MINUTE);
    expect((await virtual.events()).length).toBe(before);
    expect((await typesOf()).filter((type) => type === 'account.removed')).toHaveLength(1);
  });

  it.each(['another MDM has its location', 'its token is dead'])(
    'where %s ends what is open, and can be imported again',
    async (why) => {
      const { admin } = virtual.simulator;
      const held = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(4) });
      await virtual.finished(held.orderId);
      if (why === 'its token is dead') admin.setTokenState(UID, 'revoked');
      else admin.takeOver(UID, OTHER);
      const orders = [
        await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(30, 100) }),
        await virtual.place({
          kind: 'ReturnLicense',
          assets: [stdq(APP)],
          serialNumbers: serials(2),
        }),
      ];
      await virtual.advance(20 * MINUTE);
      expect(await virtual.account()).toMatchObject({ usable: false });
      await remove();
      for (const { orderId } of orders) await virtual.finished(orderId);
      await nothingOpen();
      await virtual.advance(MINUTE);
      expect(await virtual.stores.secrets.names('token/')).toEqual([]);

      const settings = { name: 'Berlin again', platform: 'iOS', assignmentType: 'device' } as const;
      const file = admin.issueToken(UID).token;
      await virtual.until(importToken(virtual.edge, { file, settings, takeOver: true }, OWNER));
      await virtual.advance(MINUTE);
      expect(await virtual.account()).toMatchObject({ usable: true, owned: true, name: 'Berlin again' });
      expect((await virtual.account())?.firstReadAt).not.toBeNull();
      // Whether what had been on its way back was done is a matter of reconciliation.
      expect((await virtual.pairs(APP))['assigned']).toEqual(expect.arrayContaining(virtual.atApple(APP)));
      admin.purchase(UID, { adamId: APP, count: 10 });
      await virtual.advance(MINUTE);
      const request = { uId: UID, assets: [stdq(APP)], serialNumbers: serials(3, 500) };
      const order = await virtual.until(
        placeOrder(
          virtual.edge,
          { ...request, kind: 'AssignLicense', ifShort: 'wait', platform: null },
          OWNER,
        ),
      );
      expect((await virtual.finished(order.orderId)).final).toMatchObject({ assigned: 3 });
    },
  );
});
