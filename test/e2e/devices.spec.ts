import { jest } from '@jest/globals';
import type { VirtualDevice, NewDevice } from '@seatbook/simulator';
import { BERLIN, StartedProduct, WITH_DEVICES, type ItemsBody, type OrderBody } from './started-product.js';

jest.setTimeout(60_000);

const APP = '900000001';

interface Registration {
  readonly serialNumber: string;
  readonly state: string;
  readonly platform: string | null;
  readonly supervised: boolean | null;
  readonly ownership: string | null;
  readonly userId: string | null;
  readonly name: string | null;
  readonly installations: Readonly<Record<string, number>>;
}

interface Changed {
  readonly serialNumber: string;
  readonly repeated: boolean;
}

let seatbook: StartedProduct;
beforeAll(async () => {
  seatbook = await StartedProduct.start(WITH_DEVICES);
  await seatbook.importBerlin();
});
afterAll(() => seatbook.end());

const register = (body: object, key?: string) => {
  const asked = seatbook.post('/devices', body);
  return key === undefined ? asked : asked.set('idempotency-key', key);
};

async function registration(serialNumber: string): Promise<Registration> {
  await seatbook.quiet();
  const answer = await seatbook.get(`/devices/${serialNumber}/registration`).expect(200);
  return answer.body as Registration;
}

async function enrolled(device: NewDevice): Promise<VirtualDevice> {
  const [added] = seatbook.simulator.fleet.add([{ ...device, knobs: { installMs: 50, ...device.knobs } }]);
  if (!added) throw new Error('no device');
  await added.enrol();
  await seatbook.quiet();
  return added;
}

async function order(kind: string, serialNumber: string, more: object = {}): Promise<OrderBody> {
  const body = { kind, accountId: BERLIN, assetIds: [APP], serialNumbers: [serialNumber], ...more };
  const { orderId } = (await seatbook.post('/orders', body).expect(202)).body as OrderBody;
  return seatbook.until<OrderBody>(`/orders/${orderId}`, ({ state }) => state === 'finished');
}

