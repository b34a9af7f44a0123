import { Rig, serials } from './testing/rig.js';
import { settle } from './testing/virtual-clock.js';

const write = { assets: [{ adamId: '900000001' }], serialNumbers: ['A'] };

describe('injected errors', () => {
  it('answers with an error a given number of times, with its own status or 200', async () => {
    const rig = new Rig();
    rig.admin.addErrorRule({
      match: { path: '/assets', method: 'GET' },
      times: 2,
      errorNumber: 9729,
      retryAfter: 30,
    });
    const first = await rig.get('/assets');
    expect([first.status, first.body.errorNumber, first.headers['retry-after']]).toEqual([503, 9729, '30']);
    expect((await rig.get('/assets')).status).toBe(503);
    expect((await rig.get('/assets')).status).toBe(200);
    rig.admin.addErrorRule({
      match: { path: '/mdm/v2/assets/associate' },
      errorNumber: 9603,
      as200: true,
      retryAfter: { dateInSeconds: 60 },
    });
    const masked = await rig.post('/assets/associate', write);
    expect([masked.status, masked.body.errorNumber]).toEqual([200, 9603]);
    expect(masked.headers['retry-after']).toBe('Fri, 01 Jan 2027 00:01:00 GMT');
    await rig.clock.advance(5_000);
    expect(rig.admin.assignments(rig.uId).assets).toEqual({});
  });

  it('skips, aims at one location, and rolls dice', async () => {
    const rig = new Rig(3);
    rig.admin.addErrorRule({ match: { path: '/users', uId: 'another' }, times: 'forever', status: 500 });
    rig.admin.addErrorRule({ match: { path: '/assets', uId: rig.uId }, skip: 1, status: 502 });
    expect((await rig.send('GET', '/users')).status).toBe(200);
    expect((await rig.send('GET', '/assets')).status).toBe(200);
    const bad = await rig.send('GET', '/assets');
    expect([bad.status, bad.headers['content-type']]).toEqual([502, 'text/html']);
    rig.admin.clearErrorRules();
    rig.admin.addErrorRule({
      match: { path: '/assets' },
      times: 'forever',
      probability: 0.5,
      errorNumber: 9603,
    });
    const statuses: number[] = [];
    for (let i = 0; i < 100; i += 1) statuses.push((await rig.get('/assets')).status);
    const failed = statuses.filter((status) => status === 500).length;
    expect(failed).toBeGreaterThan(25);
    expect(failed).toBeLessThan(75);
    expect(rig.admin.errorRules()).toMatchObject([{ hits: failed }]);
  });

  it('cuts a body and answers HTML', async () => {
    const rig = new Rig();
    rig.admin.addErrorRule({ match: { path: '/assets' }, truncated: true });
    const cut = await rig.send('GET', '/assets');
    expect(cut.status).toBe(200);
    expect(() => JSON.parse(cut.body) as unknown).toThrow();
    rig.admin.addErrorRule({ match: { path: '/assets' }, html: true, status: 200 });
    expect((await rig.send('GET', '/assets')).body).toMatch(/^<html>/);
  });

  it('loses the answer before or after the effect', async () => {
    const rig = new Rig();
    const rules = [
      [{ resetBefore: true }, { reset: 'before' }, 0],
      [{ dead: true }, { dead: 'before' }, 0],
      [{ resetAfter: true }, { reset: 'after' }, 1],
      [{ dead: 'after' }, { dead: 'after' }, 1],
    ] as const;
    for (const [rule, outcome, applied] of rules) {
      rig.admin.resetStats();
      rig.admin.addErrorRule({ match: { path: '/assets/associate' }, ...rule });
      expect(await rig.send('POST', '/assets/associate', write)).toMatchObject(outcome);
      await rig.clock.advance(2_000);
      expect(rig.admin.stats()).toMatchObject({
        associateReceived: 1,
        associateApplied: applied,
        inFlightWrites: 0,
        requests: { byStatus: { none: 1 } },
      });
    }
  });

  it('answers late, while the effect came at once', async () => {
    const rig = new Rig(1, { eventDelayMs: { min: 0, max: 0 } });
    rig.admin.addErrorRule({ match: { path: '/assets/associate' }, delayMs: 30_000 });
    let answered = false;
    const post = rig.post('/assets/associate', write).then(() => {
      answered = true;
    });
    await rig.clock.advance(29_999);
    expect(answered).toBe(false);
    expect(rig.admin.stats()).toMatchObject({ inFlight: 1, inFlightWrites: 1, associateApplied: 1 });
    await rig.clock.advance(1);
    await post;
    expect(rig.admin.stats()).toMatchObject({ inFlight: 0, inFlightWrites: 0 });
  });
});

