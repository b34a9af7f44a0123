import { jest } from '@jest/globals';
import {
  API,
  BERLIN,
  StartedProduct,
  devices,
  type AccountBody,
  type ItemsBody,
  type OrderBody,
} from './started-product.js';

jest.setTimeout(60_000);

const LYON = '7700000000000002';
const ACCOUNT = `/accounts/${BERLIN}`;
const OTHER = { id: 'other', name: 'Other MDM', metadata: '' };
const APP = '900000001';

interface Account extends AccountBody {
  readonly owned: boolean;
  readonly token: {
    readonly state: string;
    readonly fingerprint: string;
    readonly errorNumber: number | null;
    readonly advice: string | null;
  };
  readonly conflict: object | null;
  readonly writesHeld: { readonly errorNumber: number; readonly advice: string } | null;
  readonly givenUp: { readonly completedAt: string | null; readonly keptLicences: number | null } | null;
}

interface Asset {
  readonly licences: { readonly owned: number };
}

let seatbook: StartedProduct;
beforeAll(async () => {
  seatbook = await StartedProduct.start({
    SEATBOOK_TIMINGS_FIRST_PROBE_MS: '300',
    SEATBOOK_TIMINGS_END_WORK_EVERY_MS: '200',
  });
  await seatbook.importBerlin();
});
afterAll(() => seatbook.end());

const account = async (): Promise<Account> => (await seatbook.get(ACCOUNT).expect(200)).body as Account;
const until = (fits: (account: Account) => boolean): Promise<Account> =>
  seatbook.until<Account>(ACCOUNT, fits);
const renew = (token: string) => seatbook.put(`${ACCOUNT}/token`, { token });
const sync = () => seatbook.post(`${ACCOUNT}/syncs`).expect(202);
const atApple = (uId = BERLIN) =>
  seatbook.simulator.admin.locations().find((location) => location['uId'] === uId) ?? {};

async function order(serialNumbers: readonly string[], kind = 'AssignLicense'): Promise<string> {
  const body = { kind, accountId: BERLIN, assetIds: [APP], serialNumbers };
  return ((await seatbook.post('/orders', body).expect(202)).body as OrderBody).orderId;
}

const finished = (orderId: string): Promise<OrderBody> =>
  seatbook.until<OrderBody>(`/orders/${orderId}`, ({ state }) => state === 'finished');

async function eventsOf(type: string): Promise<readonly string[]> {
  const { text } = await seatbook.get(`/history?type=${type}`).expect(200);
  return text.split('\n').filter((line) => line !== '');
}

