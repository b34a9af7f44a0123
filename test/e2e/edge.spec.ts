import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { eventually } from '@seatbook/test-support/eventually';
import { API, BERLIN, OWNER_KEY, StartedProduct, type AccountBody } from './started-product.js';

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly instance: string;
  readonly correlationId: string;
}

/** Everything that was answered in these journeys, headers included. */
const answered: string[] = [];

let seatbook: StartedProduct;
beforeAll(async () => {
  seatbook = await StartedProduct.start();
});
afterAll(() => seatbook.end());

async function problem(asked: request.Test, status: number, code: string): Promise<Problem> {
  const answer = await asked;
  const body = answer.body as Problem;
  answered.push(JSON.stringify(answer.headers), answer.text);
  expect({ status: answer.status, code: body.code }).toEqual({ status, code });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(body).toMatchObject({ status, type: `/docs/errors/${code}` });
  expect(body.detail).not.toBe('');
  expect(body.correlationId).toBe(answer.headers['x-correlation-id']);
  expect(answer.text).not.toMatch(/\bat .*\.[jt]s:\d+/);
  return body;
}

const base64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');

describe('importing a token', () => {
  const importing = (token: string, more: object = {}): request.Test =>
    seatbook.post('/accounts', { token, name: 'Berlin', ...more });

  it('says for each wrong file what it is and what to do', async () => {
    const key = { token: 'x', expDate: '2020-01-01T00:00:00+0000', orgName: 'Example' };
    await problem(importing(''), 400, 'INVALID_TOKEN_EMPTY');
    await problem(importing('not a token!'), 400, 'INVALID_TOKEN_NOT_BASE64');
    await problem(importing(base64('no json at all')), 400, 'INVALID_TOKEN_NOT_JSON');
    await problem(importing(base64({ token: 'x' })), 400, 'INVALID_TOKEN_KEYS');
    await problem(importing(base64({ ...key, expDate: 'soon' })), 400, 'INVALID_TOKEN_DATE');
    await problem(importing(base64(key)), 422, 'REJECTED_TOKEN_EXPIRED');
    await problem(
      importing('Content-Type: application/pkcs7-mime; name="smime.p7m"\n\nMII'),
      400,
      'INVALID_TOKEN_DEP_P7M',
    );
    const unknown = base64({ ...key, expDate: '2099-01-01T00:00:00+0000' });
    const invalid = await problem(importing(unknown), 422, 'REJECTED_TOKEN_INVALID');
    expect(invalid.facts).toMatchObject({ errorNumber: 9622 });
    await problem(seatbook.post('/accounts', { token: 'x' }), 400, 'INVALID_REQUEST');
    await problem(importing(seatbook.token(), { platform: 'Windows' }), 400, 'INVALID_REQUEST');
  });

  it('is refused while Apple says no, and leaves nothing behind', async () => {
    const { admin } = seatbook.simulator;
    admin.setTokenState(BERLIN, 'revoked');
    await problem(importing(seatbook.token()), 422, 'REJECTED_TOKEN_REVOKED');
    admin.setTokenState(BERLIN, 'active');
    admin.takeOver(BERLIN, { id: 'other', name: 'Other MDM', metadata: '' });
    const owned = await problem(importing(seatbook.token()), 409, 'REJECTED_OWNED_BY_OTHER_MDM');
    expect(owned.facts).toMatchObject({ mdmName: 'Other MDM' });
    seatbook.appleIsDown = true;
    const down = importing(seatbook.token());
    await problem(down, 503, 'TRANSIENT_APPLE');
    seatbook.appleIsDown = false;
    const accounts = await seatbook.get('/accounts').expect(200);
    expect(accounts.body).toMatchObject({ items: [] });
  });

  it('takes an uploaded file, as Windows saves it, and takes the location over', async () => {
    const lines = seatbook.token().replace(/(.{64})/g, '$1\r\n');
    const file = Buffer.from(`\ufeff${lines}\r\n`, 'utf16le');
    const answer = await request(seatbook.url)
      .post(`${API}/accounts`)
      .set('authorization', `Bearer ${OWNER_KEY}`)
      .field('name', 'Berlin')
      .field('takeOver', 'true')
      .attach('token', file, 'berlin.vpptoken')
      .expect(201);
    answered.push(JSON.stringify(answer.headers), answer.text);
    expect(answer.body).toMatchObject({
      accountId: BERLIN,
      name: 'Berlin',
      platform: 'iOS',
      token: { state: 'active' },
    });
    expect(Number(answer.headers['seatbook-position'])).toBeGreaterThan(0);
    const again = await problem(importing(seatbook.token()), 409, 'REJECTED_ACCOUNT_EXISTS');
    expect(again.facts).toMatchObject({ accountId: BERLIN, sameToken: true });
    await seatbook.until<AccountBody>(
      `/accounts/${BERLIN}`,
      ({ notifications }) => notifications.mode === 'push',
    );
    await seatbook.quiet();
  });

  it('says that a token is about to expire', async () => {
    const soon = new Date(Date.now() + 10 * 24 * 3_600_000).toISOString();
    const { token } = seatbook.issue(BERLIN, { expiresAt: soon });
    const answer = await seatbook.put(`/accounts/${BERLIN}/token`, { token }).expect(200);
    expect(answer.body).toMatchObject({ usable: true, token: { state: 'expiring', daysLeft: 9 } });
    await seatbook.put(`/accounts/${BERLIN}/token`, { token: seatbook.token() }).expect(200);
  });

  it('has another name when it was renamed, in its answer and in the list', async () => {
    const path = `/accounts/${BERLIN}/name`;
    const renamed = await seatbook.put(path, { name: 'Berlin-Mitte' }).expect(200);
    expect(renamed.body).toMatchObject({ accountId: BERLIN, name: 'Berlin-Mitte' });
    await problem(seatbook.put(path, { name: '' }), 400, 'INVALID_REQUEST');
    await problem(seatbook.put('/accounts/1/name', { name: 'Lyon' }), 404, 'NOT_FOUND_ACCOUNT');
    await seatbook.put(path, { name: 'Berlin' }).expect(200);
  });

  it('a10: assigns to persons or to devices, which governs who is activated', async () => {
    const path = `/accounts/${BERLIN}/assignment-type`;
    const { userId } = (await seatbook.post('/persons', { name: 'Kim' }).expect(201)).body as {
      userId: string;
    };
    const activating = () => seatbook.post(`/accounts/${BERLIN}/activations`, { userIds: [userId] });
    const toPersons = await seatbook.put(path, { assignmentType: 'user' }).expect(200);
    expect(toPersons.body).toMatchObject({ accountId: BERLIN, assignmentType: 'user' });
    await activating().expect(202);
    await problem(seatbook.put(path, { assignmentType: 'nobody' }), 400, 'INVALID_REQUEST');
    await problem(
      seatbook.put('/accounts/1/assignment-type', { assignmentType: 'user' }),
      404,
      'NOT_FOUND_ACCOUNT',
    );
    await seatbook.put(path, { assignmentType: 'device' }).expect(200);
    await problem(activating(), 409, 'REJECTED_ASSIGNMENT_TYPE');
    // What persons hold by then moves by orders of its own, as far as there is anything.
    const moving = { accountId: BERLIN, assetIds: ['900000001'], moveTo: 'device' };
    for (const [kind, route] of [
      ['AssignLicense', '/plans'],
      ['ReturnLicense', '/orders'],
    ] as const) {
      await problem(seatbook.post(route, { kind, ...moving }), 409, 'REJECTED_NOTHING_HELD');
      await problem(seatbook.post(route, { kind, ...moving, userIds: [userId] }), 400, 'INVALID_HOLDER');
      await problem(seatbook.post(route, { kind, ...moving, moveTo: 'group' }), 400, 'INVALID_REQUEST');
    }
    await seatbook.quiet();
  });
});

