import { jest } from '@jest/globals';
import { ERROR_CODES } from '@seatbook/kernel';
import {
  BERLIN,
  OWNER_KEY,
  StartedProduct,
  devices,
  type ItemsBody,
  type OrderBody,
} from './started-product.js';

jest.setTimeout(60_000);

const NOTES = '900000001';
const KARTOGRAF = '900000004';

let seatbook: StartedProduct;
let assigned: OrderBody;
let returned: OrderBody;
beforeAll(async () => {
  seatbook = await StartedProduct.start();
  await seatbook.importBerlin();
  await seatbook.put(`/accounts/${BERLIN}/name`, { name: '=1+1' }).expect(200);
  assigned = await order('AssignLicense', [NOTES, KARTOGRAF], devices(3));
  returned = await order('ReturnLicense', [NOTES], devices(1));
});
afterAll(() => seatbook.end());

async function order(kind: string, assetIds: string[], serialNumbers: string[]): Promise<OrderBody> {
  const body = { kind, accountId: BERLIN, assetIds, serialNumbers };
  return (await seatbook.post('/orders', body).set('prefer', 'wait=30').expect(200)).body as OrderBody;
}

async function items<T = Record<string, unknown>>(path: string): Promise<readonly T[]> {
  return ((await seatbook.get(path).expect(200)).body as ItemsBody<T>).items;
}

describe('why an app is not installed', () => {
  const [serialNumber = ''] = devices(1);
  const ofApp = `/accounts/${BERLIN}/assets/${KARTOGRAF}`;

  it('is told for a device or a person, with the next step and the chain of causes', async () => {
    const { body } = (await seatbook
      .get(`${ofApp}/why?serialNumber=${serialNumber.toLowerCase()}`)
      .expect(200)) as { body: { chain: { type: string; cause: { eventId: string | null } }[] } };
    expect(body).toMatchObject({
      reason: 'not-rolled-out',
      remedy: 'Roll the app out: an order of the kind RolloutApp.',
      nextStep: null,
      assetId: `${KARTOGRAF}.STDQ`,
      name: 'Kartograf',
      holder: { serialNumber, userId: null },
      licence: { state: 'assigned', orderId: assigned.orderId },
      installation: null,
      hold: null,
    });
    const { chain } = body;
    expect(chain[0]).toMatchObject({ type: 'order.placed', cause: { eventId: null } });
    expect(chain.at(-1)).toMatchObject({ type: 'asset.licenses-assigned' });
    const person = await seatbook.get(`${ofApp}/why?userId=nobody`).expect(200);
    expect(person.body).toMatchObject({ reason: 'no-licence', chain: [] });
    for (const query of ['', `?serialNumber=${serialNumber}&userId=nobody`])
      expect(await seatbook.get(`${ofApp}/why${query}`)).toMatchObject({ body: { code: 'INVALID_HOLDER' } });
    const unknown = `/accounts/${BERLIN}/assets/900000099/why?serialNumber=${serialNumber}`;
    await seatbook.get(unknown).expect(404);
  });

  it('a device shows each of its apps, also as a table', async () => {
    const { body } = (await seatbook.get(`/devices/${serialNumber}/apps`).expect(200)) as {
      body: ItemsBody<unknown>;
    };
    expect(body).toMatchObject({
      serialNumber,
      device: { state: 'unknown', platform: null },
      items: [{ assetId: `${KARTOGRAF}.STDQ`, licence: { state: 'assigned' }, reason: 'not-rolled-out' }],
    });
    const { text } = await seatbook
      .get(`/devices/${serialNumber}/apps`)
      .set('accept', 'text/csv')
      .expect(200);
    expect(text.split('\r\n')).toHaveLength(3);
    expect(text).toContain('licence.state');
  });

  it('lists of what was rolled out are empty where nothing was', async () => {
    for (const path of [
      '/installations?reason=offline',
      '/installations/failures',
      `${ofApp}/installations?state=failed`,
    ])
      expect(await items(path)).toEqual([]);
    await seatbook.get(`/orders/${assigned.orderId}/rollout/targets`).expect(404);
    await seatbook.get('/installations?reason=boredom').expect(400);
  });
});

