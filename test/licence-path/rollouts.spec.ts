import { getRollout, leaveDevice, placeOrder, planOrder } from '@seatbook/application';
import type { InstallationDocument } from '@seatbook/licensing';
import type { NewDevice } from '@seatbook/simulator';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { ServerBackEnd } from '@seatbook/test-support/server-back-end';
import {
  OWNER,
  UID,
  VirtualSeatbook,
  asset,
  serials,
  stdq,
  type VirtualOptions,
} from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const OTHER = '900000002';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `STORES=servers` keeps the data at doubles of both servers. */
const ON_SERVERS = process.env['STORES'] === 'servers';

let virtual: VirtualSeatbook;
afterEach(() => virtual.close());

/** A location with two apps, and devices that are enrolled at the MDM server. */
async function withDevices(
  devices: readonly NewDevice[],
  { total = 100, ...options }: VirtualOptions & { readonly total?: number } = {},
): Promise<void> {
  // Reading Apple again and again would only make virtual days long.
  const rare = {
    totalsEveryMs: 20 * DAY,
    walkAllEveryMs: 20 * DAY,
    metadataEveryMs: 20 * DAY,
    addressEveryMs: 20 * DAY,
  };
  const timings = { ...rare, installWithinMs: 30 * MINUTE, ...options.timings };
  virtual = await VirtualSeatbook.imported([asset(APP, total), asset(OTHER, total)], {
    mdm: {},
    ...(ON_SERVERS && { backEnd: await ServerBackEnd.start(seededRandom(1)) }),
    ...options,
    timings,
  });
  await virtual.enrol(devices);
}

const plain = (count: number): NewDevice[] => serials(count).map((serialNumber) => ({ serialNumber }));

const deviceOf = (serialNumber: string) => {
  const device = virtual.simulator.fleet.find(serialNumber);
  if (!device) throw new Error(`no device ${serialNumber}`);
  return device;
};

async function assign(serialNumbers: readonly string[], apps = [APP]): Promise<void> {
  const { orderId } = await virtual.place({ assets: apps.map(stdq), serialNumbers });
  await virtual.finished(orderId);
}

async function rollOut(serialNumbers: readonly string[], apps = [APP]): Promise<string> {
  const order = { uId: UID, assets: apps.map(stdq), serialNumbers, ifShort: 'wait', platform: null } as const;
  const { orderId } = await virtual.until(placeOrder(virtual.edge, { ...order, kind: 'RolloutApp' }, OWNER));
  return orderId;
}

async function stateOf(serialNumber: string, adamId = APP): Promise<InstallationDocument> {
  const row = (await virtual.installations(serialNumber)).find((one) => one.adamId === adamId);
  if (!row) throw new Error(`${serialNumber} was never to have ${adamId}`);
  return row;
}

const inState = (serialNumber: string, state: InstallationDocument['state'], within = HOUR): Promise<void> =>
  virtual.advanceUntil(
    `${serialNumber} is ${state}`,
    async () => (await virtual.installations(serialNumber)).some((row) => row.state === state),
    within,
  );

const progress = async (orderId: string) =>
  (await virtual.until(getRollout(virtual.edge, { orderId }))).states;

const [S0 = '', S1 = '', S2 = ''] = serials(3);

it('a29: an app is rolled out to those who have its licence, and ends installed', async () => {
  await withDevices(plain(120), { total: 120 });
  await assign(serials(120));
  const orderId = await rollOut(serials(120));
  expect(await virtual.finished(orderId)).toMatchObject({ final: { alreadyHeld: 120, refused: 0 } });
  await virtual.advance(60_000);
  expect(await progress(orderId)).toEqual({ installed: 120 });
  const { mdm } = virtual.simulator.fleet;
  // Two full commands at once, and one for the rest.
  expect(mdm.counts.byType).toEqual({
    DeviceInformation: 120,
    InstallApplication: 3,
    ManagedApplicationList: 120,
  });
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
});