describe('a device is registered', () => {
  it('before it enrols, once for a key, and changed afterwards', async () => {
    const body = { serialNumber: ' reg000000001', platform: 'iOS', name: 'Reception 2' };
    const first = (await register(body, 'register-1').expect(201)) as { body: Changed; headers: object };
    expect(first.body).toMatchObject({ serialNumber: 'REG000000001', repeated: false });
    expect(first.headers).toMatchObject({ location: '/api/v1/devices/REG000000001/registration' });
    expect((await register(body, 'register-1').expect(201)).body).toMatchObject({ repeated: true });
    expect((await register({ ...body, ownership: 'personal' }, 'register-1').expect(409)).body).toMatchObject(
      {
        code: 'CONFLICT_IDEMPOTENCY_KEY',
      },
    );
    expect(await registration('reg000000001')).toMatchObject({
      state: 'registered',
      platform: 'iOS',
      ownership: 'organisation',
      userId: null,
      name: 'Reception 2',
      installations: {},
      profile: 'none',
    });
    await seatbook.put('/devices/REG000000001/registration', { ownership: 'personal', name: '' }).expect(200);
    expect(await registration('REG000000001')).toMatchObject({ ownership: 'personal', name: null });
  });

  it('by a request that is sent again with another name it is not: nothing of that is kept', async () => {
    const body = { serialNumber: 'REG000000004', name: 'Hall 1' };
    const address = '/devices/REG000000004/registration';
    const change = (name: string, key: string) => seatbook.put(address, { name }).set('idempotency-key', key);
    await register(body, 'name-1').expect(201);
    for (const asked of [register({ ...body, name: 'Hall 2' }, 'name-1'), change('Hall 2', 'name-1')])
      expect((await asked.expect(409)).body).toMatchObject({ code: 'CONFLICT_IDEMPOTENCY_KEY' });
    expect(await registration('REG000000004')).toMatchObject({ name: 'Hall 1' });
    expect((await change('Hall 3', 'name-2').expect(200)).body).toMatchObject({ repeated: false });
    await change('Hall 3', 'name-2').expect(200);
    expect((await change('Hall 4', 'name-2').expect(409)).body).toMatchObject({
      code: 'CONFLICT_IDEMPOTENCY_KEY',
    });
    expect(await registration('REG000000004')).toMatchObject({ name: 'Hall 3' });
  });

  it('with an owner whom somebody knows', async () => {
    const unknown = { serialNumber: 'REG000000002', userId: 'nobody' };
    expect((await register(unknown).expect(404)).body).toMatchObject({ code: 'NOT_FOUND_PERSON' });
    const { userId } = (await seatbook.post('/persons', { name: 'Kim' }).expect(201)).body as {
      userId: string;
    };
    await register({ serialNumber: 'REG000000002', userId }).expect(201);
    expect(await registration('REG000000002')).toMatchObject({ userId });
  });

  it('by a serial number that Apple could have made', async () => {
    expect((await register({ serialNumber: 'no serial' }).expect(400)).body).toMatchObject({
      code: 'INVALID_SERIAL_NUMBER',
    });
  });

  it('and listed by its state; one that is not known is not found', async () => {
    await register({ serialNumber: 'REG000000003' }).expect(201);
    await seatbook.post('/devices/REG000000003/leave', { how: 'retired' }).expect(200);
    await seatbook.quiet();
    const { body } = (await seatbook.get('/registrations?state=retired').expect(200)) as {
      body: ItemsBody<Registration>;
    };
    expect(body.items.map(({ serialNumber }) => serialNumber)).toEqual(['REG000000003']);
    for (const asked of [
      seatbook.get('/devices/REG000000099/registration'),
      seatbook.put('/devices/REG000000099/registration', {}),
      seatbook.post('/devices/REG000000099/leave', { how: 'wiped' }),
      seatbook.post('/devices/REG000000099/describe'),
    ])
      expect((await asked.expect(404)).body).toMatchObject({ code: 'NOT_FOUND_DEVICE' });
  });

  it('by a table, which may be sent again', async () => {
    const table = [
      'serialNumber,platform,ownership,userId,name,colour',
      'REG000000011,ios,,,Hall,red',
      'REG000000012,macOS,personal,,,',
      'REG000000013,Symbian,,,,',
      'REG 14,,,,,',
      'REG000000015,,,nobody,,',
    ].join('\n');
    const send = () => seatbook.post('/devices/import').set('content-type', 'text/csv').send(table);
    expect((await send().expect(200)).body).toMatchObject({
      rows: 5,
      created: 2,
      changed: 0,
      unchanged: 0,
      refused: 3,
      refusals: [
        { line: 4, code: 'INVALID_ROW' },
        { line: 5, code: 'INVALID_SERIAL_NUMBER' },
        { line: 6, code: 'NOT_FOUND_PERSON' },
      ],
      ignoredColumns: ['colour'],
    });
    expect((await send().expect(200)).body).toMatchObject({ created: 0, unchanged: 2, refused: 3 });
    expect(await registration('REG000000011')).toMatchObject({ name: 'Hall', platform: 'iOS' });
    expect(await registration('REG000000012')).toMatchObject({ ownership: 'personal', platform: 'macOS' });
  });
});

it('a device that enrols is asked what it is, and again when somebody wants to know', async () => {
  const device = await enrolled({ serialNumber: 'ENR000000001', name: 'Phone' });
  expect(await registration('ENR000000001')).toMatchObject({
    state: 'enrolled',
    platform: 'iOS',
    supervised: true,
    name: 'Phone',
  });
  await seatbook.post('/devices/ENR000000001/describe').expect(202);
  await seatbook.quiet();
  expect(device.seen.map(({ requestType }) => requestType)).toEqual([
    'DeviceInformation',
    'DeviceInformation',
  ]);
  await register({ serialNumber: 'ENR000000002' }).expect(201);
  expect((await seatbook.post('/devices/ENR000000002/describe').expect(409)).body).toMatchObject({
    code: 'REJECTED_NOT_ENROLLED',
  });
});