describe('settings of apps', () => {
  it('are set whole, inherited where nothing is said, and guarded by what was seen', async () => {
    const ofApp = `/accounts/${BERLIN}/assets/${KARTOGRAF}/settings`;
    await seatbook
      .put(`/accounts/${BERLIN}/app-settings`, { preventBackup: true, reason: 'policy' })
      .expect(200);
    const seen = await seatbook.get(ofApp).expect(200);
    expect(seen.body).toMatchObject({
      assetId: `${KARTOGRAF}.STDQ`,
      inForce: { mandatory: false, preventBackup: true },
      own: { mandatory: null, preventBackup: null },
      version: 0,
    });
    const put = (body: object) => seatbook.put(ofApp, body).set('if-match', seen.headers['etag'] ?? '');
    const changed = await put({ preventBackup: false }).expect(200);
    expect(changed.body).toMatchObject({
      inForce: { preventBackup: false },
      own: { preventBackup: false },
      version: 1,
    });
    expect(await put({ mandatory: true })).toMatchObject({ status: 412, body: { code: 'CONFLICT_VERSION' } });
    for (const wrong of [{ mandatory: 'yes' }, { mandatory: null }, { colour: 'red' }])
      await seatbook.put(ofApp, wrong).expect(400);
    await seatbook.put(ofApp, {}).expect(200);
    await seatbook.put(`/accounts/${BERLIN}/app-settings`, {}).expect(200);
  });
});

describe('filters', () => {
  it('find assets by a part of the name, by platform and by shortage', async () => {
    const names = async (query: string) =>
      (await items<{ name: string }>(`/assets?${query}`)).map(({ name }) => name);
    expect(await names('name=NOTES')).toEqual(['Field Notes']);
    expect(await names('name=nothing')).toEqual([]);
    expect(await names('short=true')).toEqual([]);
    expect(await names(`accountId=${BERLIN}&short=false`)).toHaveLength(8);
    expect(await names('platform=tvOS&name=notes')).toEqual([]);
    const { totals } = (await seatbook.get('/assets?name=kart&totals=true').expect(200)).body as {
      totals: Record<string, number>;
    };
    expect(totals).toMatchObject({ assets: 1, owned: 120, assigned: 3 });
  });

  it('find orders by kind, state, principal, asset, holder and time', async () => {
    const ids = async (query: string) =>
      (await items<OrderBody>(`/orders?${query}`)).map(({ orderId }) => orderId);
    const both = [returned.orderId, assigned.orderId];
    expect(await ids('')).toEqual(both);
    expect(await ids('kind=ReturnLicense')).toEqual([returned.orderId]);
    expect(await ids('state=finished&principal=owner')).toEqual(both);
    expect(await ids('principal=nobody')).toEqual([]);
    expect(await ids(`assetId=${KARTOGRAF}`)).toEqual([assigned.orderId]);
    expect(await ids('serialNumber=e2ea000000')).toEqual(both);
    expect(await ids('serialNumber=E2EA000002&kind=AssignLicense')).toEqual([assigned.orderId]);
    expect(await ids('serialNumber=E2EA000002&kind=ReturnLicense')).toEqual([]);
    expect(await ids('from=2020-01-01&to=2020-02-01')).toEqual([]);
    expect(await ids(`from=2020-01-01&to=${new Date().toISOString()}&accountId=${BERLIN}`)).toEqual(both);
    const first = (await seatbook.get('/orders?serialNumber=E2EA000000&limit=1').expect(200))
      .body as ItemsBody<OrderBody>;
    const rest = await items<OrderBody>(`/orders?serialNumber=E2EA000000&limit=1&cursor=${first.next}`);
    expect([...first.items, ...rest].map(({ orderId }) => orderId)).toEqual(both);
  });

  it('find devices by a part of the serial number', async () => {
    const found = await items('/devices?serialNumber=ea00000');
    expect(found.map(({ serialNumber }) => serialNumber)).toEqual(devices(3));
    expect(found[0]).toMatchObject({ accountIds: [BERLIN], assigned: 1, waiting: 0 });
    expect(found[1]).toMatchObject({ assigned: 2 });
    const page = (await seatbook.get('/devices?serialNumber=E2E&limit=2').expect(200))
      .body as ItemsBody<object>;
    expect(page.items).toHaveLength(2);
    expect(await items(`/devices?serialNumber=E2E&limit=2&cursor=${page.next}`)).toEqual([found[2]]);
  });

  it('find events by their type', async () => {
    const { text } = await seatbook.get('/history?type=order.placed').buffer(true).expect(200);
    const types = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual(['order.placed', 'order.placed']);
  });
});

