import {
  API,
  BERLIN,
  StartedProduct,
  devices,
  type AccountBody,
  type ItemsBody,
  type OrderBody,
} from './started-product.js';

interface WaitingBody {
  readonly place: number;
  readonly serialNumber: string;
  readonly since: string | null;
}

interface AssetBody {
  readonly adamId: string;
  readonly name: string | null;
  readonly iconUrl: string | null;
  readonly productType: string | null;
  readonly deviceAssignable: boolean | null;
  readonly revocable: boolean | null;
  readonly supportedPlatforms: readonly string[];
  readonly unlimited: boolean;
  readonly licences: Readonly<Record<string, number | null>>;
}

interface RowBody {
  readonly what: string;
  readonly type: string;
  readonly principal: string;
  readonly orderedBy: string | null;
  readonly reason: string | null;
  readonly cause: {
    readonly eventId: string | null;
    readonly position: number | null;
    readonly commandId: string | null;
  };
  readonly event: { readonly position: number; readonly stream: string };
}

type ChainBody = ItemsBody<RowBody>;

interface EventBody {
  readonly position: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const NOTES = '900000001';
const LEDGERLINE = '900000002';

let seatbook: StartedProduct;
beforeAll(async () => {
  seatbook = await StartedProduct.start();
  await seatbook.importBerlin();
});
afterAll(() => seatbook.end());

const assign = (body: object, headers: Record<string, string> = {}) =>
  seatbook
    .post('/orders', { kind: 'AssignLicense', accountId: BERLIN, ...body })
    .set({ prefer: 'wait=20', ...headers });

async function assetBody(adamId: string, query = ''): Promise<AssetBody> {
  return (await seatbook.get(`/accounts/${BERLIN}/assets/${adamId}${query}`).expect(200)).body as AssetBody;
}

async function lines(query: string): Promise<{ events: EventBody[]; end: number }> {
  const answer = await seatbook.get(`/history${query}`).buffer(true).parse(asText).expect(200);
  expect(answer.headers['content-type']).toContain('application/x-ndjson');
  const text = answer.body as string;
  const events = text.split('\n').filter((line) => line !== '');
  return {
    events: events.map((line) => JSON.parse(line) as EventBody),
    end: Number(answer.headers['seatbook-position']),
  };
}

function asText(response: NodeJS.EventEmitter, done: (error: Error | null, body: string) => void): void {
  let text = '';
  response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  response.on('end', () => done(null, text));
}

it('a27: shows what the location has: names, icons, counts, what each may be used for, and what Apple held before', async () => {
  const { items, asOf } = (await seatbook.get(`/accounts/${BERLIN}/assets`)).body as ItemsBody<AssetBody>;
  expect(items.map(({ name }) => name)).toEqual([
    'Field Notes',
    'Kartograf',
    'Ledgerline',
    'Quickscan',
    'Safety at Heights',
    'Shiftboard Roster',
    'Tinker Studio',
    'Widget Works Portal',
  ]);
  expect(items[0]?.licences).toMatchObject({ owned: 500, used: 37, assigned: 37, available: 463, excess: 0 });
  expect(items[3]).toMatchObject({
    unlimited: true,
    licences: { owned: null, assigned: 12, available: null },
  });
  const book = items.find(({ productType }) => productType === 'Book');
  expect(book).toMatchObject({ deviceAssignable: false, revocable: false });
  expect(items[0]).toMatchObject({ productType: 'App', deviceAssignable: true, revocable: true });
  for (const { iconUrl, supportedPlatforms } of items) {
    expect(iconUrl).toMatch(/^https:/);
    expect(supportedPlatforms.length).toBeGreaterThan(0);
  }
  // It never shows a number where there is none.
  expect(JSON.stringify(items)).not.toContain('2147483647');
  expect(asOf.position).toBeGreaterThan(0);
  expect(Date.parse(asOf.time)).toBeGreaterThan(Date.now() - 60_000);

  const summed = await seatbook.get(`/assets?accountId=${BERLIN}&totals=true&limit=1`).expect(200);
  expect((summed.body as { totals: object }).totals).toMatchObject({
    owned: 1_275,
    assigned: 41,
    assets: 7,
    unlimitedAssets: 1,
  });

  const account = (await seatbook.get(`/accounts/${BERLIN}`).expect(200)).body as AccountBody;
  expect(account).toMatchObject({ usable: true, owned: true, notifications: { mode: 'push', why: null } });
});

it('pages through lists without losing or repeating anything', async () => {
  const seen: string[] = [];
  let next: string | null = '';
  while (next !== null) {
    const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
    const page = (await seatbook.get(`/accounts/${BERLIN}/assets?limit=3${cursor}`).expect(200))
      .body as ItemsBody<AssetBody>;
    seen.push(...page.items.map(({ adamId }) => adamId));
    next = page.next;
  }
  expect(seen).toHaveLength(8);
  expect(new Set(seen).size).toBe(8);
});

describe('an order for 25 devices', () => {
  const serialNumbers = devices(25);
  const body = { assetIds: [NOTES], serialNumbers, reason: 'new class 7b' };
  let order: OrderBody;

  it('is finished while the client waits', async () => {
    const before = await assetBody(NOTES);
    const answer = await assign(body, {
      'idempotency-key': 'class-7b',
      'x-correlation-id': 'trace-7b',
    }).expect(200);
    order = answer.body as OrderBody;
    expect(answer.headers['location']).toBe(`${API}/orders/${order.orderId}`);
    expect(answer.headers['preference-applied']).toBe('wait=20');
    expect(answer.headers['x-correlation-id']).toBe('trace-7b');
    expect(order).toMatchObject({
      state: 'finished',
      repeated: false,
      pairs: 25,
      reason: 'new class 7b',
      progress: { assigned: 25, open: 0, waiting: 0 },
    });
    const after = await assetBody(NOTES);
    expect(after.licences['assigned']).toBe((before.licences['assigned'] ?? 0) + 25);
    const apple = seatbook.simulator.admin.assignments(BERLIN).assets[`${NOTES}/STDQ`];
    for (const serialNumber of serialNumbers) expect(apple).toContain(serialNumber);
  });

  it('is the same order for the same key and body, and refused for another body', async () => {
    const again = await assign(body, { 'idempotency-key': 'class-7b' }).expect(200);
    expect(again.body).toMatchObject({ orderId: order.orderId, repeated: true, state: 'finished' });
    const asSet = { ...body, assetIds: [`${NOTES}.STDQ`, NOTES], serialNumbers: serialNumbers.toReversed() };
    const same = await assign(asSet, { 'idempotency-key': 'class-7b' }).expect(200);
    expect(same.body).toMatchObject({ orderId: order.orderId, repeated: true });
    for (const other of [{ assetIds: [LEDGERLINE] }, { reason: 'new class 7c' }, { reason: undefined }]) {
      const refused = await assign({ ...body, ...other }, { 'idempotency-key': 'class-7b' }).expect(409);
      expect(refused.body).toMatchObject({ code: 'CONFLICT_IDEMPOTENCY_KEY', status: 409 });
    }
  });

  it('is one order when the same request comes 20 times at once', async () => {
    const one = { assetIds: [NOTES], serialNumbers: ['E2ECONCUR1'] };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => assign(one, { 'idempotency-key': 'at-once' }).expect(200)),
    );
    const bodies = answers.map((answer) => answer.body as OrderBody);
    expect(new Set(bodies.map(({ orderId }) => orderId)).size).toBe(1);
    expect(bodies.filter(({ repeated }) => !repeated)).toHaveLength(1);
  });