it('a registered device gets licences; one that nobody knows gets them where the order allows it', async () => {
  await register({ serialNumber: 'ENR000000003' }).expect(201);
  await seatbook.quiet();
  await order('AssignLicense', 'ENR000000003');
  const body = { kind: 'AssignLicense', accountId: BERLIN, assetIds: [APP], serialNumbers: ['ENR000000004'] };
  expect((await seatbook.post('/orders', body).expect(409)).body).toMatchObject({
    code: 'REJECTED_UNKNOWN_DEVICE',
  });
  await order('AssignLicense', 'ENR000000004', { allowUnenrolled: true });
});

it('a29, a30: an app is rolled out on all that have its licence, and then where it has failed', async () => {
  const names = ['SCP000000001', 'SCP000000002'];
  for (const serialNumber of names) await enrolled({ serialNumber });
  const app = '900000004';
  for (const serialNumber of names) await order('AssignLicense', serialNumber, { assetIds: [app] });
  Object.assign(seatbook.simulator.fleet.find('SCP000000002')?.knobs ?? {}, { refuseInstalls: 1 });
  const body = { kind: 'RolloutApp', accountId: BERLIN };
  const placed = async (more: object): Promise<string> => {
    const answer = await seatbook.post('/orders', { ...body, ...more }).expect(202);
    return (answer.body as OrderBody).orderId;
  };
  const first = await placed({ assetIds: [app], scope: 'assigned' });
  const reaches = (orderId: string, states: object) =>
    seatbook.until<{ states: object }>(
      `/orders/${orderId}/rollout`,
      (rollout) => JSON.stringify(rollout.states) === JSON.stringify(states),
    );
  await reaches(first, { installed: 1, failed: 1 });
  const plan = (await seatbook.post('/plans', { ...body, failedOf: first }).expect(200)).body as {
    assets: readonly object[];
  };
  expect(plan.assets).toMatchObject([{ starting: 1, refused: 0 }]);
  const again = await placed({ failedOf: first, expect: [{ assetId: app, starting: 1 }] });
  await reaches(again, { installed: 1 });
  expect((await seatbook.get(`/orders/${again}`).expect(200)).body).toMatchObject({
    scope: 'failed',
    failedOf: first,
    pairs: 1,
  });
  for (const [wrong, status, code] of [
    [{ failedOf: again }, 409, 'REJECTED_NOTHING_FAILED'],
    [{ failedOf: 'nobody' }, 404, 'NOT_FOUND_ORDER'],
    [{ failedOf: first, scope: 'assigned' }, 400, 'INVALID_HOLDER'],
    [{ assetIds: [app] }, 400, 'INVALID_ORDER_EMPTY'],
    [{ scope: 'assigned' }, 400, 'INVALID_ORDER_EMPTY'],
  ] as const)
    expect((await seatbook.post('/orders', { ...body, ...wrong }).expect(status)).body).toMatchObject({
      code,
    });
});

it('an app is removed with its licence where the return says so', async () => {
  const serialNumber = 'RMV000000001';
  const device = await enrolled({ serialNumber });
  const assetIds = ['900000004'];
  await order('AssignLicense', serialNumber, { assetIds });
  await order('RolloutApp', serialNumber, { assetIds });
  const reaches = (state: string) =>
    seatbook.until<Registration>(
      `/devices/${serialNumber}/registration`,
      ({ installations }) => installations[state] === 1,
    );
  await reaches('installed');
  await order('ReturnLicense', serialNumber, { assetIds, removeApp: true });
  await reaches('removed');
  expect(device.apps.size).toBe(0);
});