describe('what the simulator counts', () => {
  it('counts pages at once on one endpoint', async () => {
    const rig = new Rig(1, { latencyMs: { min: 10, max: 10 }, pageSize: 1 });
    rig.admin.seedAssignments(rig.uId, { adamId: '900000001', serialNumbers: serials(8) });
    const pages = Promise.all(
      Array.from({ length: 7 }, async (_, index) => rig.get(`/assignments?pageIndex=${index}`)),
    );
    await settle();
    expect(rig.admin.stats().inFlightByEndpoint).toEqual({ 'GET /assignments': 7 });
    await rig.clock.advance(10);
    await pages;
    expect(rig.admin.stats()).toMatchObject({
      maxParallelPages: { 'GET /assignments': 7 },
      parallelPageViolations: 2,
      inFlight: 0,
      maxInFlight: 7,
    });
  });

  it('logs requests without tokens', async () => {
    const rig = new Rig();
    await rig.get('/assets?pageIndex=9');
    const { body } = await rig.post('/assets/associate', write);
    const log = rig.admin.requests();
    expect(log).toMatchObject([
      {
        n: 1,
        method: 'GET',
        path: '/mdm/v2/assets?pageIndex=9',
        status: 400,
        errorNumber: 9650,
        uId: rig.uId,
      },
      { n: 2, method: 'POST', path: '/mdm/v2/assets/associate', status: 200, eventId: body.eventId },
    ]);
    expect(rig.admin.requests(1)).toHaveLength(1);
    expect(rig.admin.requests(0, 1)).toMatchObject([{ n: 2 }]);
    expect(JSON.stringify(log)).not.toContain(rig.token);
    expect(rig.admin.stats().requests).toMatchObject({
      total: 2,
      byEndpoint: { 'GET /assets': 1, 'POST /assets/associate': 1 },
      byErrorNumber: { 9650: 1 },
    });
  });
});

