import { renewToken, importToken } from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APPS = Array.from({ length: 10 }, (_app, index) => String(900000001 + index));

const renew = (virtual: VirtualSeatbook, file: string, uId = UID) =>
  virtual.until(renewToken(virtual.edge, { uId, file }, OWNER));

/** Ten orders, one asset and ten devices of their own each: ten calls. */
async function placeTen(virtual: VirtualSeatbook): Promise<string[]> {
  const orders: string[] = [];
  for (const [index, adamId] of APPS.entries()) {
    const order = { assets: [stdq(adamId)], serialNumbers: serials(10, index * 10) };
    orders.push((await virtual.place(order)).orderId);
  }
  return orders;
}

const typesOf = async (virtual: VirtualSeatbook): Promise<string[]> =>
  (await virtual.events()).map(({ type }) => type);

describe('a token that dies while ten calls are ready to send', () => {
  it.each(['revoked', 'expired', 'invalid'] as const)(
    'when %s: no call starts after the answer, one alert, nothing fails, and renewal finishes everything',
    async (state) => {
      // Three requests at once, each answered after 2 seconds: the other calls are ready and wait for their turn.
      const virtual = await VirtualSeatbook.imported(
        APPS.map((adamId) => asset(adamId, 100)),
        { apple: { maxInFlight: 3 } },
      );
      const { admin } = virtual.simulator;
      admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
      admin.setTokenState(UID, state);
      admin.resetStats();
      const orders = await placeTen(virtual);
      await virtual.advance(10 * 60_000);
      expect((await typesOf(virtual)).filter((type) => type === 'call.ready')).toHaveLength(10);
      const heldAt = (await virtual.events()).find(({ type }) => type === 'call.held')?.position ?? 0;
      const late = (await virtual.events()).filter(
        ({ type, position }) => type === 'call.started' && position > heldAt,
      );
      expect(late).toEqual([]);
      expect(
        admin.requests().filter(({ path }) => path.startsWith('/mdm/v2/assets/associate')).length,
      ).toBeLessThanOrEqual(3);
      const types = await typesOf(virtual);
      expect(types.filter((type) => type === 'account.token-refused')).toHaveLength(1);
      expect(types).not.toContain('asset.licenses-failed');
      expect(types).not.toContain('call.settled');
      expect((await virtual.account())?.tokenState).toBe(state);
      expect(await virtual.stores.progress.countParked()).toBe(0);
      const before = (await virtual.events()).length;
      await virtual.advance(60 * 60_000);
      expect((await virtual.events()).length).toBe(before);

      admin.setFaults({ latencyMs: { min: 0, max: 0 } });
      await renew(virtual, admin.issueToken(UID).token);
      for (const orderId of orders)
        expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 10 });
      for (const [index, adamId] of APPS.entries())
        expect(virtual.atApple(adamId)).toEqual(serials(10, index * 10));
      await virtual.close();
    },
  );

  it('comes through a restart in the middle of the outage', async () => {
    const virtual = await VirtualSeatbook.imported(APPS.map((adamId) => asset(adamId, 100)));
    const { admin } = virtual.simulator;
    admin.setTokenState(UID, 'revoked');
    const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(10) });
    await virtual.advance(60_000);
    await virtual.restart();
    await virtual.advance(60_000);
    expect(await typesOf(virtual)).not.toContain('asset.licenses-failed');
    await renew(virtual, admin.issueToken(UID).token);
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 100 });
    await virtual.close();
  });
});

describe('renewing a token', () => {
  it('takes only a token of the same location', async () => {
    const virtual = await VirtualSeatbook.imported([asset('900000001', 10)]);
    const other = virtual.simulator.admin.createLocation({ name: 'Lyon Studio', country: 'FR' });
    await expect(renew(virtual, other.token)).rejects.toMatchObject({
      code: 'REJECTED_TOKEN_OTHER_LOCATION',
    });
    await virtual.close();
  });
});

