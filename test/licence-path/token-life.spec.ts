import { importToken, renewToken, type Imported } from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const REMINDERS = [60, 30, 14, 7, 1];
const CONFIG = '/mdm/v2/client/config';
const SETTINGS = { name: 'Berlin', platform: 'iOS', assignmentType: 'device' } as const;

let virtual: VirtualSeatbook;
afterEach(() => virtual.close());

const renew = (file: string): Promise<Imported> =>
  virtual.until(renewToken(virtual.edge, { uId: UID, file }, OWNER));
const typesOf = async (): Promise<string[]> => (await virtual.events()).map(({ type }) => type);
const writes = (path: string): number =>
  virtual.simulator.admin.requests(0, 100_000).filter((sent) => sent.method === 'POST' && sent.path === path)
    .length;

/** Days of which the log has a reminder, one by one as they were given. */
async function reminded(): Promise<number[][]> {
  const given = (await virtual.events()).filter(({ type }) => type === 'account.token-expiring');
  return given.map(({ data }) => [...(data as { readonly reminders: readonly number[] }).reminders]);
}

async function importedFor(days: number): Promise<number> {
  virtual = await VirtualSeatbook.open();
  virtual.createLocation([asset(APP, 100)]);
  const expiresAt = virtual.clock.now() + days * DAY;
  await virtual.import(virtual.simulator.admin.issueToken(UID, { expiresAt }).token);
  await virtual.advance(5_000);
  return expiresAt;
}

/** The process is down until then. */
async function downUntil(moment: number): Promise<void> {
  await virtual.stop();
  virtual.clock.moveTo(moment);
  await virtual.start();
  await virtual.advance(MINUTE);
}

describe('reminders of the date of a token', () => {
  it('come 60, 30, 14, 7 and 1 days before it, each once, also across restarts', async () => {
    const expiresAt = await importedFor(61);
    expect(await reminded()).toEqual([]);
    for (const [index, days] of REMINDERS.entries()) {
      await downUntil(expiresAt - days * DAY - 2 * MINUTE);
      expect(await reminded()).toHaveLength(index);
      await virtual.advance(2 * MINUTE);
      expect((await reminded()).at(-1)).toEqual([days]);
      await virtual.restart();
      await virtual.advance(HOUR);
      expect(await reminded()).toHaveLength(index + 1);
    }
    await downUntil(expiresAt);
    expect((await typesOf()).filter((type) => type === 'account.token-expired')).toHaveLength(1);
    expect((await reminded()).flat()).toEqual(REMINDERS);
  });

  it('that were slept through come as one, and a clock that is set to and fro brings none twice', async () => {
    const expiresAt = await importedFor(90);
    await downUntil(expiresAt - 10 * DAY);
    expect(await reminded()).toEqual([[60, 30, 14]]);
    virtual.clock.set(-40 * DAY);
    await virtual.advance(HOUR);
    virtual.clock.set(40 * DAY);
    await virtual.advance(HOUR);
    expect(await reminded()).toEqual([[60, 30, 14]]);
    await downUntil(expiresAt - 6 * DAY);
    expect(await reminded()).toEqual([[60, 30, 14], [7]]);
  });

  it('begin at once with a token that is near its date, and from the first with the next one', async () => {
    await importedFor(20);
    expect(await reminded()).toEqual([[60, 30]]);
    const expiresAt = virtual.clock.now() + 365 * DAY;
    await renew(virtual.simulator.admin.issueToken(UID, { expiresAt }).token);
    await downUntil(expiresAt - 60 * DAY);
    expect(await reminded()).toEqual([[60, 30], [60]]);
  });
});