it('a licence goes from one device to another', async () => {
  for (const serialNumber of ['SWP000000001', 'SWP000000002']) await register({ serialNumber }).expect(201);
  await seatbook.quiet();
  await order('AssignLicense', 'SWP000000001');
  const named = { fromSerialNumber: 'SWP000000001', toSerialNumber: 'swp000000002' };
  const body = { kind: 'ReassignLicense', accountId: BERLIN, assetIds: [APP], ...named };
  expect((await seatbook.post('/plans', body).expect(200)).body).toMatchObject({
    kind: 'ReassignLicense',
    assets: [{ sent: 1, waiting: 1, waitingReason: 'promised' }],
    calls: 1,
  });
  const { orderId } = (await seatbook.post('/orders', body).expect(202)).body as OrderBody;
  await seatbook.until<OrderBody>(`/orders/${orderId}`, ({ state }) => state === 'finished');
  await seatbook.quiet();
  const held = async (serialNumber: string) =>
    ((await seatbook.get(`/devices/${serialNumber}`).expect(200)).body as ItemsBody<{ state: string }>).items;
  expect(await held('SWP000000001')).toEqual([]);
  expect(await held('SWP000000002')).toMatchObject([{ state: 'assigned', orderId }]);
  for (const wrong of [{ toUserId: 'x' }, { fromSerialNumber: 'SWP000000002' }])
    expect((await seatbook.post('/orders', { ...body, ...wrong }).expect(400)).body).toMatchObject({
      code: 'INVALID_HOLDER',
    });
});

describe('profiles', () => {
  const VPNUUID = '11111111-2222-4333-8444-555555555555';
  const vpn = (secret: string): string =>
    `<?xml version="1.0"?><plist version="1.0"><dict><key>PayloadType</key><string>Configuration</string><key>PayloadContent</key><array><dict><key>PayloadType</key><string>com.apple.vpn.managed.applayer</string><key>VPNUUID</key><string>${VPNUUID}</string><key>SharedSecret</key><string>${secret}</string></dict></array></dict></plist>`;

  it('are registered, listed, changed, named by settings, and deleted when none names them', async () => {
    const body = { name: 'Office', kind: 'VPN', payload: vpn('profile-canary-1') };
    const create = () => seatbook.post('/profiles', body).set('idempotency-key', 'office vpn');
    const created = await create().expect(201);
    const { profileId } = created.body as { profileId: string };
    expect((await create().expect(201)).body).toMatchObject({ profileId, repeated: true });
    const address = `/profiles/${profileId}`;
    expect(created.headers['location']).toBe(`/api/v1${address}`);
    await seatbook.put(address, { name: 'Head office' }).expect(200);
    const changed = await seatbook
      .put(address, { name: 'Head office', payload: vpn('profile-canary-2') })
      .expect(200);
    const { position } = changed.body as { position: number };
    const read = await seatbook.get(`${address}?position=${position}`).expect(200);
    expect(read.body).toMatchObject({ name: 'Head office', kind: 'VPN', vpnUuid: VPNUUID, usedBy: [] });
    const listed = (await seatbook.get('/profiles?kind=VPN').expect(200)).body as ItemsBody<object>;
    expect(listed.items).toMatchObject([{ profileId, name: 'Head office' }]);
    expect((await seatbook.get('/profiles?kind=SSO').expect(200)).body).toMatchObject({ items: [] });
    const settings = `/accounts/${BERLIN}/assets/${APP}/settings`;
    const set = await seatbook.put(settings, { vpnProfileId: profileId }).expect(200);
    expect(set.body).toMatchObject({
      inForce: { vpnProfileId: profileId },
      own: { vpnProfileId: profileId, mandatory: null },
    });
    expect((await seatbook.delete(address).expect(409)).body).toMatchObject({
      code: 'REJECTED_PROFILE_IN_USE',
      facts: { usedBy: [{ accountId: BERLIN, adamId: APP }] },
    });
    const none = await seatbook.put(settings, { vpnProfileId: null }).expect(200);
    expect(none.body).toMatchObject({ inForce: { vpnProfileId: null }, own: { vpnProfileId: null } });
    const cleared = (await seatbook.put(settings, {}).expect(200)).body as { own: object };
    expect(cleared.own).not.toHaveProperty('vpnProfileId');
    await seatbook.put(settings, { vpnProfileId: 7 }).expect(400);
    const sso = { profileId, baseUrlMatches: ['https://a.example'] };
    expect((await seatbook.put(settings, { sso }).expect(404)).body).toMatchObject({
      code: 'NOT_FOUND_PROFILE',
    });
    for (const wrong of [7, { profileId }, { ...sso, baseUrlMatches: [] }, { ...sso, colour: 'red' }])
      await seatbook.put(settings, { sso: wrong }).expect(400);
    // What is wrong within a field is told by its place.
    expect((await seatbook.put(settings, { sso: { ...sso, colour: 'red' } })).body).toMatchObject({
      code: 'INVALID_REQUEST',
      detail: 'the request is not valid: sso.colour',
      facts: { problems: [{ field: 'sso.colour', pointer: '/sso/colour', rule: 'unknownField' }] },
    });
    expect(
      (await seatbook.put(settings, { sso: { ...sso, baseUrlMatches: ['a'] } }).expect(400)).body,
    ).toMatchObject({
      code: 'INVALID_BASE_URL',
    });
    expect((await seatbook.put(settings, { sso: null }).expect(200)).body).toMatchObject({
      inForce: { sso: null },
      own: { sso: null },
    });
    await seatbook.put(settings, {}).expect(200);
    await seatbook.delete(address).expect(200);
    expect((await seatbook.put(settings, { vpnProfileId: profileId }).expect(404)).body).toMatchObject({
      code: 'NOT_FOUND_PROFILE',
    });
    await seatbook.quiet();
    for (const asked of [
      seatbook.get(address),
      seatbook.put(address, { name: 'A' }),
      seatbook.delete(address),
    ])
      expect((await asked.expect(404)).body).toMatchObject({ code: 'NOT_FOUND_PROFILE' });
  });

  it('that are none are refused, and nothing of them is quoted', async () => {
    const wrong = { name: 'Office', kind: 'SSO', payload: vpn('profile-canary-3') };
    const refused = await seatbook.post('/profiles', wrong).expect(400);
    expect(refused.body).toMatchObject({ code: 'INVALID_PROFILE' });
    const unread = await seatbook.post('/profiles', { ...wrong, payload: ['profile-canary-4'] }).expect(400);
    expect(refused.text + unread.text).not.toContain('canary');
    await seatbook.post('/profiles', { ...wrong, kind: 'VPN', payload: vpn('profile-canary-5') }).expect(201);
  });
});

