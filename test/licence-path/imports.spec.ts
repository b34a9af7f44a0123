import {
  assignLicense,
  getImport,
  importToken,
  renameAccount,
  renewToken,
  type Caller,
  type Imported,
} from '@seatbook/application';
import { accountStream } from '@seatbook/licensing';
import { OWNER, UID, VirtualSeatbook, asset } from '@seatbook/test-support/virtual-seatbook';

const SETTINGS = { name: 'Berlin', platform: 'iOS', assignmentType: 'device' } as const;
const KEYED: Caller = { ...OWNER, idempotencyKey: 'import-of-berlin' };
const OTHER = '7700000000000002';

describe('an import', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.open({ apart: true });
    virtual.createLocation([asset('900000001', 10)]);
  });
  afterEach(() => virtual.close());

  const importing = (caller = OWNER, file = virtual.token): Promise<Imported> =>
    virtual.until(importToken(virtual.edge, { file, settings: SETTINGS, takeOver: false }, caller));
  const codeOf = (imported: Promise<Imported>): Promise<unknown> =>
    imported.then(
      () => 'imported',
      (error: { readonly code?: string }) => error.code ?? error,
    );
  const secrets = async (): Promise<readonly string[]> => {
    await virtual.advance(1_000);
    return virtual.stores.secrets.names('');
  };
  const appleIsAway = (): void => {
    const match = { path: '/mdm/v2/client/config' };
    virtual.simulator.admin.addErrorRule({ match, times: 1_000, status: 503 });
  };

  it('marks the location as ours after pauses that grow, so that an hour without Apple costs few events', async () => {
    const marking = { path: '/mdm/v2/client/config', method: 'POST' };
    virtual.simulator.admin.addErrorRule({ match: marking, times: 'forever', status: 503 });
    await importing();
    await virtual.advance(3_600_000);
    const failures = (await virtual.events()).filter(({ type }) => type === 'account.owning-failed').length;
    expect(failures).toBeGreaterThan(5);
    expect(failures).toBeLessThan(20);
    virtual.simulator.admin.clearErrorRules();
    await virtual.advance(3_600_000);
    expect(await virtual.account()).toMatchObject({ owned: true, owningFailure: null });
  });

  it('keeps the token once, under its fingerprint, and forgets what was sealed on the way', async () => {
    expect(await importing()).toMatchObject({ uId: UID });
    const { fingerprint } = (await virtual.account()) ?? {};
    expect(await secrets()).toEqual([`notification/${UID}`, `token/${fingerprint}`]);
  });

  it('that is refused leaves nothing sealed behind', async () => {
    await importing();
    const before = await secrets();
    const { token } = virtual.simulator.admin.issueToken(UID);
    expect(await codeOf(importing(OWNER, token))).toBe('REJECTED_ACCOUNT_EXISTS');
    expect(await codeOf(importing())).toBe('REJECTED_ACCOUNT_EXISTS');
    expect(await secrets()).toEqual(before);

    const other = virtual.simulator.admin.createLocation({ uId: OTHER, name: 'Lyon', country: 'FR' });
    virtual.simulator.admin.setTokenState(OTHER, 'revoked');
    expect(await codeOf(importing(OWNER, other.token))).toBe('REJECTED_TOKEN_REVOKED');
    expect(await secrets()).toEqual(before);
  });

  it('is one for all requests of one key, and no other request goes under that key', async () => {
    const [first, second] = await Promise.all([importing(KEYED), importing(KEYED)]);
    expect(second).toMatchObject({ uId: first.uId });
    expect((await importing(KEYED)).uId).toBe(UID);
    const requested = (await virtual.events()).filter(({ type }) => type === 'import.requested');
    expect(requested).toHaveLength(1);
    const { token } = virtual.simulator.admin.issueToken(UID);
    expect(await codeOf(importing(KEYED, token))).toBe('CONFLICT_IDEMPOTENCY_KEY');
  });

  it('takes its key from every other kind of request, and gets none that an order has', async () => {
    await importing(KEYED);
    const rename = { uId: UID, name: 'Mitte' };
    const order = {
      uId: UID,
      assets: [{ adamId: '900000001', pricingParam: 'STDQ' }],
      serialNumbers: ['C02TAKEN01'],
      ifShort: 'wait',
      platform: null,
    } as const;
    const used = { code: 'CONFLICT_IDEMPOTENCY_KEY' };
    await expect(virtual.until(renameAccount(virtual.edge, rename, KEYED))).rejects.toMatchObject(used);
    await expect(virtual.until(assignLicense(virtual.edge, order, KEYED))).rejects.toMatchObject(used);
    const other: Caller = { ...OWNER, idempotencyKey: 'order' };
    await virtual.until(assignLicense(virtual.edge, order, other));
    await expect(virtual.until(renameAccount(virtual.edge, rename, other))).rejects.toMatchObject(used);
    // At once: one of them has it.
    const third: Caller = { ...OWNER, idempotencyKey: 'both' };
    const both = await Promise.allSettled([
      virtual.until(renameAccount(virtual.edge, rename, third)),
      virtual.until(assignLicense(virtual.edge, { ...order, serialNumbers: ['C02TAKEN02'] }, third)),
    ]);
    expect(both.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: used }]);
  });

  it('goes on without its client, who can look at it, and hears of it when the request is sent again', async () => {
    await virtual.until(virtual.worker.stop());
    const { importId, uId } = await importing(KEYED);
    expect(uId).toBeNull();
    const look = () => virtual.until(getImport(virtual.edge, { importId }));
    expect(await look()).toMatchObject({ kind: 'import', state: 'working', uId: null });
    await virtual.until(virtual.worker.start());
    await virtual.advance(5_000);
    expect(await virtual.account()).toMatchObject({ uId: UID });
    expect(await look()).toMatchObject({ state: 'accepted', uId: UID });
    expect(await importing(KEYED)).toMatchObject({ uId: UID });
  });

  it('is refused at once while Apple is away, and may be sent again under its key', async () => {
    appleIsAway();
    const began = virtual.clock.now();
    expect(await codeOf(importing(KEYED))).toBe('TRANSIENT_APPLE');
    expect(virtual.clock.now() - began).toBeLessThan(10_000);
    expect(await secrets()).toEqual([]);
    expect(await codeOf(importing(KEYED))).toBe('TRANSIENT_APPLE');
    virtual.simulator.admin.clearErrorRules();
    expect(await importing(KEYED)).toMatchObject({ uId: UID });
  });

  it('of a location that another import has just brought is refused by the account', async () => {
    const { token } = virtual.simulator.admin.issueToken(UID);
    const both = await Promise.all([codeOf(importing()), codeOf(importing(OWNER, token))]);
    expect(both.sort()).toEqual(['REJECTED_ACCOUNT_EXISTS', 'imported']);
    const { fingerprint } = (await virtual.account()) ?? {};
    expect(await secrets()).toEqual([`notification/${UID}`, `token/${fingerprint}`]);
  });

  it('carries on after the worker died between any two of its steps', async () => {
    for (let append = 1; append <= 5; append += 1) {
      for (const when of ['before', 'after'] as const) {
        const uId = `77000000000001${append}${when.length}`;
        const { token } = virtual.simulator.admin.createLocation({ uId, name: uId, country: 'DE' });
        const key = { ...OWNER, idempotencyKey: uId };
        virtual.dieAt = { append: virtual.appends + append, when };
        void importToken(virtual.edge, { file: token, settings: SETTINGS, takeOver: false }, key).catch(
          () => undefined,
        );
        await virtual.advance(2_000);
        expect(virtual.dead).toBe(true);
        virtual.dieAt = null;
        await virtual.restart();
        expect(await importing(key, token)).toMatchObject({ uId });
      }
    }
    expect((await secrets()).filter((name) => name.startsWith('import/'))).toEqual([]);
  });
});