  it('shows the outcome of each pair', async () => {
    const page = (await seatbook.get(`${order.links['pairs']}?limit=500`).expect(200)).body as ItemsBody<{
      outcome: string;
      serialNumber: string;
    }>;
    expect(page.items).toHaveLength(25);
    expect(new Set(page.items.map(({ outcome }) => outcome))).toEqual(new Set(['assigned']));
    expect(page.items.map(({ serialNumber }) => serialNumber).sort()).toEqual(serialNumbers);
    const none = (await seatbook.get(`${order.links['pairs']}?outcome=failed`)).body as ItemsBody<unknown>;
    expect(none.items).toEqual([]);
  });

  it('is in lists by account and state', async () => {
    for (const query of [
      '',
      `?accountId=${BERLIN}`,
      '?state=finished',
      `?accountId=${BERLIN}&state=finished`,
    ]) {
      const page = (await seatbook.get(`/orders${query}`).expect(200)).body as ItemsBody<OrderBody>;
      expect(page.items.map(({ orderId }) => orderId)).toContain(order.orderId);
    }
  });

  it('has a timeline with who, why and the cause of each row', async () => {
    const page = (await seatbook.get(`/timeline?orderId=${order.orderId}&first=oldest`).expect(200))
      .body as ItemsBody<RowBody>;
    const [first, ...rows] = page.items;
    expect(first).toMatchObject({
      what: 'An order was placed: assign Field Notes to 25 holders.',
      type: 'order.placed',
      principal: 'owner',
      reason: 'new class 7b',
      cause: { eventId: null, commandId: order.orderId },
    });
    expect(rows.at(-1)?.what).toBe('The order is finished: 25 assigned.');
    for (const row of rows) expect(row).toMatchObject({ orderedBy: 'owner', reason: 'new class 7b' });
    const newest = (await seatbook.get(`/timeline?orderId=${order.orderId}`)).body as ItemsBody<RowBody>;
    expect(newest.items.map(({ event }) => event.position)).toEqual(
      page.items.map(({ event }) => event.position).reverse(),
    );
  });