describe('the admin endpoint', () => {
  it('does over HTTP what the methods do', async () => {
    const rig = new Rig();
    const created = await rig.post('/admin/locations', { name: 'Lyon Studio', country: 'FR' });
    const uId = String(created.body['uId']);
    expect(created.body).toMatchObject({ tokenFile: null, token: expect.any(String) as string });
    rig.token = String(created.body['token']);
    const steps: [string, unknown, unknown][] = [
      ['assets', { assets: [{ adamId: '900000009', name: 'Atelier', total: 9 }] }, { ok: true }],
      ['assignments/seed', { adamId: '900000009', count: 3, prefix: 'L', startAt: 5 }, { added: 3 }],
      ['assignments/add', { adamId: '900000009', serialNumber: 'X' }, { ok: true }],
      ['assignments/remove', { adamId: '900000009', serialNumber: 'L0000006' }, { ok: true }],
      ['purchase', { adamId: '900000009', count: 1 }, { total: 10, assigned: 3, available: 7 }],
      ['refund', { adamId: '900000009', count: 2 }, { total: 8 }],
      ['transfer', { adamId: '900000009', count: 2, to: rig.uId }, { total: 6 }],
      ['users', { users: [{ clientUserId: 'u-1' }] }, { ok: true }],
      ['users/accept-invite', { clientUserId: 'u-1', account: 'a@example.test' }, { ok: true }],
      ['managed-domains', { domains: ['example.test'] }, { ok: true }],
      ['mdm-info', { id: 'm', name: 'M', metadata: '' }, { ok: true }],
    ];
    for (const [path, body, expected] of steps) {
      const answered = await rig.post(`/admin/locations/${uId}/${path}`, body);
      expect(answered).toMatchObject({ status: 200, body: expected });
    }
    expect((await rig.get(`/admin/locations/${uId}/assignments`)).body).toEqual({
      assets: { '900000009/STDQ': ['L0000005', 'X', 'L0000007'] },
      users: {},
    });
    expect((await rig.get(`/admin/locations/${uId}/users`)).body.users).toHaveLength(1);
    expect((await rig.get('/assets')).body['mdmInfo']).toMatchObject({ id: 'm' });
    await rig.post(`/admin/locations/${uId}/token-state`, { state: 'invalid' });
    expect((await rig.get('/assets')).body.errorNumber).toBe(9622);
    const renewed = await rig.post(`/admin/locations/${uId}/tokens`, { keepOld: false });
    rig.token = String(renewed.body['token']);
    expect((await rig.get('/assets')).status).toBe(200);
    expect((await rig.get('/admin/locations')).body['locations']).toHaveLength(2);
    expect((await rig.get('/admin/requests?since=0&limit=5')).body['requests']).toHaveLength(3);
    await rig.post('/admin/reset-stats', {});
    expect((await rig.get('/admin/stats')).body).toMatchObject({ requests: { total: 0 } });
  });

  it('changes only the switches that are named, and resets them', async () => {
    const rig = new Rig();
    const patch = {
      eventDelayMs: 'never',
      pageSize: 3,
      notifications: { drop: 0.2 },
      rateLimit: { retryAfter: 5 },
    };
    expect((await rig.post('/admin/faults', patch)).body).toMatchObject({
      ...patch,
      rateLimit: { perSecond: 100_000, retryAfter: 5 },
      notifications: { drop: 0.2, chunkSize: 100 },
    });
    await rig.post('/admin/faults', { eventDelayMs: { min: 1, max: 2 }, rateLimit: { retryAfter: null } });
    expect((await rig.get('/admin/faults')).body).toMatchObject({
      eventDelayMs: { min: 1, max: 2 },
      rateLimit: { retryAfter: null },
    });
    expect((await rig.post('/admin/faults/reset', {})).body).toMatchObject({
      pageSize: 500,
      rateLimit: { perSecond: 15 },
    });
  });

  it.each([
    ['/admin/faults', { pageSise: 3 }, 400],
    ['/admin/faults', { notifications: { drop: 2 } }, 400],
    ['/admin/faults', '{', 400],
    ['/admin/error-rules', { errorNumber: 9603 }, 400],
    ['/admin/locations', { name: 'X', fileName: '../x' }, 400],
    ['/admin/locations/none/purchase', { adamId: '1', count: 1 }, 404],
    ['/admin/nonsense', {}, 404],
  ])('refuses nonsense at %s: %j', async (path, body, status) => {
    const answered = await new Rig().post(path, body);
    expect(answered.status).toBe(status);
    expect(answered.body['error']).toEqual(expect.any(String));
  });

  it('manages rules and events over HTTP', async () => {
    const rig = new Rig();
    const { body } = await rig.post('/admin/error-rules', [
      { match: { path: '/assets' }, errorNumber: 9603, times: 'forever' },
      { match: { path: '/users' }, dead: true },
    ]);
    expect(body['ruleIds']).toEqual([1, 2]);
    expect((await rig.get('/admin/error-rules')).body['rules']).toHaveLength(2);
    await rig.post('/admin/error-rules/clear', { ruleId: 2 });
    expect((await rig.get('/users')).status).toBe(200);
    await rig.post('/admin/error-rules/clear', {});
    expect((await rig.get('/assets')).status).toBe(200);
    await rig.post('/admin/fail-pairs', { serialNumber: 'A', errorNumber: 9603 });
    expect((await rig.get('/admin/fail-pairs')).body['rules']).toHaveLength(1);
    await rig.post('/admin/fail-pairs/clear', {});
    await rig.post('/admin/events/pause', {});
    await rig.post('/assets/associate', write);
    expect((await rig.post('/admin/events/complete', {})).body).toEqual({ completed: 1 });
    await rig.post('/admin/events/resume', {});
    expect(rig.admin.assignments(rig.uId).assets).toEqual({ '900000001/STDQ': ['A'] });
  });
});