describe('the token of an account', () => {
  it.each([
    ['revoked', 'revoked', 9_625],
    ['invalid', 'invalid', 9_622],
    // The password of the account that downloaded it was changed.
    ['login-required', 'invalid', 9_601],
    ['expired', 'expired', 9_621],
  ] as const)(
    'that Apple calls %s is told apart, says what to do, and ends with another one',
    async (...told) => {
      const [said, state, errorNumber] = told;
      const before = (await eventsOf('account.token-refused')).length;
      seatbook.simulator.admin.setTokenState(BERLIN, said);
      await sync();
      const refused = await until(({ usable }) => !usable);
      expect(refused.token).toMatchObject({ state, errorNumber });
      expect(refused.token.advice).toContain(`PUT ${API}${ACCOUNT}/token`);
      expect(await eventsOf('account.token-refused')).toHaveLength(before + 1);
      const renewed = await renew(seatbook.issue(BERLIN).token).expect(200);
      expect(renewed.body).toMatchObject({ usable: true, token: { state: 'active', advice: null } });
    },
  );

  it('that is near its date is expiring, which history and advice say once', async () => {
    const before = (await eventsOf('account.token-expiring')).length;
    const expiresAt = new Date(Date.now() + 20 * 24 * 3_600_000).toISOString();
    await renew(seatbook.issue(BERLIN, { expiresAt }).token).expect(200);
    const { token } = await account();
    expect(token.state).toBe('expiring');
    expect(token.advice).toContain('download a new token');
    await seatbook.quiet();
    const said = await eventsOf('account.token-expiring');
    expect(said).toHaveLength(before + 1);
    expect(JSON.parse(said.at(-1) ?? '')).toMatchObject({ data: { reminders: [60, 30] } });
  });

  it('whose date has come is expired, without a word of Apple', async () => {
    const expiresAt = new Date(Date.now() + 4_000).toISOString();
    await renew(seatbook.issue(BERLIN, { expiresAt }).token).expect(200);
    const expired = await until(({ usable, token }) => !usable && token.state === 'expired');
    expect(expired.token.errorNumber).toBeNull();
    await seatbook.until<ItemsBody<object>>(`/timeline?accountId=${BERLIN}`, ({ items }) =>
      JSON.stringify(items).includes('account.token-expired'),
    );
    await renew(seatbook.issue(BERLIN).token).expect(200);
    expect(await account()).toMatchObject({ usable: true });
  });

  it('that may only read is found out at once after an import', async () => {
    const path = `/accounts/${LYON}`;
    const { token } = seatbook.issue(LYON, { readOnly: true });
    await seatbook.post('/accounts', { token, name: 'Lyon' }).expect(201);
    const readOnly = await seatbook.until<Account>(path, ({ token: { state } }) => state === 'read-only');
    expect(readOnly).toMatchObject({ usable: false, owned: false, token: { errorNumber: 9_637 } });
    expect(readOnly.token.advice).toContain('the right to manage licences');
    await seatbook.put(`${path}/token`, { token: seatbook.issue(LYON).token }).expect(200);
    await seatbook.until<Account>(path, ({ usable, owned }) => usable && owned);
  });

  it('is replaced by none that is of another location, expired, read-only or no content token', async () => {
    const { token } = await account();
    const day = 24 * 3_600_000;
    const expired = seatbook.issue(BERLIN, { expiresAt: new Date(Date.now() - day).toISOString() }).token;
    const p7m = 'Content-Type: application/pkcs7-mime; name="smime.p7m"\n\nMII';
    for (const [file, status, code] of [
      [seatbook.issue(LYON).token, 422, 'REJECTED_TOKEN_OTHER_LOCATION'],
      [expired, 422, 'REJECTED_TOKEN_EXPIRED'],
      [seatbook.issue(BERLIN, { readOnly: true }).token, 422, 'REJECTED_TOKEN_READ_ONLY'],
      [p7m, 400, 'INVALID_TOKEN_DEP_P7M'],
    ] as const)
      expect((await renew(file).expect(status)).body).toMatchObject({ code });
    expect((await account()).token).toEqual(token);
    const { progress } = await finished(await order(devices(2, 'R')));
    expect(progress).toMatchObject({ assigned: 2 });
  });

  it('is one of several of its location, which is one account', async () => {
    const { token } = seatbook.issue(BERLIN);
    const second = await seatbook.post('/accounts', { token, name: 'Berlin once more' }).expect(409);
    expect(second.body).toMatchObject({ code: 'REJECTED_ACCOUNT_EXISTS', facts: { accountId: BERLIN } });
    // What Apple says of the old one afterwards concerns nobody.
    const old = seatbook.issue(BERLIN).token;
    await renew(old).expect(200);
    await renew(token).expect(200);
    seatbook.simulator.admin.setTokenState(BERLIN, 'revoked', old);
    expect((await finished(await order(devices(2, 'S')))).progress).toMatchObject({ assigned: 2 });
    expect(await account()).toMatchObject({ usable: true, token: { state: 'active' } });
  });

  it("is good, but terms have to be accepted first: Apple's text says so to the administrator", async () => {
    const { admin } = seatbook.simulator;
    admin.addErrorRule({ match: { path: '/assets/associate' }, times: 'forever', errorNumber: 9_642 });
    const orderId = await order(devices(1, 'T'));
    const held = await until(({ writesHeld }) => writesHeld !== null);
    expect(held).toMatchObject({
      usable: true,
      writesHeld: { errorNumber: 9_642, reason: expect.stringContaining('terms and conditions') as string },
    });
    expect(held.writesHeld?.advice).toContain("accept Apple's terms");
    admin.clearErrorRules();
    expect((await finished(orderId)).progress).toMatchObject({ assigned: 1, failed: 0 });
    expect((await account()).writesHeld).toBeNull();
    admin.addErrorRule({ match: { path: '/client/config' }, times: 1, errorNumber: 9_642 });
    const refused = await renew(seatbook.issue(BERLIN).token).expect(422);
    expect(refused.body).toMatchObject({ code: 'REJECTED_TERMS_NOT_ACCEPTED' });
  });
});