describe('errors', () => {
  const NAMED = { accountId: BERLIN, assetIds: ['900000001'], serialNumbers: ['C02AAAAAAA'] };
  const order = (body: object): request.Test => seatbook.post('/orders', { kind: 'AssignLicense', ...body });

  it('reports everything that is wrong with a request at once', async () => {
    const body = await problem(
      order({ accountId: 7, assetIds: [], serialNumbers: [1], colour: 'red' }),
      400,
      'INVALID_REQUEST',
    );
    const fields = (body.facts['problems'] as { field: string }[]).map(({ field }) => field);
    expect(fields.sort()).toEqual(['accountId', 'assetIds', 'colour', 'serialNumbers']);
    expect(body.facts['problems']).toContainEqual({
      field: 'colour',
      pointer: '/colour',
      rule: 'unknownField',
      problem: 'there is no such field',
    });
    for (const missing of [{ reason: null }, { platform: null }, { ifShort: null }])
      await problem(order({ ...NAMED, ...missing }), 400, 'INVALID_REQUEST');
    const kind = await problem(order({ kind: 'Lend' }), 400, 'INVALID_REQUEST');
    expect(kind.facts).toMatchObject({ problems: [{ field: 'kind' }] });
  });

  it('names the rule that says no, with the facts', async () => {
    const known = NAMED;
    const serial = await problem(order({ ...known, serialNumbers: ['short'] }), 400, 'INVALID_SERIAL_NUMBER');
    expect(serial.facts).toEqual({ serialNumber: 'short' });
    await problem(order({ ...known, assetIds: ['app'] }), 400, 'INVALID_ASSET');
    await problem(order({ ...known, assetIds: ['999'] }), 422, 'REJECTED_UNKNOWN_ASSET');
    await problem(order({ ...known, accountId: '1' }), 404, 'NOT_FOUND_ACCOUNT');
    for (const key of ['x'.repeat(201), 'caf\u00e9'])
      await problem(order(known).set('idempotency-key', key), 400, 'INVALID_IDEMPOTENCY_KEY');
    const many = Array.from({ length: 50_001 }, (_serial, index) => `S${String(index).padStart(9, '0')}`);
    const size = await problem(
      order({ ...known, assetIds: ['900000001', '900000003'], serialNumbers: many }),
      400,
      'INVALID_ORDER_SIZE',
    );
    expect(size.facts).toMatchObject({ pairs: 100_002, maxPairs: 100_000 });
    await problem(seatbook.post(`/accounts/${BERLIN}/take-over`), 409, 'REJECTED_NOT_CONFLICTED');
  });

  it('answers problems to what the framework refuses', async () => {
    const post = (type: string, body: string): request.Test =>
      seatbook.post('/orders').set('content-type', type).send(body);
    await problem(post('application/json', '{"account":'), 400, 'INVALID_BODY');
    await problem(post('application/json', '{"__proto__":{"a":1}}'), 400, 'INVALID_BODY');
    await problem(post('text/plain', 'hello'), 415, 'INVALID_MEDIA_TYPE');
    await problem(post('application/x-www-form-urlencoded', 'a=1'), 415, 'INVALID_MEDIA_TYPE');
    await problem(
      post('application/json', `"${'x'.repeat(9 * 1024 * 1024)}"`),
      413,
      'INVALID_BODY_TOO_LARGE',
    );
    await problem(seatbook.get('/nothing/here'), 404, 'NOT_FOUND_ROUTE');
    const queries: readonly (readonly [string, number, string])[] = [
      ['/orders/none', 404, 'NOT_FOUND_ORDER'],
      ['/accounts/none', 404, 'NOT_FOUND_ACCOUNT'],
      [`/accounts/${BERLIN}/assets/1`, 404, 'NOT_FOUND_ASSET'],
      [`/accounts/${BERLIN}/assets/app`, 400, 'INVALID_ASSET'],
      [`/accounts/${BERLIN}/assets/1/pairs`, 404, 'NOT_FOUND_ASSET'],
      ['/devices/%0AC02AAAAAAA', 400, 'INVALID_REQUEST'],
      [`/persons/${'x'.repeat(256)}`, 400, 'INVALID_REQUEST'],
      ['/accounts/none/assets', 404, 'NOT_FOUND_ACCOUNT'],
      ['/accounts/none/pairs', 404, 'NOT_FOUND_ACCOUNT'],
      ['/assets?accountId=none', 404, 'NOT_FOUND_ACCOUNT'],
      ['/orders?accountId=none', 404, 'NOT_FOUND_ACCOUNT'],
      ['/devices/C02AAAAAAA?accountId=none', 404, 'NOT_FOUND_ACCOUNT'],
      ['/timeline?accountId=none', 404, 'NOT_FOUND_ACCOUNT'],
      ['/timeline?orderId=none', 404, 'NOT_FOUND_ORDER'],
      ['/history?orderId=none', 404, 'NOT_FOUND_ORDER'],
      [`/history?accountId=${BERLIN}&assetId=1`, 404, 'NOT_FOUND_ASSET'],
      ['/history/9999999', 404, 'NOT_FOUND_EVENT'],
      ['/history/x', 400, 'INVALID_POSITION'],
      [`/accounts/${BERLIN}/pairs?state=lost`, 400, 'INVALID_REQUEST'],
      ['/orders?state=lost', 400, 'INVALID_REQUEST'],
      ['/orders?limit=501', 400, 'INVALID_REQUEST'],
      ['/orders?cursor=abc', 400, 'INVALID_CURSOR'],
      ['/orders?position=1000000', 400, 'INVALID_POSITION'],
      ['/devices/C02AAAAAAA?at=tomorrow', 400, 'INVALID_AT'],
      ['/devices/C02AAAAAAA?at=2199-01-01', 400, 'INVALID_AT'],
      ['/devices/C02AAAAAAA?at=1000000', 400, 'INVALID_AT'],
      ['/timeline', 400, 'INVALID_SUBJECT'],
      [`/timeline?accountId=${BERLIN}&serialNumber=C02AAAAAAA`, 400, 'INVALID_SUBJECT'],
      ['/timeline?assetId=900000001', 400, 'INVALID_SUBJECT'],
      [`/timeline?accountId=${BERLIN}&assetId=app`, 400, 'INVALID_ASSET'],
      ['/history?from=x', 400, 'INVALID_TIME'],
      ['/history?colour=red', 400, 'INVALID_REQUEST'],
    ];
    for (const [path, status, code] of queries) await problem(seatbook.get(path), status, code);
    await problem(seatbook.post('/work/retry', { stream: 'order-none' }), 404, 'NOT_FOUND_PARKED');
  });

  it('gives a reference, and nothing else, for what nobody expected', async () => {
    const { reads } = seatbook.product.host.stores;
    const query = reads.query.bind(reads);
    // Only the request's own read: due work and planners ask the same store meanwhile.
    const failing = jest.spyOn(reads, 'query').mockImplementation((model, rows) => {
      if (model.name !== 'orders') return query(model, rows);
      return Promise.reject(new Error('SELECT secret FROM somewhere'));
    });
    const body = await problem(seatbook.get('/orders'), 500, 'BUG_UNEXPECTED');
    failing.mockRestore();
    expect(JSON.stringify(body)).not.toContain('SELECT');
    const line = seatbook.logLines.find((logged) => logged.includes(String(body.facts['reference'])));
    expect(line).toContain('SELECT');
  });
});