  it('says why, from each of its events back to its POST', async () => {
    const { items } = (await seatbook.get(`/timeline?orderId=${order.orderId}`)).body as ItemsBody<RowBody>;
    const why = async (position: number, query = ''): Promise<ChainBody> =>
      (await seatbook.get(`/history/${position}/causes${query}`).expect(200)).body as ChainBody;
    for (const row of items) {
      const chain = await why(row.event.position);
      expect(chain.next).toBeNull();
      expect(chain.items[0]).toEqual(row);
      const beginning = chain.items.at(-1);
      expect(beginning?.event.stream).toBe(`order-${order.orderId}`);
      expect(beginning?.cause).toMatchObject({ eventId: null, commandId: order.orderId });
      for (const [index, { cause }] of chain.items.entries()) {
        const before = chain.items[index + 1];
        expect(cause.position).toBe(before?.event.position ?? null);
      }
    }
    // From the outcome over the call to Apple and its notifications, every wait included.
    const assigned = items.find(({ type }) => type === 'asset.licenses-assigned');
    const chain = await why(assigned?.event.position ?? 0);
    const types = new Set(chain.items.map(({ type }) => type));
    for (const type of [
      'call.settled',
      'call.accepted',
      'call.started',
      'call.ready',
      'asset.licenses-claimed',
      'call.planned',
      'asset.licenses-reserved',
      'order.reservation-asked',
    ])
      expect(types).toContain(type);
    const position = assigned?.event.position ?? 0;
    const part = await why(position, '?limit=3');
    expect(part.items).toHaveLength(3);
    const rest = await why(position, `?cursor=${part.next}`);
    expect([...part.items, ...rest.items]).toEqual(chain.items);
    const other = await seatbook.get(`/history/${order.position}/causes?cursor=${part.next}`).expect(400);
    expect(other.body).toMatchObject({ code: 'INVALID_CURSOR' });
  });

  it('shows on the timeline of one device what concerns this device', async () => {
    const page = (await seatbook.get(`/timeline?serialNumber=${serialNumbers[3]}&first=oldest`).expect(200))
      .body as ItemsBody<RowBody>;
    expect(page.items.map(({ what }) => what)).toEqual([
      'A licence of Field Notes was reserved.',
      'A licence of Field Notes was assigned.',
    ]);
  });

  it('shows the state at an earlier position or time', async () => {
    const before = await assetBody(NOTES, `?at=${order.position}`);
    expect(before.licences['assigned']).toBe(37);
    const holder = `/devices/${serialNumbers[0]}`;
    const then = (await seatbook.get(`${holder}?at=${order.position}`).expect(200))
      .body as ItemsBody<unknown>;
    expect(then.items).toEqual([]);
    const now = (await seatbook.get(`${holder}?at=${new Date().toISOString()}`).expect(200))
      .body as ItemsBody<object>;
    expect(now.items).toHaveLength(1);
    expect(now.items[0]).toMatchObject({
      state: 'assigned',
      assetId: `${NOTES}.STDQ`,
      orderId: order.orderId,
    });
    const pairs = (
      await seatbook
        .get(`/accounts/${BERLIN}/assets/${NOTES}/pairs?at=${order.position}&limit=30`)
        .expect(200)
    ).body as ItemsBody<{ serialNumber: string }>;
    expect(pairs.items).toHaveLength(30);
    const rest = (
      await seatbook.get(
        `/accounts/${BERLIN}/assets/${NOTES}/pairs?at=${order.position}&limit=30&cursor=${pairs.next}`,
      )
    ).body as ItemsBody<{ serialNumber: string }>;
    expect(rest.items).toHaveLength(7);
    expect(rest.next).toBeNull();
  });
});