it('a29: a second rollout while the first one runs sends nothing twice, and one afterwards neither', async () => {
  await withDevices(plain(3));
  await assign(serials(3));
  await rollOut(serials(3));
  await rollOut(serials(3));
  await virtual.advance(60_000);
  const last = await rollOut(serials(3));
  await virtual.advance(60_000);
  expect(await progress(last)).toEqual({ installed: 3 });
  for (const serialNumber of serials(3))
    expect(
      deviceOf(serialNumber).seen.filter(({ requestType }) => requestType === 'InstallApplication'),
    ).toHaveLength(1);
});

it('a11: an app is installed only when Apple has its licence, and nobody is known to Apple or invited for it', async () => {
  await withDevices(plain(2), { total: 1 });
  const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: [S0, S1] });
  const rollout = await rollOut([S0, S1, S2]);
  expect(await virtual.finished(rollout)).toMatchObject({ final: { alreadyHeld: 2, refused: 1 } });
  await virtual.advance(5 * 60_000);
  expect(await progress(rollout)).toEqual({ installed: 1, 'licence-coming': 1, 'no-licence': 1 });
  virtual.simulator.admin.purchase(UID, { adamId: APP, count: 1 });
  await virtual.finished(orderId);
  await virtual.advance(5 * 60_000);
  expect(await progress(rollout)).toEqual({ installed: 2, 'no-licence': 1 });
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
  expect(virtual.simulator.admin.users(UID)).toEqual([]);
});

it('a plan says how many installations a rollout starts at once, and later, and the order holds it to that', async () => {
  await withDevices(plain(3), { total: 2 });
  await assign([S0]);
  await virtual.place({ assets: [stdq(APP)], serialNumbers: [S1] });
  const rollout = {
    kind: 'RolloutApp',
    uId: UID,
    assets: [stdq(APP)],
    serialNumbers: [S0, S1, S2],
    ifShort: 'wait',
    platform: null,
  } as const;
  const { assets, calls } = await virtual.until(planOrder(virtual.edge, rollout));
  expect(calls).toBe(0);
  expect(assets).toMatchObject([
    { sent: 0, starting: 1, coming: 1, refused: 1, refusal: 'NO_LICENSE', leftOut: { refused: [`d:${S2}`] } },
  ]);
  const place = (expected: object) =>
    virtual.until(placeOrder(virtual.edge, { ...rollout, expect: [{ ...stdq(APP), ...expected }] }, OWNER));
  await expect(place({ starting: 2, coming: 0, refused: 1 })).rejects.toMatchObject({
    code: 'REJECTED_PLAN_CHANGED',
    facts: {
      assets: [{ expected: { starting: 2, coming: 0 }, planned: { starting: 1, coming: 1 } }],
    },
  });
  const { orderId } = await place({ starting: 1, coming: 1, refused: 1 });
  await virtual.finished(orderId);
  await virtual.advance(5 * 60_000);
  expect(await progress(orderId)).toEqual({ installed: 2, 'no-licence': 1 });
});

it('a licence that never comes ends the installation that waits for it', async () => {
  await withDevices(plain(2), { total: 1 });
  const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: [S0, S1] });
  const rollout = await rollOut([S0, S1]);
  await virtual.advance(60_000);
  const returning = { kind: 'ReturnLicense', assets: [stdq(APP)], serialNumbers: [S1] } as const;
  await virtual.finished((await virtual.place(returning)).orderId);
  await virtual.finished(orderId);
  await virtual.advance(60_000);
  expect(await progress(rollout)).toEqual({ installed: 1, 'no-licence': 1 });
});

it('one list command a round asks a device about all of its apps', async () => {
  await withDevices(plain(1));
  await assign([S0], [APP, OTHER]);
  await rollOut([S0], [APP, OTHER]);
  await virtual.advance(60_000);
  expect((await virtual.installations(S0)).map(({ state }) => state)).toEqual(['installed', 'installed']);
  expect(virtual.simulator.fleet.mdm.counts.byType).toMatchObject({ ManagedApplicationList: 1 });
});

