import { jest } from '@jest/globals';
import { BERLIN, StartedProduct, type AccountBody } from './started-product.js';

jest.setTimeout(60_000);

const CONFIG = { path: '/mdm/v2/client/config', method: 'POST' };

interface Account extends AccountBody {
  readonly notifications: {
    readonly mode: 'push' | 'poll';
    readonly url: string | null;
    readonly why: string | null;
  };
}

describe('how an account hears of Apple', () => {
  let seatbook: StartedProduct;
  afterEach(() => seatbook.end());

  const until = (fits: (notifications: Account['notifications']) => boolean): Promise<Account> =>
    seatbook.until<Account>(`/accounts/${BERLIN}`, ({ notifications }) => fits(notifications));
  const atApple = (): unknown =>
    seatbook.simulator.admin.locations().find(({ uId }) => uId === BERLIN)?.['notificationUrl'];

  it('is said as it is there: push only while Apple has our address and the location is ours', async () => {
    seatbook = await StartedProduct.start({ SEATBOOK_TIMINGS_ADDRESS_EVERY_MS: '1000' });
    await seatbook.importBerlin();
    const first = await until(({ mode }) => mode === 'push');
    expect(first.notifications).toMatchObject({ url: atApple(), why: null });

    // Apple loses the address, and does not take it again for a while.
    const { admin } = seatbook.simulator;
    admin.addErrorRule({ match: CONFIG, times: 'forever', status: 503 });
    admin.setNotificationUrl(BERLIN, null);
    const lost = await until(({ mode }) => mode === 'poll');
    expect(lost.notifications.why).not.toBeNull();
    admin.clearErrorRules();
    await until(({ mode }) => mode === 'push');
    expect(atApple()).toBe(first.notifications.url);

    // Another MDM takes the location: Apple sends notifications to it.
    admin.takeOver(BERLIN, { id: 'other', name: 'Other MDM', metadata: '' });
    await seatbook.post(`/accounts/${BERLIN}/syncs`).expect(202);
    const taken = await until(({ mode }) => mode === 'poll');
    expect(taken.notifications.why).toBe(
      'another MDM manages the location, and Apple sends notifications to it',
    );
    await seatbook.post(`/accounts/${BERLIN}/take-over`).expect(202);
    await until(({ mode }) => mode === 'push');
    expect(atApple()).toBe(first.notifications.url);
  });

  it('is by asking where Apple cannot reach us, and says what is missing', async () => {
    seatbook = await StartedProduct.start({ SEATBOOK_PUBLIC_URL: '' });
    await seatbook.post('/accounts', { token: seatbook.token(), name: 'Berlin' }).expect(201);
    const { notifications } = await until(({ mode }) => mode === 'poll');
    expect(notifications).toEqual({
      mode: 'poll',
      url: null,
      why: 'no public URL is configured (SEATBOOK_PUBLIC_URL), so Apple cannot reach this server',
    });
    expect(atApple() ?? null).toBeNull();
  });
});

describe('an import that its request does not wait for', () => {
  let seatbook: StartedProduct;
  beforeAll(async () => {
    seatbook = await StartedProduct.start({ SEATBOOK_IMPORT_WAIT_MS: '0' });
  });
  afterAll(() => seatbook.end());

  interface ImportBody {
    readonly state: string;
  }

  it('is shown at its Location until it has ended', async () => {
    const send = (name = 'Berlin') =>
      seatbook.post('/accounts', { token: seatbook.token(), name }).set('idempotency-key', 'berlin');
    const going = await send().expect(202);
    expect(going.body).toMatchObject({
      kind: 'ImportToken',
      state: 'working',
      accountId: null,
      refusal: null,
    });
    const location = going.headers['location'] ?? '';
    const ended = await seatbook.until<ImportBody>(location, ({ state }) => state !== 'working');
    expect(ended).toMatchObject({ state: 'accepted', accountId: BERLIN });
    const again = await send().expect(200);
    expect(again.body).toMatchObject({ accountId: BERLIN });
    expect(again.headers['location']).toBe(`/api/v1/accounts/${BERLIN}`);
    await send('Hamburg').expect(409);
    expect((await seatbook.get('/imports/none').expect(404)).body).toMatchObject({
      code: 'NOT_FOUND_IMPORT',
    });
  });

  it('says why it was refused', async () => {
    const path = `/accounts/${BERLIN}/token`;
    const going = await seatbook.put(path, { token: seatbook.token('lyon') }).expect(202);
    const refused = await seatbook.until<ImportBody>(
      going.headers['location'] ?? '',
      ({ state }) => state !== 'working',
    );
    expect(refused).toMatchObject({
      kind: 'RenewToken',
      state: 'refused',
      refusal: { code: 'REJECTED_TOKEN_OTHER_LOCATION' },
    });
  });
});