describe('the owner key', () => {
  interface ApiDocument {
    readonly openapi: string;
    readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  }
  const open = ['/livez', '/readyz', '/apple/notifications/{accountId}', '/mdm/webhook'];

  it('is asked for on every documented route but those that say otherwise', async () => {
    const document = (await seatbook.anonymous().get('/docs/json').expect(200)).body as ApiDocument;
    expect(document.openapi).toBe('3.1.0');
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ path, method })),
    );
    expect(routes.length).toBeGreaterThanOrEqual(24);
    for (const { path, method } of routes) {
      if (open.includes(path)) continue;
      const url = path.replace(/\{\w+\}/g, '1');
      for (const key of [null, 'Bearer wrong', `Basic ${OWNER_KEY}`, `Bearer ${OWNER_KEY}x`]) {
        const asked = seatbook.anonymous()[method as 'get'](url);
        const answer = await (key === null ? asked : asked.set('authorization', key));
        expect(`${method} ${path} ${answer.status}`).toBe(`${method} ${path} 401`);
        expect(answer.headers['www-authenticate']).toContain('Bearer');
      }
    }
    for (const path of [
      '/nothing',
      '/livez/x',
      '//livez',
      `/livez/..${API}/orders`,
      `${API}/orders?x=/livez`,
      '/LIVEZ',
    ]) {
      expect((await seatbook.anonymous().get(path)).status).toBe(401);
    }
    await seatbook.anonymous().get('/docs').expect(200);
    await seatbook.anonymous().get('/').expect(302).expect('location', '/docs');
  });

  it('is not stored in clear', () => {
    for (const bytes of files()) expect(bytes.includes(OWNER_KEY)).toBe(false);
  });
});