describe('another MDM that takes the location', () => {
  it('holds all work until a person takes it over again', async () => {
    const virtual = await VirtualSeatbook.imported([asset('900000001', 100)]);
    const { admin } = virtual.simulator;
    admin.takeOver(UID, { id: 'other-mdm', name: 'Other MDM', metadata: '' });
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(10) });
    await virtual.advance(20 * 60_000);
    expect((await virtual.account())?.conflict).toMatchObject({ mdmInfo: { name: 'Other MDM' } });
    expect((await typesOf(virtual)).filter((type) => type === 'account.conflicted')).toHaveLength(1);
    expect((await virtual.order(orderId))?.state).not.toBe('finished');
    const context = {
      commandId: 'take-over',
      principal: 'owner',
      correlationId: 'take-over',
      causationId: 'take-over',
    };
    await virtual.until(virtual.edge.execute(`account-${UID}`, { type: 'TakeOver' }, context));
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 10 });
    expect(virtual.atApple('900000001')).toEqual(serials(10));
    await virtual.close();
  });

  it('in the middle of ten calls stops them at the next one, names itself, and lets reads go on', async () => {
    // One request at once, each answered after 2 seconds: the next call to be answered tells of the other MDM.
    const virtual = await VirtualSeatbook.imported(
      APPS.map((adamId) => asset(adamId, 100)),
      { apple: { maxInFlight: 1 } },
    );
    const { admin } = virtual.simulator;
    const associated = (): number =>
      admin.requests(0, 100_000).filter(({ path }) => path === '/mdm/v2/assets/associate').length;
    admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
    const orders = await placeTen(virtual);
    await virtual.advanceUntil('three calls were answered', () => associated() >= 3);
    admin.takeOver(UID, { id: 'other-mdm', name: 'Other MDM', metadata: '' });
    const before = associated();
    await virtual.advance(10 * 60_000);
    // One that was on its way when the location changed hands, and one that Apple's answer told of it.
    expect(associated() - before).toBeLessThanOrEqual(2);
    expect((await virtual.account())?.conflict).toMatchObject({ mdmInfo: { name: 'Other MDM' } });
    expect((await typesOf(virtual)).filter((type) => type === 'account.conflicted')).toHaveLength(1);
    expect(await typesOf(virtual)).not.toContain('asset.licenses-failed');

    // What the other one buys is seen all the same.
    admin.setFaults({ latencyMs: { min: 0, max: 0 } });
    admin.purchase(UID, { adamId: '900000001', count: 11 });
    const stopped = associated();
    await virtual.advance(40 * 60_000);
    expect((await virtual.assetDocument('900000001')).owned).toBe(111);
    expect(associated()).toBe(stopped);

    const context = { commandId: 'back', principal: 'owner', correlationId: 'back', causationId: 'back' };
    await virtual.until(virtual.edge.execute(`account-${UID}`, { type: 'TakeOver' }, context));
    for (const orderId of orders)
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 10 });
    for (const [index, adamId] of APPS.entries())
      expect(virtual.atApple(adamId)).toEqual(serials(10, index * 10));
    await virtual.close();
  });

  it('is named when its location is imported, and can be taken over explicitly', async () => {
    const virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset('900000001', 10)]);
    virtual.simulator.admin.takeOver(UID, { id: 'other-mdm', name: 'Other MDM', metadata: '' });
    await expect(virtual.import()).rejects.toMatchObject({
      code: 'REJECTED_OWNED_BY_OTHER_MDM',
      facts: { mdmName: 'Other MDM' },
    });
    await virtual.settle();
    const types = (await virtual.events()).map(({ type }) => type);
    expect(types).toEqual(['import.requested', 'import.refused', 'import.token-forgotten']);
    expect(await virtual.stores.secrets.names('')).toEqual([]);
    const settings = { name: 'Berlin', platform: 'iOS', assignmentType: 'device' } as const;
    await virtual.until(importToken(virtual.edge, { file: virtual.token, settings, takeOver: true }, OWNER));
    await virtual.advance(5_000);
    expect((await virtual.account())?.owned).toBe(true);
    await virtual.close();
  });
});