it('says what an order would do before it is given, and writes nothing', async () => {
  const events = async () => (await seatbook.get('/history').buffer(true)).text;
  const before = await events();
  const body = {
    kind: 'AssignLicense',
    accountId: BERLIN,
    assetIds: [NOTES, '900000002'],
    serialNumbers: devices(5),
  };
  const plan = await seatbook.post('/plans', body).expect(200);
  expect(plan.body).toMatchObject({
    accountId: BERLIN,
    calls: 2,
    assets: [
      { assetId: `${NOTES}.STDQ`, sent: 3, alreadyHeld: 2, waiting: 0 },
      { assetId: '900000002.STDQ', sent: 2, waiting: 3, waitingReason: 'short' },
    ],
  });
  await seatbook.post('/plans', { ...body, kind: 'ReturnAll' }).expect(400);
  const all = { kind: 'ReturnAll', accountId: BERLIN, serialNumber: devices(1)[0] };
  const everything = await seatbook.post('/plans', all).expect(200);
  expect(everything.body).toMatchObject({
    kind: 'ReturnAll',
    calls: 1,
    assets: [{ assetId: '900000004.STDQ', sent: 1 }],
  });
  const differs = { ...all, expect: [{ assetId: '900000004', sent: 2 }] };
  const changed = await seatbook.post('/orders', differs).expect(409);
  expect(changed.body).toMatchObject({
    code: 'REJECTED_PLAN_CHANGED',
    facts: { assets: [{ expected: { sent: 2 }, planned: { sent: 1 } }] },
  });
  const nobody = await seatbook.post('/plans', { ...all, serialNumber: 'NOBODY0001' }).expect(409);
  expect(nobody.body).toMatchObject({ code: 'REJECTED_NOTHING_HELD' });
  expect(await events()).toBe(before);
});

describe('conditional reads', () => {
  it('are answered 304 as long as nothing has changed, and with a position all the same', async () => {
    const first = await seatbook.get(`/orders/${assigned.orderId}`).expect(200);
    const tag = first.headers['etag'] ?? '';
    expect(tag).toMatch(/^W\/"/);
    expect(first.headers['cache-control']).toBe('private, no-cache');
    const again = await seatbook.get(`/orders/${assigned.orderId}`).set('if-none-match', tag).expect(304);
    expect(again.text).toBe('');
    expect(Number(again.headers['seatbook-position'])).toBeGreaterThanOrEqual(assigned.position);
    await seatbook.get(`/orders/${returned.orderId}`).set('if-none-match', tag).expect(200);
  });

  it('guard what is edited: what was seen must still be true', async () => {
    const path = `/accounts/${BERLIN}`;
    const tag = (await seatbook.get(path).expect(200)).headers['etag'] ?? '';
    const refused = await seatbook
      .put(`${path}/name`, { name: 'Lost' })
      .set('if-match', 'W/"other"')
      .expect(412);
    expect(refused.body).toMatchObject({ code: 'CONFLICT_VERSION' });
    await seatbook.put(`${path}/name`, { name: '=2+2' }).set('if-match', tag).expect(200);
    await seatbook.put(`${path}/name`, { name: '=1+1' }).set('if-match', tag).expect(412);
    await seatbook.put(`${path}/name`, { name: '=1+1' }).expect(200);
  });

  it('let one of two win that have seen the same', async () => {
    const path = `/accounts/${BERLIN}`;
    for (let round = 0; round < 5; round += 1) {
      const current = (await seatbook.get(path).expect(200)).headers['etag'] ?? '';
      const racing = ['one', 'two', 'three'].map((name) =>
        seatbook.put(`${path}/name`, { name: `${name} ${round}` }).set('if-match', current),
      );
      const answers = await Promise.all(racing);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    }
    // Who repeats what was carried out is answered as at first.
    const last = (await seatbook.get(path).expect(200)).headers['etag'] ?? '';
    const keyed = () =>
      seatbook.put(`${path}/name`, { name: '=1+1' }).set({ 'if-match': last, 'idempotency-key': 'rename' });
    await keyed().expect(200);
    await keyed().expect(200);
    const other = await seatbook.post(`${path}/syncs`).set('idempotency-key', 'rename').expect(409);
    expect(other.body).toMatchObject({ code: 'CONFLICT_IDEMPOTENCY_KEY' });
  });

  it('are packed where it pays', async () => {
    const { headers } = await seatbook.get('/assets').set('accept-encoding', 'gzip').expect(200);
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['vary']).toMatch(/accept-encoding/i);
  });
});