it('streams the history, by any filter, and goes on where it stopped', async () => {
  const { events, end } = await lines('');
  const positions = events.map(({ position }) => position);
  expect(positions).toEqual([...new Set(positions)].sort((one, other) => one - other));
  expect(end).toBe(positions.at(-1));
  const half = positions[Math.floor(positions.length / 2)] ?? 0;
  const firstHalf = await lines(`?upTo=${half}`);
  const secondHalf = await lines(`?after=${half}`);
  expect([...firstHalf.events, ...secondHalf.events.filter(({ position }) => position <= end)]).toEqual(
    events,
  );
  expect(firstHalf.end).toBe(half);
  // Whatever number is given: on servers most of them are no event's.
  expect((await lines(`?after=${half + 1}&upTo=${end}`)).events).toEqual(
    events.filter(({ position }) => position > half + 1),
  );
  expect((await lines(`?after=${end + 1_000_000}`)).events).toEqual([]);

  const device = await lines(`?serialNumber=e2ea000003&accountId=${BERLIN}`);
  expect(device.events.map(({ type }) => type)).toEqual([
    'asset.licenses-reserved',
    'asset.licenses-assigned',
  ]);
  // Bulk events are not split.
  expect(device.events[1]?.data['serialNumbers']).toHaveLength(25);
  expect((await lines(`?accountId=${BERLIN}&assetId=${LEDGERLINE}&serialNumber=E2EA000003`)).events).toEqual(
    [],
  );
  expect((await lines(`?to=2020-01-01`)).events).toEqual([]);
  expect(
    (await lines(`?from=2020-01-01&to=${new Date().toISOString()}`)).events.length,
  ).toBeGreaterThanOrEqual(events.length);
});

it('gives one licence back', async () => {
  const [serialNumber] = devices(1);
  const returned = await seatbook
    .post('/orders', {
      kind: 'ReturnLicense',
      accountId: BERLIN,
      assetIds: [`${NOTES}.STDQ`],
      serialNumbers: [serialNumber],
    })
    .set('prefer', 'wait=20')
    .expect(200);
  expect(returned.body).toMatchObject({
    kind: 'ReturnLicense',
    state: 'finished',
    progress: { returned: 1 },
  });
  const holder = (await seatbook.get(`/devices/${serialNumber}`)).body as ItemsBody<unknown>;
  expect(holder.items).toEqual([]);
  expect(seatbook.simulator.admin.assignments(BERLIN).assets[`${NOTES}/STDQ`]).not.toContain(serialNumber);
  const again = await seatbook
    .post('/orders', {
      kind: 'ReturnLicense',
      accountId: BERLIN,
      assetIds: [NOTES],
      serialNumbers: [serialNumber],
    })
    .set('prefer', 'wait=20');
  expect(again.body).toMatchObject({ state: 'finished', progress: { notHeld: 1 } });
});