describe('what a device does leads to a named state', () => {
  it('NotNow: it is put off, and installed when the device takes it', async () => {
    await withDevices(plain(1));
    await assign([S0]);
    deviceOf(S0).knobs.notNow = 1;
    await rollOut([S0]);
    await inState(S0, 'put-off');
    await inState(S0, 'installed');
    expect(await stateOf(S0)).toMatchObject({ attempts: 1, nextAt: null });
  });

  it('offline: it is waited for, pushed again, and installed when it comes back', async () => {
    await withDevices([{ serialNumber: S0, knobs: { offline: true } }]);
    await assign([S0]);
    await rollOut([S0]);
    await virtual.advance(15 * MINUTE);
    expect(await stateOf(S0)).toMatchObject({ state: 'commanded' });
    expect(virtual.simulator.fleet.mdm.counts.byType['ManagedApplicationList']).toBeLessThanOrEqual(3);
    deviceOf(S0).knobs.offline = false;
    await inState(S0, 'installed', HOUR);
  });

  it('offline until the deadline: failed, and a late success revises that', async () => {
    await withDevices([{ serialNumber: S0, knobs: { offline: true } }]);
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'failed', HOUR);
    expect(await stateOf(S0)).toMatchObject({ reason: 'offline', nextAt: null });
    deviceOf(S0).knobs.offline = false;
    await virtual.until(deviceOf(S0).wake());
    await inState(S0, 'installed');
    expect(await stateOf(S0)).toMatchObject({ reason: null });
  });

  it.each([
    ['reject', 'user-rejected'],
    ['ignore', 'prompt-unanswered'],
  ] as const)('the user is asked and does this: %s', async (prompt, reason) => {
    await withDevices([{ serialNumber: S0, supervised: false, knobs: { prompt } }]);
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'prompting');
    await inState(S0, 'failed', HOUR);
    expect(await stateOf(S0)).toMatchObject({ reason });
  });

  it('the user accepts', async () => {
    await withDevices([{ serialNumber: S0, supervised: false }]);
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'installed');
  });

  it.each([12064, 9610])(
    'the licence is not found (%d) soon after it was assigned: it is tried again',
    async (code) => {
      await withDevices([{ serialNumber: S0, knobs: { licenceNotFound: 2, licenceErrorCode: code } }]);
      await assign([S0]);
      await rollOut([S0]);
      await inState(S0, 'retrying');
      expect(await stateOf(S0)).toMatchObject({ reason: 'licence-not-found', code });
      await inState(S0, 'installed');
      expect(await stateOf(S0)).toMatchObject({ attempts: 3, reason: null });
    },
  );

  it('the licence is never found: it fails in the end', async () => {
    await withDevices([{ serialNumber: S0, knobs: { licenceNotFound: 1_000 } }]);
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'failed', HOUR);
    expect(await stateOf(S0)).toMatchObject({ reason: 'licence-not-found', attempts: 6 });
  });

  it.each([
    [12023, 'not-in-store'],
    [12031, 'apps-forbidden'],
    [12040, 'login-required'],
    [12063, 'user-rejected'],
    [12008, 'refused'],
  ])('it refuses with %d', async (errorCode, reason) => {
    await withDevices([{ serialNumber: S0, knobs: { refuseInstalls: 1, errorCode } }]);
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'failed');
    expect(await stateOf(S0)).toMatchObject({ reason, code: errorCode });
    // A person sees to it and rolls it out once more.
    await rollOut([S0]);
    await inState(S0, 'installed');
  });

  it.each([12025, 506])(
    'it says that the app is there or on its way (%d): the list decides',
    async (errorCode) => {
      await withDevices([{ serialNumber: S0, knobs: { refuseInstalls: 1, errorCode } }]);
      await assign([S0]);
      await rollOut([S0]);
      await inState(S0, 'installing');
      await inState(S0, 'installed', HOUR);
    },
  );

  it('it cannot install the app; a rollout on failed ones is the exit', async () => {
    await withDevices([{ serialNumber: S0, knobs: { failInstalls: 1 } }]);
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'failed');
    expect(await stateOf(S0)).toMatchObject({ reason: 'install-failed' });
    await rollOut([S0]);
    await inState(S0, 'installed');
  });

  it('it answers everything twice', async () => {
    await withDevices([{ serialNumber: S0, knobs: { answersTwice: true } }]);
    await assign([S0]);
    deviceOf(S0).knobs.notNow = 1;
    await rollOut([S0]);
    await inState(S0, 'installed');
    const events = (await virtual.events()).map(({ type }) => type);
    for (const type of ['installation.put-off', 'installation.acknowledged', 'installation.listed'])
      expect(events.filter((one) => one === type)).toHaveLength(1);
  });
});