describe('the owner of a location', () => {
  const owned = async (): Promise<number> =>
    ((await seatbook.get(`${ACCOUNT}/assets/${APP}`).expect(200)).body as Asset).licences.owned;

  it('that is another MDM is named; nothing is written, reads go on, and a takeover ends it', async () => {
    const { admin } = seatbook.simulator;
    admin.takeOver(BERLIN, OTHER);
    await sync();
    const taken = await until(({ conflict }) => conflict !== null);
    expect(taken).toMatchObject({ usable: false, conflict: { mdm: { name: 'Other MDM' } } });
    admin.resetStats();
    const orderId = await order(devices(3, 'U'));
    const before = await owned();
    admin.purchase(BERLIN, { adamId: APP, count: 7 });
    await sync();
    await seatbook.until<Asset>(`${ACCOUNT}/assets/${APP}`, ({ licences }) => licences.owned === before + 7);
    const { requests } = admin.stats();
    expect(Object.keys(requests).filter((endpoint) => endpoint.startsWith('POST'))).toEqual([]);
    expect((await seatbook.get(`/orders/${orderId}`).expect(200)).body).toMatchObject({
      hold: { why: 'the location is managed by Other MDM' },
    });
    await seatbook.post(`${ACCOUNT}/give-up`, { licences: 'keep' }).expect(409);
    await seatbook.post(`${ACCOUNT}/take-over`).expect(202);
    expect((await finished(orderId)).progress).toMatchObject({ assigned: 3 });
    expect(await account()).toMatchObject({ usable: true, owned: true, conflict: null });
  });

  it('gives it up and keeps what is held: orders are refused, Apple is told, and a takeover goes back on it', async () => {
    await seatbook.post(`${ACCOUNT}/give-up`, { licences: 'some' }).expect(400);
    await seatbook.delete(ACCOUNT).expect(409);
    await seatbook.post(`${ACCOUNT}/give-up`, { licences: 'keep' }).expect(202);
    const gone = await until(({ givenUp }) => givenUp?.completedAt != null);
    expect(gone).toMatchObject({ usable: false, owned: false, notifications: { mode: 'poll' } });
    expect(gone.givenUp?.keptLicences).toBeGreaterThan(0);
    expect(atApple()).toMatchObject({ mdmInfo: { id: 'released' }, notificationTypes: [] });
    const refused = await finished(await order(devices(2, 'V')));
    expect(refused.progress).toMatchObject({ refused: 2 });
    await seatbook.post(`${ACCOUNT}/take-over`).expect(202);
    await until(({ usable, owned: ours, givenUp }) => usable && ours && givenUp === null);
    await seatbook.quiet();
    expect((await finished(await order(devices(2, 'W')))).progress).toMatchObject({ assigned: 2 });
  });

  it('gives it up with all licences, and the account is removed: its history stays, and it can be imported again', async () => {
    const orderId = await order(devices(2, 'X'));
    await finished(orderId);
    await seatbook.post(`${ACCOUNT}/give-up`, { licences: 'return' }).expect(202);
    await until(({ givenUp }) => givenUp?.completedAt != null);
    const { assets = {} } = seatbook.simulator.admin.assignments(BERLIN);
    expect(assets[`${APP}/STDQ`] ?? []).toEqual([]);
    await seatbook.delete(ACCOUNT).expect(202);
    await seatbook.until<{ status?: number }>(ACCOUNT, ({ status }) => status === 404);
    await seatbook.quiet();
    const { body: timeline } = (await seatbook.get(`/timeline?accountId=${BERLIN}`).expect(200)) as {
      body: ItemsBody<object>;
    };
    expect(JSON.stringify(timeline.items)).toContain('account.removed');
    const { body: orders } = (await seatbook.get(`/orders?accountId=${BERLIN}`).expect(200)) as {
      body: ItemsBody<OrderBody>;
    };
    expect(orders.items.map((one) => one.orderId)).toContain(orderId);
    await seatbook.get(`/orders/${orderId}`).expect(200);
    await seatbook.post(`${ACCOUNT}/syncs`).expect(404);
    await seatbook.delete(ACCOUNT).expect(202);

    const { token } = seatbook.issue(BERLIN);
    await seatbook.post('/accounts', { token, name: 'Berlin again' }).expect(201);
    await until(({ usable, firstRead }) => usable && firstRead.completed);
    await seatbook.quiet();
    expect((await finished(await order(devices(2, 'Y')))).progress).toMatchObject({ assigned: 2 });
  });
});