it('lets holders wait for licences, cancels waiting ones, and serves the rest when licences come', async () => {
  const waiting = await assign({ assetIds: [LEDGERLINE], serialNumbers: devices(4, 'W') }).expect(202);
  const order = waiting.body as OrderBody;
  expect(order).toMatchObject({
    state: 'waiting',
    progress: { assigned: 2, waiting: 2, onHold: 0, open: 0 },
  });
  const inLine = (await seatbook.get(`/orders/${order.orderId}/pairs?outcome=waiting`).expect(200))
    .body as ItemsBody<{ place: number | null; hold: object | null }>;
  expect(inLine.items).toMatchObject([
    { place: 1, hold: null },
    { place: 2, hold: null },
  ]);
  const page = (await seatbook.get(`/accounts/${BERLIN}/pairs?state=waiting`).expect(200)).body as ItemsBody<{
    reason: string;
  }>;
  expect(page.items).toHaveLength(2);
  expect(page.items[0]?.reason).toBe('short');

  const address = `/accounts/${BERLIN}/assets/${LEDGERLINE}/waiting`;
  const line = async () => {
    const { items } = (await seatbook.get(`${address}?limit=1`).expect(200)).body as ItemsBody<WaitingBody>;
    const table = (await seatbook.get(address).set('accept', 'text/csv').expect(200)).text;
    return { first: items[0], rows: table.trim().split('\r\n').length - 1 };
  };
  const [, , third, fourth] = devices(4, 'W');
  const before = await line();
  expect(before).toMatchObject({
    first: { place: 1, serialNumber: third, orderId: order.orderId, reason: 'short', fromReserve: false },
    rows: 2,
  });
  expect(Date.parse(before.first?.since ?? '')).toBeLessThanOrEqual(Date.now());
  const moved = { to: 'front', serialNumbers: [fourth], reason: 'the exam is today' };
  await seatbook.post(`${address}/move`, moved).expect(200);
  expect((await line()).first).toMatchObject({ place: 1, serialNumber: fourth });
  await seatbook.post(`${address}/move`, { to: 'front', orderId: order.orderId }).expect(200);
  const nobody = await seatbook.post(`${address}/move`, { to: 'front', orderId: 'none' }).expect(409);
  expect(nobody.body).toMatchObject({ code: 'REJECTED_NOT_WAITING' });
  await seatbook.post(`${address}/cancel`, { serialNumbers: [third] }).expect(200);
  expect(await line()).toMatchObject({ first: { place: 1, serialNumber: fourth }, rows: 1 });
  await seatbook.post(`${address}/cancel`, { serialNumbers: [third] }).expect(409);

  const refused = await assign({ assetIds: [LEDGERLINE], serialNumbers: ['E2EREFUSED'], ifShort: 'refuse' });
  expect(refused.body).toMatchObject({
    state: 'finished',
    progress: { refused: 1 },
    refusals: [{ assetId: `${LEDGERLINE}.STDQ`, refusal: 'SHORT', pairs: 1 }],
  });

  const cancelled = await seatbook
    .post(`/orders/${order.orderId}/cancel`, { reason: 'the class is full' })
    .set('prefer', 'wait=20')
    .expect(200);
  expect(cancelled.body).toMatchObject({ state: 'finished', progress: { assigned: 2, cancelled: 2 } });

  const later = (await assign({ assetIds: [LEDGERLINE], serialNumbers: ['E2ELATER01'] })).body as OrderBody;
  expect(later.state).toBe('waiting');
  seatbook.simulator.admin.purchase(BERLIN, { adamId: LEDGERLINE, count: 1 });
  await seatbook.post(`/accounts/${BERLIN}/syncs`).expect(202);
  const served = await seatbook.until<OrderBody>(
    `/orders/${later.orderId}`,
    ({ state }) => state === 'finished',
  );
  expect(served.progress['assigned']).toBe(1);
});

it('keeps licences back for orders that name the reserve', async () => {
  const address = `/accounts/${BERLIN}/assets/${LEDGERLINE}`;
  seatbook.simulator.admin.purchase(BERLIN, { adamId: LEDGERLINE, count: 2 });
  await seatbook.post(`/accounts/${BERLIN}/syncs`).expect(202);
  await seatbook.until<AssetBody>(address, ({ licences }) => licences['available'] === 2);
  const reserve = (licences: number) =>
    seatbook.put(`${address}/reserve`, { licences, reason: 'for the new classes' });
  expect((await reserve(5).expect(200)).body).toMatchObject({
    licences: { available: 2, reserve: 5, inReserve: 2, unreserved: 0 },
  });
  expect((await seatbook.get(`${address}/forecast`).expect(200)).body).toMatchObject({
    outlook: 'exhausted',
    unreserved: 0,
    exhaustedAt: null,
    days: [],
  });
  await seatbook.get(`/accounts/${BERLIN}/assets/1/forecast`).expect(404);
  const terms = { kind: 'AssignLicense', accountId: BERLIN, assetIds: [LEDGERLINE] };
  const plan = { ...terms, serialNumbers: devices(3, 'K') };
  expect((await seatbook.post('/plans', plan).expect(200)).body).toMatchObject({
    assets: [{ sent: 0, waiting: 3, waitingReason: 'reserved', short: 3 }],
  });
  const named = { ...plan, fromReserve: true };
  expect((await seatbook.post('/plans', named).expect(200)).body).toMatchObject({
    assets: [{ sent: 2, waiting: 1, waitingReason: 'short', short: 1 }],
  });
  const beside = (await assign({ ...terms, serialNumbers: devices(1, 'L') }).expect(202)).body as OrderBody;
  expect(beside).toMatchObject({ state: 'waiting', fromReserve: false });
  const given = await assign({ ...terms, serialNumbers: devices(1, 'K'), fromReserve: true }).expect(200);
  expect(given.body).toMatchObject({ state: 'finished', fromReserve: true, progress: { assigned: 1 } });

  expect((await reserve(0).expect(200)).body).toMatchObject({ licences: { reserve: 0 } });
  await seatbook.until<OrderBody>(`/orders/${beside.orderId}`, ({ state }) => state === 'finished');
  expect((await seatbook.put(`${address}/reserve`, { licences: -1 }).expect(400)).body).toMatchObject({
    code: 'INVALID_REQUEST',
  });
  const unknown = await seatbook.put(`/accounts/${BERLIN}/assets/1/reserve`, { licences: 1 }).expect(404);
  expect(unknown.body).toMatchObject({ code: 'NOT_FOUND_ASSET' });
});