describe('what is lost on the way', () => {
  it('the answer of the device: the list tells what became of it', async () => {
    await withDevices(plain(1));
    await assign([S0]);
    virtual.simulator.fleet.mdm.faults.loseWebhooks = 1;
    await rollOut([S0]);
    await inState(S0, 'installed');
    expect(deviceOf(S0).seen.filter(({ requestType }) => requestType === 'InstallApplication')).toHaveLength(
      1,
    );
  });

  it('its list', async () => {
    await withDevices(plain(1));
    await assign([S0]);
    virtual.simulator.fleet.mdm.faults.loseWebhooks = 2;
    await rollOut([S0]);
    await inState(S0, 'installed', HOUR);
  });

  it('the request to the MDM server, or its answer: nothing is installed twice', async () => {
    await withDevices(plain(1));
    await assign([S0]);
    Object.assign(virtual.simulator.fleet.mdm.faults, { failRequests: 2, loseAnswers: 1 });
    await rollOut([S0]);
    await inState(S0, 'installed');
    expect(deviceOf(S0).seen.filter(({ requestType }) => requestType === 'InstallApplication')).toHaveLength(
      1,
    );
  });

  it('there is no push certificate: the command is queued all the same', async () => {
    await withDevices(plain(1));
    await assign([S0]);
    virtual.simulator.fleet.mdm.faults.withoutPushCertificate = true;
    await rollOut([S0]);
    await virtual.advance(60_000);
    await virtual.until(deviceOf(S0).wake());
    expect(await stateOf(S0)).toMatchObject({ state: 'commanded' });
    await virtual.settle();
    await inState(S0, 'installing');
  });

  it('webhooks come twice, and overtake each other', async () => {
    await withDevices(plain(20));
    Object.assign(virtual.simulator.fleet.mdm.faults, { double: 0.5, lose: 0.1, shuffleMs: 30_000 });
    await assign(serials(20));
    const orderId = await rollOut(serials(20));
    await virtual.advanceUntil(
      'all are installed',
      async () => (await progress(orderId)).installed === 20,
      DAY,
    );
    expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
  });
});

