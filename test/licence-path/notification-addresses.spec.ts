import { notificationUrlOf } from '@seatbook/licensing';
import { UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const MOVED = 'https://moved.test';
const LOOK_MS = 600_000;

describe('the address for notifications', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    const timings = { addressEveryMs: LOOK_MS };
    virtual = await VirtualSeatbook.imported([asset('900000001', 10)], { timings });
  });
  afterEach(() => virtual.close());

  const atApple = (): unknown =>
    virtual.simulator.admin.locations().find(({ uId }) => uId === UID)?.['notificationUrl'];
  const types = async (): Promise<string[]> => (await virtual.events()).map(({ type }) => type);

  it('is given to Apple when another one is configured, once', async () => {
    await virtual.restart({ publicUrl: MOVED });
    await virtual.advance(5_000);
    expect(atApple()).toBe(notificationUrlOf(MOVED, UID));
    expect(await virtual.account()).toMatchObject({
      notificationUrl: notificationUrlOf(MOVED, UID),
      subscribed: true,
    });
    const before = await types();
    await virtual.restart();
    await virtual.advance(5_000);
    expect(await types()).toEqual(before);
  });

  it('is given to Apple again when Apple has lost it', async () => {
    const ours = atApple();
    virtual.simulator.admin.setNotificationUrl(UID, null);
    await virtual.advance(LOOK_MS + 5_000);
    expect(atApple()).toBe(ours);
    expect(await types()).toEqual(expect.arrayContaining(['account.address-lost']));
    expect(await virtual.account()).toMatchObject({ subscribed: true });
  });

  it('and a token that was revoked while no process ran: the look at it says so', async () => {
    await virtual.stop();
    virtual.simulator.admin.setTokenState(UID, 'revoked');
    virtual.clock.moveTo(virtual.clock.now() + LOOK_MS);
    await virtual.start();
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(3) });
    await virtual.advance(10_000);
    expect(await virtual.account()).toMatchObject({ tokenState: 'revoked', usable: false });
    expect(await virtual.order(orderId)).toMatchObject({ state: 'working' });
    expect(virtual.worker.gates.isOpen(UID)).toBe(false);
  });
});