describe('tables', () => {
  const table = async (path: string): Promise<string[]> => {
    const { text, headers } = await seatbook.get(path).set('accept', 'text/csv').buffer(true).expect(200);
    expect(headers['content-type']).toMatch(/^text\/csv/);
    expect(Number(headers['seatbook-position'])).toBeGreaterThan(0);
    expect(text.startsWith('\ufeff')).toBe(true);
    return text.slice(1).trimEnd().split('\r\n');
  };

  it('have all rows of a list, whatever its pages', async () => {
    const [head, ...rows] = await table('/devices?limit=1&serialNumber=E2E');
    expect(head).toBe('serialNumber,accountIds,assigned,inProgress,waiting,failed');
    expect(rows).toEqual([
      `E2EA000000,${BERLIN},1,0,0,0`,
      `E2EA000001,${BERLIN},2,0,0,0`,
      `E2EA000002,${BERLIN},2,0,0,0`,
    ]);
  });

  it('run no formula in a spreadsheet', async () => {
    const [head = '', row = ''] = await table('/accounts');
    expect(row.split(',')[head.split(',').indexOf('name')]).toBe("'=1+1");
  });

  it.each([
    '/assets',
    `/accounts/${BERLIN}/assets`,
    `/accounts/${BERLIN}/assets/${NOTES}/pairs`,
    `/accounts/${BERLIN}/pairs`,
    '/devices/E2EA000001',
    `/accounts/${BERLIN}/report`,
    '/orders',
    `/timeline?serialNumber=E2EA000001`,
    '/accounts',
    '/devices',
    '/history/{position}/causes',
    '/work',
  ])('%s has as many rows as its JSON', async (template) => {
    const path = template.replace('{position}', String(assigned.position));
    const [head, ...rows] = await table(path);
    expect(head).toMatch(/^[\w.]+(,[\w.]+)+$/);
    expect(rows).toHaveLength((await items(`${path}${path.includes('?') ? '&' : '?'}limit=500`)).length);
  });

  it('of an order have the outcome of each pair', async () => {
    const [head, ...rows] = await table(`/orders/${assigned.orderId}/pairs?limit=1`);
    expect(head).toBe(
      'serialNumber,userId,assetId,outcome,detail,place,hold.since,hold.why,hold.ends,position',
    );
    expect(rows).toHaveLength(6);
  });

  it('of a period have sums that close, and that add up with those of the period before', async () => {
    type Sums = Readonly<Record<string, number>>;
    const report = async (query: string): Promise<Sums> => {
      const [head = '', ...rows] = await table(`/accounts/${BERLIN}/report?limit=1&${query}`);
      const row = rows.find((line) => line.includes(`,${NOTES}.STDQ,`))?.split(',') ?? [];
      return Object.fromEntries(head.split(',').map((name, column) => [name, Number(row[column])]));
    };
    const closes = (sums: Sums): void => {
      const of = (name: string): number => sums[name] ?? NaN;
      const gone = of('owned.refunded') + of('owned.movedAway');
      const came = of('owned.found') + of('owned.bought') + of('owned.recounted');
      expect(of('owned.opening') + came - gone).toBe(of('owned.closing'));
      const given = of('used.adopted') + of('used.assigned') + of('used.driftAdded') + of('used.reserved');
      expect(of('used.opening') + given - of('used.returned') - of('used.driftTaken')).toBe(
        of('used.closing'),
      );
    };
    const before = await report(`to=${returned.position}`);
    const after = await report(`from=${returned.position}`);
    const whole = await report('');
    for (const sums of [before, after, whole]) closes(sums);
    expect(before).toMatchObject({ 'owned.opening': 0, 'used.assigned': 3, 'used.returned': 0 });
    expect(after).toMatchObject({ 'used.opening': before['used.closing'], 'used.returned': 1 });
    expect(whole['used.closing']).toBe(after['used.closing']);
    expect(before['owned.found']).toBe(whole['owned.closing']);
    const { period } = (await seatbook.get(`/accounts/${BERLIN}/report?from=1&to=2`).expect(200)).body as {
      period: { from: { position: number }; to: { position: number } };
    };
    expect([period.from.position, period.to.position]).toEqual([1, 2]);
  });

  it('of differences have the pairs and counts of an asset, a holder and an account', async () => {
    const asset = `accountId=${BERLIN}&assetId=${NOTES}`;
    const [head, counts, ...pairs] = await table(
      `/history/diff?${asset}&from=${assigned.position}&to=${returned.position}`,
    );
    expect(head).toBe(
      'what,accountId,assetId,serialNumber,userId,before,after,at,effectiveAt,orderId,orderedBy,reason,principal,event.position,event.type,event.id',
    );
    expect(counts).toMatch(/^counts,.*""assigned"":37,.*""assigned"":40,/);
    expect(pairs.map((line) => line.split(',').slice(2, 7).join())).toEqual(
      devices(3).map((serialNumber) => `${NOTES}.STDQ,${serialNumber},,,assigned`),
    );
    expect(pairs[0]).toContain(`,${assigned.orderId},owner,`);
    const lines = async (query: string): Promise<readonly Record<string, unknown>[]> =>
      (await seatbook.get(`/history/diff?${query}`).buffer(true).expect(200)).text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const [, gone, ...none] = await lines(`${asset}&from=${returned.position}`);
    expect(gone).toMatchObject({
      what: 'pair',
      ...{ serialNumber: devices(1)[0], before: 'assigned', after: null, orderId: returned.orderId },
      event: { type: 'asset.licenses-returned' },
    });
    expect(none).toEqual([]);
    const links = gone?.['links'] as Record<string, string>;
    for (const link of Object.values(links)) await seatbook.get(link.replace('/api/v1', '')).expect(200);
    const ofHolder = await lines(`serialNumber=${String(devices(1)[0])}&from=${returned.position}`);
    expect(ofHolder).toMatchObject([
      { what: 'counts', before: { assigned: 2 }, after: { assigned: 1 } },
      gone,
    ]);
    expect(await lines(`accountId=${BERLIN}&from=${returned.position}`)).toContainEqual(gone);
    for (const query of ['', `accountId=${BERLIN}&serialNumber=A`, 'orderId=any'])
      expect((await seatbook.get(`/history/diff?${query}`).expect(400)).body).toMatchObject({
        code: query.startsWith('orderId') ? 'INVALID_REQUEST' : 'INVALID_SUBJECT',
      });
  });

  it('of the history have its events, with what they say as JSON', async () => {
    const [head, ...rows] = await table('/history?type=order.placed');
    expect(head).toBe(
      'position,id,stream,revision,type,at,effectiveAt,metadata.principal,metadata.reason,data,metadata',
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(new RegExp(`,order-${assigned.orderId},0,order\\.placed,.*,owner,,"\\{""kind""`));
    const renamed = await table('/history?type=account.renamed');
    expect(renamed[1]).toContain('""name"":""=1+1""');
    const both = await seatbook
      .get('/history')
      .set('accept', 'text/csv;q=0.5, application/x-ndjson')
      .buffer(true);
    expect(both.headers['content-type']).toMatch(/^application\/x-ndjson/);
  });

  it('are for who asks for them: JSON otherwise, with a link to the next page', async () => {
    const { headers } = await seatbook
      .get('/assets?limit=3')
      .set('accept', 'application/json, text/csv;q=0.5');
    expect(headers['content-type']).toMatch(/^application\/json/);
    const next = /^<(.+)>; rel="next"$/.exec(headers['link'] ?? '')?.[1] ?? '';
    expect(await items(next)).toHaveLength(3);
  });
});

describe('of when it is', () => {
  interface Dated {
    readonly asOf: { readonly position: number; readonly time: string };
  }
  const datedNow = ({ asOf }: Dated, position: number, before: number): void => {
    expect(asOf.position).toBeGreaterThanOrEqual(position);
    expect(Date.parse(asOf.time)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(asOf.time)).toBeLessThanOrEqual(Date.now());
  };

  it('is said by whatever is answered to a POST', async () => {
    const before = Date.now();
    const body = {
      kind: 'AssignLicense',
      accountId: BERLIN,
      assetIds: [NOTES],
      serialNumbers: devices(1, 'T'),
    };
    const plan = (await seatbook.post('/plans', body).expect(200)).body as Dated;
    datedNow(plan, assigned.position, before);
    const placed = (await seatbook.post('/orders', body).expect(202)).body as OrderBody & Dated;
    datedNow(placed, placed.position, before);
    const waited = await seatbook.post('/orders', body).set('prefer', 'wait=30').expect(200);
    datedNow(waited.body as Dated, placed.position, before);
    expect(waited.headers['seatbook-position']).toBe(String((waited.body as OrderBody).position));
  });

  it('is said by single events and by causes, and does not change their tag', async () => {
    const before = Date.now();
    for (const path of [`/history/${assigned.position}`, `/history/${assigned.position}/causes`]) {
      const first = await seatbook.get(path).expect(200);
      datedNow(first.body as Dated, returned.position, before);
      await seatbook
        .get(path)
        .set('if-none-match', first.headers['etag'] ?? '')
        .expect(304);
    }
  });

  it('is said of licences owned by the moment when Apple was asked, whatever has happened here since', async () => {
    interface Asset extends Dated {
      readonly licences: { readonly owned: number; readonly ownedAt: string; readonly assigned: number };
    }
    const path = `/accounts/${BERLIN}/assets/${KARTOGRAF}`;
    const look = async (): Promise<Asset> => (await seatbook.get(path).expect(200)).body as Asset;
    const first = await look();
    await order('AssignLicense', [KARTOGRAF], devices(1, 'U'));
    const then = await look();
    expect(then.licences).toMatchObject({
      owned: first.licences.owned,
      ownedAt: first.licences.ownedAt,
      assigned: first.licences.assigned + 1,
    });
    expect(then.asOf.position).toBeGreaterThan(first.asOf.position);
    const asked = Date.now();
    seatbook.simulator.admin.purchase(BERLIN, { adamId: KARTOGRAF, count: 7 });
    await seatbook.post(`/accounts/${BERLIN}/syncs`).expect(202);
    const now = await seatbook.until<Asset>(path, ({ licences }) => licences.owned !== first.licences.owned);
    expect(now.licences.owned).toBe(first.licences.owned + 7);
    expect(Date.parse(now.licences.ownedAt)).toBeGreaterThanOrEqual(asked);
    // Documents may be ahead of the position that an answer is said to reflect, never behind it.
    await seatbook.until<Asset>(
      path,
      ({ asOf, licences }) => Date.parse(asOf.time) >= Date.parse(licences.ownedAt),
    );
  });
});

it.each([
  ['/orders?limit=0x10', 'INVALID_REQUEST'],
  ['/orders?limit=1e2', 'INVALID_REQUEST'],
  ['/orders?limit=', 'INVALID_REQUEST'],
  ['/history?after=1.0', 'INVALID_REQUEST'],
  ['/devices/C02AAAAAAA?at=2026-02-30', 'INVALID_AT'],
  ['/devices/C02AAAAAAA?at=2026-02-20T08:00:00+02:00', 'INVALID_AT'],
  ['/orders?from=2026-13-01', 'INVALID_TIME'],
  [`/accounts/${BERLIN}/report?from=2026-13-01`, 'INVALID_AT'],
  [`/accounts/${BERLIN}/report?from=3&to=2`, 'INVALID_PERIOD'],
  ['/work?cursor=anything', 'INVALID_CURSOR'],
])('%s is refused', async (path, code) => {
  const answer = await seatbook.get(path).expect(400);
  expect(answer.body).toMatchObject({ code });
});

describe('the documentation', () => {
  const page = async (path: string): Promise<string> => {
    const { text, headers } = await seatbook.anonymous().get(path).expect(200);
    expect(headers['content-type']).toMatch(/^text\/html/);
    return text;
  };

  it('has a page for every code, and none for others', async () => {
    const list = await page('/docs/errors');
    for (const code of Object.keys(ERROR_CODES)) expect(list).toContain(`/docs/errors/${code}"`);
    expect(await page('/docs/errors/NOT_FOUND_ORDER')).toContain('Status 404');
    const none = await seatbook.anonymous().get('/docs/errors/NO_SUCH_CODE').expect(404);
    expect(none.body).toMatchObject({ code: 'NOT_FOUND_CODE', type: '/docs/errors/NOT_FOUND_CODE' });
  });

  it('has the glossary, to which the document of the API leads', async () => {
    expect(await page('/docs/glossary')).toContain('<td><code>adamId</code></td>');
    const { body } = (await seatbook.anonymous().get('/docs/json')) as {
      body: { info: { description: string } };
    };
    for (const link of ['(/docs/glossary)', '(/docs/errors)']) expect(body.info.description).toContain(link);
  });

  it('has all that its page loads, and nothing else of the package that it loads it from', async () => {
    for (const path of ['/docs', '/docs/']) {
      const text = await page(path);
      const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
      expect(loaded).toHaveLength(4);
      for (const address of loaded) await seatbook.anonymous().get(address).expect(200);
    }
    const script = await seatbook
      .anonymous()
      .get('/docs/page.js')
      .expect('content-type', /^text\/javascript/);
    expect(script.text).toContain(`url: '/docs/json'`);
    for (const name of [
      'package.json',
      'README.md',
      'LICENSE',
      'index.html',
      'oauth2-redirect.html',
      'swagger-ui.js',
      'swagger-ui-bundle.js.map',
      '%2e%2e/package.json',
    ]) {
      const { status, body } = (await seatbook
        .anonymous()
        .get(`/docs/${name}`)
        .set('authorization', `Bearer ${OWNER_KEY}`)) as { status: number; body: { code: string } };
      expect([name, status, body.code]).toEqual([name, 404, 'NOT_FOUND_ROUTE']);
    }
  });

  it.each([
    ['gzip, br', 'gzip'],
    ['br;q=1.0, gzip;q=0.8', 'gzip'],
    ['gzip;q=0', undefined],
    ['identity', undefined],
  ])('is packed for those who accept that: %s', async (accepted, encoding) => {
    const { headers } = await seatbook
      .anonymous()
      .get('/docs/json')
      .set('accept-encoding', accepted)
      .expect(200);
    expect(headers['content-encoding']).toBe(encoding);
    expect(headers['vary']).toMatch(/accept-encoding/i);
  });
});