describe('a token that may only read', () => {
  it.each(['no-writes', 'three-gets'] as const)(
    'is found out before it replaces another (%s): the one in use stays, and does its work',
    async (readOnlyToken) => {
      virtual = await VirtualSeatbook.imported([asset(APP, 100)]);
      const { admin } = virtual.simulator;
      admin.setFaults({ readOnlyToken });
      const before = await virtual.account();
      const { token } = admin.issueToken(UID, { readOnly: true });
      await expect(renew(token)).rejects.toMatchObject({ code: 'REJECTED_TOKEN_READ_ONLY' });
      await virtual.advance(MINUTE);
      const { fingerprint, tokenState, usable } = (await virtual.account()) ?? {};
      expect({ fingerprint, tokenState, usable }).toEqual({
        fingerprint: before?.fingerprint,
        tokenState: 'active',
        usable: true,
      });
      expect(await virtual.stores.secrets.names('token/')).toHaveLength(1);
      const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
      expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 3 });
      expect(await typesOf()).not.toContain('account.token-refused');
    },
  );

  it('is found out at once after an import, before any licence is asked for, and another one ends it', async () => {
    virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset(APP, 100)]);
    const { admin } = virtual.simulator;
    await virtual.import(admin.issueToken(UID, { readOnly: true }).token);
    await virtual.advance(5_000);
    expect(await virtual.account()).toMatchObject({ tokenState: 'read-only', usable: false, owned: false });
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    await virtual.advance(10 * MINUTE);
    expect(writes('/mdm/v2/assets/associate')).toBe(0);
    expect((await typesOf()).filter((type) => type === 'account.token-refused')).toHaveLength(1);
    await renew(admin.issueToken(UID).token);
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 3 });
  });

  it('may be taken once its rights have changed, and then writes', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 100)]);
    const { admin } = virtual.simulator;
    const { token } = admin.issueToken(UID);
    admin.addErrorRule({ match: { path: CONFIG, method: 'POST' }, times: 1, errorNumber: 9_637 });
    await expect(renew(token)).rejects.toMatchObject({ code: 'REJECTED_TOKEN_READ_ONLY' });
    await renew(token);
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(3) });
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 3 });
  });
});

describe('terms that the administrator has not accepted', () => {
  const TERMS = 'The program administrator must accept the latest terms and conditions';

  it("hold writes at once with Apple's text, fail nobody, and are over by themselves", async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 100)]);
    const { admin } = virtual.simulator;
    admin.addErrorRule({ match: { path: '/mdm/v2/assets/associate' }, times: 'forever', errorNumber: 9_642 });
    // One device alone: nothing is wrong with it.
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(1) });
    await virtual.advance(10_000);
    const { writesHeld } = (await virtual.account()) ?? {};
    expect(writesHeld).toMatchObject({
      errorNumber: 9_642,
      reason: expect.stringContaining(TERMS) as string,
    });
    await virtual.advance(3 * HOUR);
    expect((await typesOf()).filter((type) => type === 'account.writes-held')).toHaveLength(1);
    expect(await typesOf()).not.toContain('asset.licenses-failed');
    admin.clearErrorRules();
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 1 });
    expect(await virtual.account()).toMatchObject({ writesHeld: null });
  });

  it("are what an import and a renewal are refused for, with Apple's text", async () => {
    virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset(APP, 100)]);
    const { admin } = virtual.simulator;
    const refused = {
      code: 'REJECTED_TERMS_NOT_ACCEPTED',
      message: expect.stringContaining(TERMS) as string,
      facts: { errorNumber: 9_642 },
    };
    admin.addErrorRule({ match: { path: CONFIG }, times: 1, errorNumber: 9_642 });
    const importing = importToken(
      virtual.edge,
      { file: virtual.token, settings: SETTINGS, takeOver: false },
      OWNER,
    );
    await expect(virtual.until(importing)).rejects.toMatchObject(refused);
    await virtual.import();
    await virtual.advance(5_000);
    admin.addErrorRule({ match: { path: CONFIG, method: 'POST' }, times: 1, errorNumber: 9_642 });
    await expect(renew(admin.issueToken(UID).token)).rejects.toMatchObject(refused);
    expect(await virtual.account()).toMatchObject({ usable: true });
  });
});