it('gives back all that a device holds, and a repeat is the same order', async () => {
  const serialNumber = 'E2EALL0001';
  await assign({ assetIds: [NOTES, '900000003', '900000005'], serialNumbers: [serialNumber] }).expect(200);
  const everything = { kind: 'ReturnAll', accountId: BERLIN, serialNumber };
  const send = () =>
    seatbook.post('/orders', everything).set({ prefer: 'wait=20', 'idempotency-key': 'leaver' });
  const first = (await send().expect(200)).body as OrderBody;
  expect(first).toMatchObject({ state: 'finished', repeated: false, progress: { returned: 3 } });
  const again = (await send().expect(200)).body as OrderBody;
  expect(again).toMatchObject({ orderId: first.orderId, repeated: true });
  const nothing = await seatbook.post('/orders', everything).expect(409);
  expect(nothing.body).toMatchObject({ code: 'REJECTED_NOTHING_HELD' });
  await seatbook.post('/orders', { ...everything, accountId: '1' }).expect(404);
});

it('registers a person, finds and changes what is known of the person, and forgets it', async () => {
  const kim = { name: 'Kim Example', email: 'kim@registered.test' };
  const register = () => seatbook.post('/persons', kim).set('idempotency-key', 'kim');
  const registered = (await register().expect(201)).body as { userId: string; position: number };
  const { userId } = registered;
  expect((await register().expect(201)).body).toMatchObject({ userId, repeated: true });
  const listed = async () =>
    ((await seatbook.get('/persons?search=REGISTERED.TEST').expect(200)).body as ItemsBody<object>).items;
  expect(await listed()).toMatchObject([{ userId, ...kim, registered: true, accountIds: [], assigned: 0 }]);
  const table = await seatbook.get('/persons').set('accept', 'text/csv').expect(200);
  expect(table.text).toContain(`${userId},Kim Example,kim@registered.test`);
  await seatbook.put(`/persons/${userId}/details`, { name: 'Kim Other' }).expect(200);
  expect(await listed()).toEqual([]);
  await seatbook.post(`/persons/${userId}/forget`, {}).expect(200);
  const late = await seatbook.put(`/persons/${userId}/details`, kim).expect(409);
  expect(late.body).toMatchObject({ code: 'REJECTED_PERSON_FORGOTTEN' });
  await seatbook.post('/persons/nobody/forget', {}).expect(404);
  const order = { kind: 'AssignLicense', accountId: BERLIN, assetIds: [NOTES], userIds: [userId] };
  expect((await seatbook.post('/orders', order).expect(422)).body).toMatchObject({
    code: 'REJECTED_UNKNOWN_PERSON',
  });
  const both = { kind: 'ReturnAll', accountId: BERLIN, serialNumber: 'E2EALL0001', userId };
  expect((await seatbook.post('/orders', both).expect(400)).body).toMatchObject({ code: 'INVALID_HOLDER' });
});

it('activates nobody for an account that assigns to devices, and lists whom it knows', async () => {
  const address = `/accounts/${BERLIN}/activations`;
  const { userId } = (await seatbook.post('/persons', { name: 'Robin Example' }).expect(201)).body as {
    userId: string;
  };
  const refused = await seatbook.post(address, { userIds: [userId] }).expect(409);
  expect(refused.body).toMatchObject({ code: 'REJECTED_ASSIGNMENT_TYPE' });
  await seatbook.post(address, { userIds: [] }).expect(400);
  const ended = (await seatbook.post(`${address}/end`, { userIds: [userId] }).expect(202)).body as {
    links: { activations: string };
  };
  expect(ended.links.activations).toBe(`${API}${address}`);
  expect((await seatbook.get(`${address}?state=invited`).expect(200)).body).toMatchObject({ items: [] });
  await seatbook.get('/accounts/1/activations').expect(404);
  expect((await seatbook.post(`/persons/${userId}/leave`, {}).expect(202)).body).toMatchObject({
    userId,
    accountIds: [],
    groupIds: [],
  });
  await seatbook.post('/persons/nobody/leave', {}).expect(404);
});