it('secrets of devices and of profiles, names and e-mail addresses are in nothing that is stored, and in no log line', async () => {
  const person = { name: 'Name-canary', email: 'mail-canary@example.org' };
  const { userId } = (await seatbook.post('/persons', person).expect(201)).body as { userId: string };
  const serialNumber = 'CAN000000001';
  await register({ serialNumber, userId, name: 'given-canary' }).expect(201);
  await enrolled({ serialNumber, name: 'told-canary', product: 'Mac14,2' });
  await order('AssignLicense', serialNumber);
  await order('RolloutApp', serialNumber);
  await seatbook.until<Registration>(
    `/devices/${serialNumber}/registration`,
    ({ installations }) => installations['installed'] === 1,
  );
  expect(await registration(serialNumber)).toMatchObject({ name: 'told-canary' });
  await seatbook.quiet();
  const stored = seatbook.stored();
  expect(found([serialNumber], texts(stored))).not.toEqual([]);
  const { text: history } = await seatbook.get('/history').expect(200);
  expect(history).toContain(serialNumber);
  // What is personal is in the directory of persons, and can be forgotten.
  const elsewhere = stored.filter(({ hasDirectory }) => !hasDirectory);
  const outside = [history, ...texts(elsewhere), ...seatbook.logLines];
  expect(found(['Name-canary', 'mail-canary'], outside)).toEqual([]);
  const secrets = ['push-token', 'unlock-token', 'bootstrap-token', 'push-magic'].map((of) => `${of}-canary`);
  const anywhere = [...outside, ...texts(stored)];
  expect(found([...secrets, 'given-canary', 'told-canary', 'profile-canary'], anywhere)).toEqual([]);
});

const texts = (stored: readonly { readonly text: string }[]): string[] => stored.map(({ text }) => text);

const found = (canaries: readonly string[], texts: readonly string[]): string[] =>
  canaries
    .flatMap((canary) => [canary, Buffer.from(canary).toString('base64')])
    .filter((canary) => texts.some((text) => text.includes(canary)));