describe('renewing a token', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported([asset('900000001', 10)], { apart: true });
  });
  afterEach(() => virtual.close());

  const renewing = (file: string, uId = UID): Promise<Imported> =>
    virtual.until(renewToken(virtual.edge, { uId, file }, OWNER));

  it('replaces it, and the same one again changes nothing', async () => {
    const { token } = virtual.simulator.admin.issueToken(UID);
    await renewing(token);
    const { fingerprint } = (await virtual.account()) ?? {};
    await renewing(token);
    expect((await virtual.account())?.fingerprint).toBe(fingerprint);
    const types = (await virtual.events()).map(({ type }) => type);
    expect(types.filter((type) => type === 'account.token-renewed')).toHaveLength(1);
    expect(types.filter((type) => type === 'account.token-kept')).toHaveLength(1);
    await virtual.advance(1_000);
    expect(await virtual.stores.secrets.names('import/')).toEqual([]);
  });

  it('names the version that was seen: of two at once, one is refused', async () => {
    const { state } = await virtual.until(virtual.edge.runner.load(accountStream(UID)));
    const ifVersion = state.phase === 'imported' ? state.version : NaN;
    const renewals = [1, 2].map(() => {
      const { token } = virtual.simulator.admin.issueToken(UID);
      return virtual.until(renewToken(virtual.edge, { uId: UID, file: token, ifVersion }, OWNER));
    });
    const ended = await Promise.allSettled(renewals);
    expect(ended.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: 'CONFLICT_VERSION' } },
    ]);
  });

  it('by that of another location, or of an account that does not exist, is refused', async () => {
    const { token } = virtual.simulator.admin.createLocation({ uId: OTHER, name: 'Lyon', country: 'FR' });
    await expect(renewing(token)).rejects.toMatchObject({
      code: 'REJECTED_TOKEN_OTHER_LOCATION',
      facts: { accountId: UID, tokenOf: OTHER },
    });
    await expect(renewing(token, OTHER)).rejects.toMatchObject({ code: 'NOT_FOUND_ACCOUNT' });
    await virtual.advance(1_000);
    expect(await virtual.stores.secrets.names('token/')).toHaveLength(1);
  });
});