describe('a device that leaves', () => {
  it('enrols again, and its queue is lost: the command is planned anew', async () => {
    await withDevices([{ serialNumber: S0, knobs: { offline: true } }]);
    await assign([S0]);
    await rollOut([S0]);
    await virtual.advance(60_000);
    const device = deviceOf(S0);
    device.wipe();
    device.knobs.offline = false;
    await virtual.until(device.enrol());
    await inState(S0, 'installed');
  });

  it('was wiped after the app was installed: the list tells that it is gone', async () => {
    await withDevices(plain(1));
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'installed');
    deviceOf(S0).wipe();
    await virtual.until(deviceOf(S0).enrol());
    await inState(S0, 'removed');
    await rollOut([S0]);
    await inState(S0, 'installed');
  });

  it('a35: has checked out: what was under way has failed, and its licences go back some time later', async () => {
    await withDevices([{ serialNumber: S0, knobs: { offline: true } }, ...plain(2).slice(1)], {
      timings: { deviceReturnMs: 30 * MINUTE },
    });
    await assign([S0, S1]);
    await rollOut([S0, S1]);
    await inState(S1, 'installed');
    for (const serialNumber of [S0, S1]) await virtual.until(deviceOf(serialNumber).checkOut());
    await inState(S0, 'failed');
    expect(await stateOf(S0)).toMatchObject({ reason: 'device-left' });
    expect(await stateOf(S1)).toMatchObject({ state: 'removed' });
    await virtual.advance(20 * MINUTE);
    expect(virtual.atApple(APP)).toEqual([S0, S1]);
    await virtual.advance(20 * MINUTE);
    expect(virtual.atApple(APP)).toEqual([]);
  });

  it.each([0, 30 * MINUTE])(
    'a35: was wiped, or is used no more: its licences stay, or go back after %i ms',
    async (deviceReturnMs) => {
      await withDevices(plain(3), { timings: { deviceReturnMs } });
      await assign([S0, S1, S2]);
      await rollOut([S0, S1, S2]);
      for (const serialNumber of [S0, S1, S2]) await inState(serialNumber, 'installed');
      for (const [serialNumber, how] of [
        [S0, 'wiped'],
        [S1, 'retired'],
      ] as const)
        await virtual.until(leaveDevice(virtual.edge, { serialNumber, how }, OWNER));
      await virtual.advance(20 * MINUTE);
      expect(virtual.atApple(APP)).toEqual([S0, S1, S2]);
      await virtual.advance(20 * MINUTE);
      expect(virtual.atApple(APP)).toEqual(deviceReturnMs === 0 ? [S0, S1, S2] : [S2]);
      expect(await stateOf(S2)).toMatchObject({ state: 'installed', endsAt: null });
    },
  );

  it('a35: enrols again before its licences go back, and keeps them', async () => {
    await withDevices(plain(1), { timings: { deviceReturnMs: 30 * MINUTE } });
    await assign([S0]);
    await virtual.until(deviceOf(S0).checkOut());
    await virtual.advance(20 * MINUTE);
    await virtual.until(deviceOf(S0).enrol());
    await virtual.advance(60 * MINUTE);
    expect(virtual.atApple(APP)).toEqual([S0]);
  });

  it('is not enrolled: it is not sent to the server', async () => {
    await withDevices(plain(1));
    await assign([S0, S1]);
    await rollOut([S0, S1]);
    await inState(S1, 'failed');
    expect(await stateOf(S1)).toMatchObject({ reason: 'not-enrolled' });
    await inState(S0, 'installed');
  });

  it('a35: an installed app whose licence went back may be used for 30 days more', async () => {
    await withDevices(plain(1));
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'installed');
    const returned = await virtual.place({ kind: 'ReturnLicense', assets: [stdq(APP)], serialNumbers: [S0] });
    await virtual.finished(returned.orderId);
    await virtual.settle();
    expect((await stateOf(S0)).endsAt).toBeGreaterThan(virtual.clock.now() + 29 * DAY);
  });
});

it('a device that nobody knows gets no licence unless the order allows it, where an MDM server says who is known', async () => {
  await withDevices(plain(1), { mdm: { requireEnrolled: true } });
  await assign([S0]);
  const unknown = { assets: [stdq(APP)], serialNumbers: [S0, S1] };
  await expect(virtual.until(virtual.place(unknown))).rejects.toMatchObject({
    code: 'REJECTED_UNKNOWN_DEVICE',
    facts: { unknown: 1, serialNumbers: [S1] },
  });
  const { orderId } = await virtual.place({ ...unknown, allowUnenrolled: true });
  expect(await virtual.finished(orderId)).toMatchObject({ final: { assigned: 1, alreadyHeld: 1 } });
});

it('without an MDM server nothing is rolled out', async () => {
  virtual = await VirtualSeatbook.imported([asset(APP, 1)]);
  await expect(rollOut([S0])).rejects.toMatchObject({ code: 'REJECTED_NO_MDM' });
});

it('secrets, names and tokens of devices are in no event, document or log line', async () => {
  const lines: string[] = [];
  await withDevices([{ serialNumber: S0, name: 'phone-canary' }], { log: (line) => void lines.push(line) });
  await assign([S0]);
  await rollOut([S0]);
  await inState(S0, 'installed');
  const events = JSON.stringify(await virtual.events());
  const documents = JSON.stringify(await virtual.installations(S0));
  const tokens = ['push-token-canary', 'unlock-token-canary'].map((token) =>
    Buffer.from(token).toString('base64'),
  );
  for (const text of [events, documents, lines.join('\n')])
    expect(['canary', ...tokens].filter((secret) => text.includes(secret))).toEqual([]);
  expect(await virtual.stores.secrets.get(`device-name/${S0}`)).toBe('phone-canary');
});