it('takes a table of persons, and says of each row that it does not take why', async () => {
  const upload = (text: string) =>
    seatbook
      .post('/persons/import')
      .set('content-type', 'text/csv')
      .set('idempotency-key', 'table')
      .send(text);
  const text = '\ufeffName,email,seat\r\nAda Table,ada@table.test,1\r\nBo Table,b,2\r\n"Cy, Table",,3\r\n';
  const taken = await upload(text).expect(200);
  expect(taken.body).toMatchObject({ rows: 3, created: 2, refused: 1, ignoredColumns: ['seat'] });
  const [refused] = (taken.body as { refusals: { line: number; code: string; problem: string }[] }).refusals;
  expect(refused).toEqual({
    line: 3,
    code: 'INVALID_ROW',
    problem: expect.stringMatching(/^email /) as string,
  });
  expect((await upload(text).expect(200)).body).toMatchObject({ created: 0, unchanged: 2 });
  const listed = await seatbook.get('/persons?search=table').set('accept', 'text/csv').expect(200);
  // What was listed can be sent back as it is.
  const again = await seatbook.post('/persons/import').set('content-type', 'text/csv').send(listed.text);
  expect(again.body).toMatchObject({ rows: 2, unchanged: 2, refused: 0 });
  const broken = await seatbook
    .post('/persons/import')
    .set('content-type', 'text/csv')
    .send('name\nAda\n"Bo\n')
    .expect(400);
  expect(broken.body).toMatchObject({ code: 'INVALID_TABLE', facts: { line: 3 } });
  await seatbook.post('/persons/import', {}).expect(415);
  const elsewhere = await seatbook.post('/persons').set('content-type', 'text/csv').send(text).expect(415);
  expect(elsewhere.body).toMatchObject({ code: 'INVALID_MEDIA_TYPE' });
});

it('keeps groups of devices, and takes orders for them', async () => {
  const named = { name: 'Class 7b', kind: 'devices', follows: true };
  const create = () => seatbook.post('/groups', named).set('idempotency-key', 'group of class 7b');
  const created = await create().expect(201);
  const { groupId } = created.body as { groupId: string };
  expect((await create().expect(201)).body).toMatchObject({ groupId, repeated: true });
  const address = `/groups/${groupId}`;
  expect(created.headers['location']).toBe(`${API}${address}`);
  const serialNumbers = ['E2EGROUP01', 'E2EGROUP02'];
  const joined = await seatbook.post(`${address}/members`, { serialNumbers }).expect(200);
  const { position } = joined.body as { position: number };
  const order = { kind: 'AssignLicense', accountId: BERLIN, assetIds: [NOTES], groupId };
  await seatbook.post('/plans', order).expect(200);
  const placed = await seatbook.post('/orders', order).set('prefer', 'wait=20').expect(200);
  expect(placed.body).toMatchObject({ groupId, holders: 2, progress: { assigned: 2 } });
  expect((await seatbook.post('/orders', { ...order, serialNumbers }).expect(400)).body).toMatchObject({
    code: 'INVALID_HOLDER',
  });
  const read = await seatbook.get(`${address}?position=${position}`).expect(200);
  expect(read.body).toMatchObject({ ...named, members: 2 });
  const members = await seatbook.get(`${address}/members`).set('accept', 'text/csv').expect(200);
  expect(members.text).toContain('E2EGROUP01');
  expect((await seatbook.get(`${address}/standing`).expect(200)).body).toMatchObject({
    items: [{ accountId: BERLIN, assetId: `${NOTES}.STDQ` }],
  });
  expect((await seatbook.delete(address).expect(409)).body).toMatchObject({
    code: 'REJECTED_GROUP_NOT_EMPTY',
  });
  await seatbook.put(`${address}/name`, { name: 'Class 8b' }).expect(200);
  await seatbook.put(`${address}/policy`, { follows: false }).expect(200);
  const ended = await seatbook.post(`${address}/members/end`, { serialNumbers }).expect(200);
  const since = (ended.body as { position: number }).position;
  const found = await seatbook.get(`/groups?kind=devices&search=CLASS%208&position=${since}`).expect(200);
  expect(found.body).toMatchObject({ items: [{ groupId, follows: false, members: 0 }] });
  await seatbook.delete(address).expect(200);
  await seatbook.post(`${address}/members`, { serialNumbers }).expect(404);
});