it('the MDM server signs what it tells; where none is configured, nobody is listened to and nothing is installed', async () => {
  const tell = () => seatbook.anonymous().post('/mdm/webhook').send({ topic: 'mdm.CheckOut' });
  await problem(tell(), 401, 'UNAUTHENTICATED');
  await problem(tell().set('x-hmac-signature', 'c2lnbmVk'), 401, 'UNAUTHENTICATED');
  const order = {
    kind: 'RolloutApp',
    accountId: BERLIN,
    assetIds: ['900000001'],
    serialNumbers: ['C02XK0AAHV29'],
  };
  expect(await seatbook.post('/orders', order)).toMatchObject({ body: { code: 'REJECTED_NO_MDM' } });
});

describe('notifications', () => {
  const path = `/apple/notifications/${BERLIN}`;
  const send = (bearer: string | null, body: object): request.Test => {
    const asked = seatbook.anonymous().post(path);
    return (bearer === null ? asked : asked.set('authorization', `Bearer ${bearer}`)).send(body);
  };
  const count = {
    notificationId: 'n-1',
    uId: BERLIN,
    notificationType: 'ASSET_COUNT',
    notification: { adamId: '900000001', pricingParam: 'STDQ', countDelta: 3 },
  };

  it('need the secret of the account, and are stored once', async () => {
    const secret = seatbook.notificationSecret;
    expect(secret.length).toBeGreaterThan(30);
    await problem(send(null, count), 401, 'UNAUTHENTICATED');
    await problem(send(OWNER_KEY, count), 401, 'UNAUTHENTICATED');
    await problem(send(`${secret}x`, count), 401, 'UNAUTHENTICATED');
    await problem(send(secret, { hello: 'world' }), 400, 'INVALID_NOTIFICATION');
    await problem(send(secret, { ...count, uId: '7700000000000002' }), 422, 'REJECTED_OTHER_LOCATION');
    const elsewhere = seatbook
      .anonymous()
      .post('/apple/notifications/1')
      .set('authorization', `Bearer ${secret}`);
    await problem(elsewhere.send(count), 401, 'UNAUTHENTICATED');
    const large = { ...count, notification: { text: 'x'.repeat(1_100_000) } };
    await problem(send(secret, large), 413, 'INVALID_BODY_TOO_LARGE');
    const { events } = seatbook.product.host.stores;
    await Promise.all(Array.from({ length: 5 }, () => send(secret, count).expect(200)));
    await send(secret, count).expect(200);
    expect(await events.readStream('appleNotification-n-1', 0, 10)).toHaveLength(1);
    await send(secret, { ...count, notificationId: 'n-2', notificationType: 'NEW_KIND' }).expect(200);
    const [unknown] = await events.readStream('appleNotification-n-2', 0, 10);
    expect(unknown?.type).toBe('notification.unknown-received');
    await seatbook.quiet();
  });
});