describe('a token that is renewed while a request with the old one is on its way', () => {
  it('is not condemned by a read with the old one that Apple refuses', async () => {
    const virtual = await VirtualSeatbook.imported([asset('900000001', 100)]);
    const { admin } = virtual.simulator;
    const old = virtual.token;
    const slow = { path: '/mdm/v2/assets', method: 'GET' };
    admin.addErrorRule({ match: slow, times: 1, errorNumber: 9_625, delayMs: 20_000 });
    await virtual.advanceUntil('a slow read is on its way', () => admin.stats().inFlight > 0, 20 * 60_000);
    await renew(virtual, admin.issueToken(UID).token);
    admin.setTokenState(UID, 'revoked', old);
    await virtual.advance(60_000);
    const types = await typesOf(virtual);
    expect(types.filter((type) => type === 'account.token-renewed')).toHaveLength(1);
    expect(types).not.toContain('account.token-refused');
    expect(await virtual.account()).toMatchObject({ tokenState: 'active', usable: true });
    expect(virtual.worker.gates.isOpen(UID)).toBe(true);
    await virtual.close();
  });

  it('goes on at once after a write with the old one that Apple refuses: the gate is not shut', async () => {
    const virtual = await VirtualSeatbook.imported([asset('900000001', 100)]);
    const { admin } = virtual.simulator;
    const old = virtual.token;
    const slow = { path: '/mdm/v2/assets/associate' };
    admin.addErrorRule({ match: slow, times: 1, errorNumber: 9_625, delayMs: 20_000 });
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(1) });
    await virtual.advanceUntil('the slow write is on its way', () => admin.stats().inFlightWrites > 0);
    await renew(virtual, admin.issueToken(UID).token);
    admin.setTokenState(UID, 'revoked', old);
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 1 });
    expect(virtual.worker.gates.isOpen(UID)).toBe(true);
    expect(await virtual.account()).toMatchObject({ usable: true });
    await virtual.close();
  });
});

/** Requests with a token; reading the limits needs none. */
const sentSince = (virtual: VirtualSeatbook, from: number): string[] =>
  virtual.simulator.admin
    .requests()
    .filter(({ at, path }) => at >= from && !path.includes('service/config'))
    .map(({ path }) => path);

describe('a token past its date', () => {
  it('is used for nothing from that moment on, without asking Apple, until another one comes', async () => {
    const virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset('900000001', 100)]);
    const { admin } = virtual.simulator;
    const expiresAt = virtual.clock.now() + 3_600_000;
    await virtual.import(admin.issueToken(UID, { expiresAt }).token);
    await virtual.advance(5_000);
    await virtual.advance(expiresAt - virtual.clock.now());
    const { orderId } = await virtual.place({ assets: [stdq('900000001')], serialNumbers: serials(3) });
    await virtual.advance(30 * 60_000);
    expect(sentSince(virtual, expiresAt)).toEqual([]);
    expect(await virtual.account()).toMatchObject({ tokenState: 'expired', usable: false });
    const types = await typesOf(virtual);
    expect(types.filter((type) => type === 'account.token-expired')).toHaveLength(1);
    expect(types).not.toContain('account.token-refused');
    await renew(virtual, admin.issueToken(UID).token);
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 3 });
    await virtual.close();
  });

  it('ends it also where the look at the address was due before, and its gate is shut by now', async () => {
    const virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset('900000001', 5)]);
    const day = 24 * 3_600_000;
    const expiresAt = virtual.clock.now() + day + 3_600_000;
    await virtual.import(virtual.simulator.admin.issueToken(UID, { expiresAt }).token);
    await virtual.advance(60_000);
    await virtual.stop();
    virtual.clock.moveTo(expiresAt + 60_000);
    await virtual.start();
    await virtual.advance(60_000);
    expect(await virtual.account()).toMatchObject({ tokenState: 'expired', usable: false });
    expect(sentSince(virtual, expiresAt)).toEqual([]);
    await virtual.close();
  });

  it('is not used by a process that was down at that date either', async () => {
    const virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset('900000001', 100)]);
    const { admin } = virtual.simulator;
    const expiresAt = virtual.clock.now() + 3_600_000;
    await virtual.import(admin.issueToken(UID, { expiresAt }).token);
    await virtual.advance(5_000);
    await virtual.stop();
    virtual.clock.moveTo(expiresAt + 3_600_000);
    await virtual.start();
    await virtual.advance(60_000);
    expect(sentSince(virtual, expiresAt)).toEqual([]);
    expect(await virtual.account()).toMatchObject({ tokenState: 'expired', usable: false });
    await virtual.close();
  });
});