it('answers a position only when it reflects it', async () => {
  const placed = (
    await seatbook.post('/orders', {
      kind: 'AssignLicense',
      accountId: BERLIN,
      assetIds: [NOTES],
      serialNumbers: ['E2EPOS0001'],
    })
  ).body as OrderBody;
  const read = await seatbook.get('/orders').set('seatbook-position', String(placed.position)).expect(200);
  const page = read.body as ItemsBody<OrderBody>;
  expect(page.asOf.position).toBeGreaterThanOrEqual(placed.position);
  expect(page.items.map(({ orderId }) => orderId)).toContain(placed.orderId);
  expect((await seatbook.get('/orders?position=99999999').expect(400)).body).toMatchObject({
    code: 'INVALID_POSITION',
  });
  await seatbook.quiet();
});

it('holds work while the token is dead, and resumes when it is renewed', async () => {
  seatbook.simulator.admin.setTokenState(BERLIN, 'revoked');
  const order = (
    await seatbook.post('/orders', {
      kind: 'AssignLicense',
      accountId: BERLIN,
      assetIds: [NOTES],
      serialNumbers: ['E2EHELD001'],
    })
  ).body as OrderBody;
  const held = await seatbook.until<AccountBody>(`/accounts/${BERLIN}`, ({ usable }) => !usable);
  expect(held.token.state).toBe('revoked');
  const hold = {
    since: expect.stringMatching(/Z$/) as string,
    why: 'the token of the account is revoked',
    ends: `a new token: PUT ${API}/accounts/${BERLIN}/token`,
  };
  const asHeld = { state: 'working', progress: { onHold: 1, open: 0 }, hold };
  expect((await seatbook.get(`/orders/${order.orderId}`).expect(200)).body).toMatchObject(asHeld);
  const { items } = (await seatbook.get('/orders?state=working').expect(200)).body as ItemsBody<object>;
  expect(items).toMatchObject([asHeld]);
  const pairs = async (outcome: string): Promise<readonly object[]> =>
    (
      (await seatbook.get(`/orders/${order.orderId}/pairs?outcome=${outcome}`).expect(200))
        .body as ItemsBody<object>
    ).items;
  expect(await pairs('on-hold')).toMatchObject([{ outcome: 'on-hold', hold, place: null }]);
  expect(await pairs('reserved')).toEqual([]);
  await seatbook.anonymous().get('/readyz').expect(200);
  const lyon = await seatbook.put(`/accounts/${BERLIN}/token`, { token: seatbook.token('lyon') }).expect(422);
  expect(lyon.body).toMatchObject({ code: 'REJECTED_TOKEN_OTHER_LOCATION' });
  const { token } = seatbook.issue(BERLIN);
  const renewed = await seatbook.put(`/accounts/${BERLIN}/token`, { token }).expect(200);
  expect(renewed.body).toMatchObject({ usable: true, token: { state: 'active' } });
  const done = await seatbook.until<OrderBody>(
    `/orders/${order.orderId}`,
    ({ state }) => state === 'finished',
  );
  expect(done).toMatchObject({ progress: { assigned: 1, onHold: 0 }, hold: null });
  expect(await pairs('on-hold')).toEqual([]);
  expect(await pairs('assigned')).toMatchObject([{ outcome: 'assigned', hold: null }]);
});

it('resumes everything after a restart', async () => {
  await seatbook.stop();
  await seatbook.restart({ SEATBOOK_OWNER_KEY: '' });
  const order = (await assign({ assetIds: [NOTES], serialNumbers: ['E2EAGAIN01'] }).expect(200))
    .body as OrderBody;
  expect(order).toMatchObject({ state: 'finished', progress: { assigned: 1 } });
  expect((await assetBody(NOTES)).licences['owned']).toBe(500);
});

it('the log says once what an operator cares about, and nothing of each notification', () => {
  const lines = seatbook.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = (event: string): Record<string, unknown>[] => lines.filter((line) => line['event'] === event);
  expect(told('account.imported')).toMatchObject([{ level: 'info', stream: `account-${BERLIN}` }]);
  const finished = told('order.finished');
  expect(finished.length).toBeGreaterThan(0);
  expect(new Set(finished.map(({ stream }) => stream)).size).toBe(finished.length);
  expect(finished[0]).toMatchObject({ level: 'info', correlationId: expect.any(String) as string });
  expect(String(finished[0]?.['msg'])).toMatch(/^The order is finished: /);
  const ofNotifications = lines.filter(({ route }) => route === '/apple/notifications/:accountId');
  expect(ofNotifications.length).toBeGreaterThan(0);
  expect(ofNotifications.filter(({ level }) => level !== 'debug')).toEqual([]);
});