describe('health', () => {
  interface Readiness {
    readonly ready: boolean;
    readonly reasons: readonly string[];
    readonly models: readonly { readonly model: string; readonly lagMs: number }[];
  }
  /** What `/readyz` says to everybody, and what `/health` says to those who have a key. */
  const readiness = async (): Promise<{ status: number } & Readiness> => {
    const bare = await seatbook.anonymous().get('/readyz');
    const health = (await seatbook.get('/health').expect(200)).body as Readiness;
    expect(bare.body).toEqual({ ready: health.ready });
    return { ...health, status: bare.status };
  };

  it('is ready with all read models up to date', async () => {
    await seatbook.anonymous().get('/livez').expect(200, { alive: true });
    const { status, ready, reasons, models } = await readiness();
    expect({ status, ready, reasons }).toEqual({ status: 200, ready: true, reasons: [] });
    expect(models.map(({ model }) => model)).toContain('pairs');
    for (const { lagMs } of models) expect(lagMs).toBe(0);
  });

  it('is in the metrics, with what others did at each account', async () => {
    const { text, headers } = await seatbook.get('/metrics').expect(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toMatch(/^seatbook_ready 1$/m);
    expect(text).toContain(`seatbook_drift_pairs_total{account="${BERLIN}",kind="taken",decision="asked"} 0`);
    await seatbook.anonymous().get('/api/v1/metrics').expect(401);
  });

  it('stays ready while Apple is down', async () => {
    const before = seatbook.askedInVain;
    seatbook.appleIsDown = true;
    await seatbook.post(`/accounts/${BERLIN}/syncs`).expect(202);
    // The first failure, and the retries that follow from it.
    await eventually('Apple was asked', () => seatbook.askedInVain >= before + 2);
    expect(await readiness()).toMatchObject({ status: 200, ready: true });
    seatbook.appleIsDown = false;
    await seatbook.quiet();
  });

  it('is not ready when a read model has halted, with the reason', async () => {
    const damaged = await StartedProduct.start({
      SEATBOOK_VIEWS_ATTEMPTS: '1',
      SEATBOOK_LEASES_BEAT_MS: '100',
    });
    const metadata = { version: 1, commandId: 'c', principal: 'owner', correlationId: 'c', causationId: 'c' };
    await damaged.product.host.stores.events.append(
      `asset-${BERLIN}.900000001.STDQ`,
      [
        {
          id: randomUUID(),
          type: 'asset.licenses-assigned',
          data: '{}',
          metadata: JSON.stringify({ ...metadata, recordedAt: Date.now() }),
        },
      ],
      'absent',
    );
    await eventually('the read model of pairs has halted', async () => {
      const { ready, reasons } = (await damaged.get('/health')).body as Readiness;
      return !ready && reasons.some((reason) => /^the read model pairs has halted: \S/.test(reason));
    });
    await damaged.anonymous().get('/readyz').expect(503, { ready: false });
    await damaged.end();
  });

  it('is not ready before and after its time', async () => {
    const { host } = seatbook.product;
    const phase = jest.spyOn(host, 'phase', 'get');
    for (const [now, reason, code] of [
      ['starting', 'the server is still starting', 'TRANSIENT_STARTING'],
      ['stopping', 'the server is shutting down', 'TRANSIENT_STOPPING'],
    ] as const) {
      phase.mockReturnValue(now);
      expect(await readiness()).toMatchObject({ status: 503, reasons: [reason] });
      await seatbook.anonymous().get('/livez').expect(200);
      const refused = await seatbook.get('/orders');
      expect(refused.status).toBe(503);
      expect(refused.headers['retry-after']).toBeDefined();
      expect((refused.body as Problem).code).toBe(code);
    }
    phase.mockRestore();
    expect(await readiness()).toMatchObject({ status: 200 });
  });

  it('shows no parked work where there is none', async () => {
    expect((await seatbook.get('/work').expect(200)).body).toMatchObject({ items: [], next: null, count: 0 });
  });
});

it('documents every operation with a sentence', async () => {
  const { body } = (await seatbook.anonymous().get('/docs/json').expect(200)) as {
    body: { paths: Record<string, Record<string, { summary?: string }>> };
  };
  const silent = Object.entries(body.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { summary = '' }]) =>
      summary === '' ? `${method} ${path}` : [],
    ),
  );
  expect(silent).toEqual([]);
  expect(body).toEqual(JSON.parse(readFileSync('docs/openapi.json', 'utf8')));
});