describe('what others change at Apple', () => {
  let seatbook: StartedProduct;
  beforeAll(async () => {
    seatbook = await StartedProduct.start();
    await seatbook.importBerlin();
  });
  afterAll(() => seatbook.end());

  interface Sync {
    readonly state: string;
    readonly differences: { readonly added: number; readonly taken: number };
    readonly links: { readonly self: string };
  }
  interface Drift {
    readonly items: readonly Record<string, unknown>[];
  }

  const ACCOUNT = `/accounts/${BERLIN}`;
  const SERIAL = 'C02XK0AAHV99';
  const asset = { adamId: '900000001', serialNumber: SERIAL };
  const synced = async (full: boolean): Promise<Sync> => {
    const asked = await seatbook.post(`${ACCOUNT}/syncs`, { full }).expect(202);
    const location = (asked.headers['location'] ?? '').replace('/api/v1', '');
    return seatbook.until<Sync>(location, ({ state }) => state === 'completed');
  };
  const drift = (query: string): Promise<Drift> =>
    seatbook.until<Drift>(`${ACCOUNT}/drift?${query}`, ({ items }) => items.length > 0);

  it('is found by a sync, listed with its likely source, and shown beside the numbers of Apple', async () => {
    seatbook.simulator.admin.addAssignment(BERLIN, asset);
    expect(await synced(false)).toMatchObject({ differences: { added: 1, taken: 0 } });
    expect((await drift('kind=added')).items).toMatchObject([
      { assetId: '900000001.STDQ', serialNumber: SERIAL, state: 'accepted', source: 'console' },
    ]);
    const found = await seatbook.get(`${ACCOUNT}/assets/900000001`).expect(200);
    expect(found.body).toMatchObject({ apple: { differsSince: null } });
    await seatbook.get(`${ACCOUNT}/syncs/none`).expect(404);
    expect((await seatbook.get(`${ACCOUNT}/syncs`).expect(200)).body).toMatchObject({
      items: [{ state: 'completed', full: false }],
    });
  });

  it('is undone by an order when a person says so', async () => {
    seatbook.simulator.admin.removeAssignment(BERLIN, asset);
    expect(await synced(true)).toMatchObject({ differences: { added: 0, taken: 1 } });
    await drift('state=asked');
    const body = { decision: 'restore', serialNumbers: [SERIAL], reason: 'it was a mistake' };
    const decided = await seatbook.post(`${ACCOUNT}/drift/decisions`, body).expect(200);
    expect(decided.body).toMatchObject({ pairs: 1 });
    const [restored] = (await drift('state=restoring')).items;
    expect(restored).toMatchObject({ decidedBy: 'owner', serialNumber: SERIAL });
    await seatbook.until<{ state: string }>(
      `/orders/${String(restored?.['restoredBy'])}`,
      ({ state }) => state === 'finished',
    );
    const { assets } = seatbook.simulator.admin.assignments(BERLIN);
    expect(assets['900000001/STDQ']).toContain(SERIAL);
  });

  it('is treated as the account wants it', async () => {
    const set = await seatbook.put(`${ACCOUNT}/drift/policies`, { taken: 'restore' }).expect(200);
    expect(set.body).toEqual({ policies: { added: 'accept', taken: 'restore' } });
    await seatbook.put(`${ACCOUNT}/drift/policies`, { taken: 'revenge' }).expect(400);
    seatbook.simulator.admin.removeAssignment(BERLIN, asset);
    await synced(true);
    await drift('state=restoring');
    await seatbook.get(`${ACCOUNT}/drift?assetId=nonsense`).expect(400);
  });
});
