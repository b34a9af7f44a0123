import { Rig } from './testing/rig.js';

const yearMs = 365 * 24 * 3600 * 1000;

describe('tokens', () => {
  it('makes a token in the form of the file', () => {
    const rig = new Rig();
    const content = JSON.parse(Buffer.from(rig.token, 'base64').toString()) as Record<string, string>;
    expect(Object.keys(content)).toEqual(['token', 'expDate', 'orgName']);
    expect(content['expDate']).toBe('2028-01-01T00:00:00+0000');
  });

  it.each<[string, number]>([
    ['Basic abc', 9722],
    ['Bearer', 9722],
    ['Bearer not base64!', 9722],
    ['Bearer bm9ib2R5', 9622],
    ['', 9601],
  ])('refuses the header "%s" with %i', async (authorization, errorNumber) => {
    const { status, body } = await new Rig().get('/assets', { authorization });
    expect([status, body.errorNumber]).toEqual([401, errorNumber]);
    expect(body).not.toHaveProperty('uId');
  });

  it.each([
    ['expired', 9621],
    ['revoked', 9625],
    ['invalid', 9622],
    ['login-required', 9601],
  ] as const)('refuses a token that is %s with %i until that is undone', async (state, errorNumber) => {
    const rig = new Rig();
    rig.admin.setTokenState(rig.uId, state);
    const { status, body } = await rig.get('/client/config');
    expect([status, body.errorNumber]).toEqual([401, errorNumber]);
    rig.admin.setTokenState(rig.uId, 'active');
    expect((await rig.get('/client/config')).status).toBe(200);
  });

  it('expires by the clock', async () => {
    const rig = new Rig();
    await rig.clock.advance(yearMs - 1);
    expect((await rig.get('/assets')).body).toMatchObject({
      tokenExpirationDate: '2028-01-01T00:00:00+0000',
      uId: rig.uId,
    });
    await rig.clock.advance(1);
    expect((await rig.get('/assets')).body.errorNumber).toBe(9621);
  });

  it('issues another token for the same location and keeps or kills the old', async () => {
    const rig = new Rig();
    const second = rig.admin.issueToken(rig.uId, { expiresAt: '2030-01-01T00:00:00Z' });
    expect(second.uId).toBe(rig.uId);
    expect((await rig.get('/assets')).status).toBe(200);
    const answered = await rig.get('/assets', { authorization: `Bearer ${second.token}` });
    expect(answered.body['tokenExpirationDate']).toBe('2030-01-01T00:00:00+0000');
    const third = rig.admin.issueToken(rig.uId, { keepOld: false });
    expect((await rig.get('/assets')).body.errorNumber).toBe(9625);
    expect((await rig.get('/assets', { authorization: `Bearer ${third.token}` })).status).toBe(200);
  });

  it('lets a read-only token read', async () => {
    const rig = new Rig();
    rig.token = rig.admin.issueToken(rig.uId, { readOnly: true }).token;
    for (const path of ['/assets', '/assignments', '/users', '/client/config']) {
      expect((await rig.get(path)).status).toBe(200);
    }
    const body = { assets: [{ adamId: '900000001' }], serialNumbers: ['A'] };
    const refused = await rig.post('/assets/associate', body);
    expect([refused.status, refused.body.errorNumber]).toEqual([403, 9637]);
    expect((await rig.post('/client/config', {})).body.errorNumber).toBe(9637);
    rig.admin.setFaults({ readOnlyToken: 'three-gets' });
    expect((await rig.get('/client/config')).body.errorNumber).toBe(9637);
    expect((await rig.get('/users')).status).toBe(200);
  });
});