it('logs one line for each request, with its route and without its data', async () => {
  await seatbook.get('/devices/C02LOGGED01').set('x-correlation-id', 'my-trace').expect(200);
  const lines = seatbook.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const mine = lines.filter(({ correlationId, msg }) => correlationId === 'my-trace' && msg === 'request');
  expect(mine).toHaveLength(1);
  expect(mine[0]).toMatchObject({
    method: 'GET',
    route: `${API}/devices/:serialNumber`,
    status: 200,
    principal: 'owner',
  });
  expect(seatbook.logLines.join('')).not.toContain('C02LOGGED01');
});

it('lets no secret out: not in answers, not in the log, not in any file', async () => {
  for (const path of [
    '/accounts',
    `/accounts/${BERLIN}`,
    '/history',
    `/timeline?accountId=${BERLIN}&limit=500`,
    '/work',
  ]) {
    const answer = await seatbook.get(path).buffer(true);
    answered.push(answer.text);
  }
  const forms = [...seatbook.tokens.values()].flatMap((whole) => {
    const file = Buffer.from(whole, 'base64').toString('utf8');
    const { token } = JSON.parse(file) as { token: string };
    const plain = Buffer.from(token, 'base64').toString('utf8');
    return [whole, encodeURIComponent(whole), file, token, encodeURIComponent(token), plain, base64(whole)];
  });
  const secrets = [...forms, seatbook.notificationSecret, OWNER_KEY];
  // The write-ahead logs are there only while the stores are open.
  const whileOpen = files();
  await seatbook.stop();
  const places = [
    answered.join('\n'),
    seatbook.logLines.join('\n'),
    ...[...whileOpen, ...files()].map((bytes) => bytes.toString('latin1')),
  ];
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(20);
    for (const place of places) expect(place.includes(secret)).toBe(false);
  }
  await seatbook.restart();
});

const files = (): Buffer[] =>
  readdirSync(seatbook.folder)
    .filter((name) => name !== 'lock.db')
    .map((name) => readFileSync(join(seatbook.folder, name)));