describe('client config', () => {
  it('keeps the mark of an MDM and shows it on every answer', async () => {
    const rig = new Rig();
    const mdmInfo = { id: 'm-1', name: 'Example MDM', metadata: '' };
    expect((await rig.get('/assets')).body).not.toHaveProperty('mdmInfo');
    const answered = await rig.post('/client/config', { mdmInfo });
    expect(answered.body).toMatchObject({ mdmInfo, uId: rig.uId });
    for (const absent of ['locationName', 'countryISO2ACode', 'defaultPlatform', 'notificationAuthToken']) {
      expect(answered.body).not.toHaveProperty(absent);
    }
    expect((await rig.get('/assets')).body['mdmInfo']).toEqual(mdmInfo);
    expect((await rig.get('/status?eventId=x')).body['mdmInfo']).toEqual(mdmInfo);
    rig.admin.takeOver(rig.uId, { id: 'm-2', name: 'Other MDM', metadata: '' });
    expect((await rig.get('/users')).body['mdmInfo']).toMatchObject({ id: 'm-2' });
  });

  it('describes the location', async () => {
    const rig = new Rig();
    await rig.subscribe();
    expect((await rig.get('/client/config')).body).toMatchObject({
      countryISO2ACode: 'DE',
      defaultPlatform: 'enterprisestore',
      locationName: 'Berlin Office',
      notificationUrl: 'https://mdm.example.test/apple/notify',
      notificationAuthToken: 'shared-secret',
      subscribedNotificationTypes: ['ASSET_MANAGEMENT', 'ASSET_COUNT', 'USER_MANAGEMENT', 'USER_ASSOCIATED'],
      websiteURL: 'https://business.apple.com',
    });
  });

  it('accepts a notification URL only after a test notification was answered', async () => {
    const rig = new Rig();
    const config = { notificationUrl: 'https://mdm.example.test/n', notificationAuthToken: 'secret' };
    for (const answer of [500, 'unreachable'] as const) {
      rig.answers = [answer];
      const refused = await rig.post('/client/config', config);
      expect([refused.status, refused.body.errorNumber]).toEqual([400, 9728]);
    }
    expect((await rig.get('/client/config')).body).not.toHaveProperty('notificationUrl');
    rig.received.length = 0;
    expect((await rig.post('/client/config', config)).status).toBe(200);
    expect(rig.received).toMatchObject([
      {
        notificationType: 'TEST_NOTIFICATION',
        notification: {},
        uId: rig.uId,
        authorization: 'Bearer secret',
      },
    ]);
    rig.admin.setFaults({ notifications: { testNotification: false } });
    rig.answers = [500];
    expect((await rig.post('/client/config', config)).status).toBe(200);
    expect(rig.answers).toEqual([500]);
  });

  it('accepts callbacks over HTTP where that is switched on', async () => {
    const rig = new Rig(1, { allowHttpCallbacks: true });
    const config = { notificationUrl: 'http://127.0.0.1:3000/n', notificationAuthToken: 'secret' };
    expect((await rig.post('/client/config', config)).status).toBe(200);
  });

  it('needs no token for service/config and names its own endpoints', async () => {
    const { status, body } = await new Rig().get('/service/config', { authorization: '' });
    expect(status).toBe(200);
    expect(body['urls']).toMatchObject({
      associateAssets: 'https://simulator.example.test/mdm/v2/assets/associate',
      contentMetadataLookup: 'https://simulator.example.test/WebObjects/MZStorePlatform.woa/wa/lookup',
      invitationEmail: expect.stringContaining('%25inviteCode%25') as string,
    });
    expect(body['notificationTypes']).toHaveLength(4);
  });
});

describe('rate limit', () => {
  it('refuses what exceeds the limit within any second', async () => {
    const rig = new Rig(1, { rateLimit: { perSecond: 15 } });
    const statuses = async (count: number) =>
      Promise.all(Array.from({ length: count }, async () => (await rig.get('/assets')).status));
    expect((await statuses(16)).filter((status) => status === 429)).toHaveLength(1);
    await rig.clock.advance(999);
    expect(await statuses(1)).toEqual([429]);
    await rig.clock.advance(1);
    expect(await statuses(15)).not.toContain(429);
    expect(rig.admin.stats()).toMatchObject({ rateLimitViolations: 2, maxRequestsInAnySecond: 17 });
    expect((await rig.get('/service/config')).status).toBe(200);
  });

  it('counts by token, or by location with a Retry-After', async () => {
    const rig = new Rig(1, { rateLimit: { perSecond: 1 } });
    const other = { authorization: `Bearer ${rig.admin.issueToken(rig.uId).token}` };
    const refused = await Promise.all([rig.get('/assets'), rig.get('/assets'), rig.get('/assets', other)]);
    expect(refused.map(({ status }) => status)).toEqual([200, 429, 200]);
    expect(refused[1]?.body.errorNumber).toBe(9646);
    expect(refused[1]?.headers).not.toHaveProperty('retry-after');
    await rig.clock.advance(1000);
    rig.admin.setFaults({ rateLimit: { scope: 'location', retryAfter: 3 } });
    expect((await rig.get('/assets')).status).toBe(200);
    const byLocation = await rig.get('/assets', other);
    expect([byLocation.status, byLocation.headers['retry-after']]).toEqual([429, '3']);
  });
});
