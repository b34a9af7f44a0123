import {
  getRollout,
  leaveDevice,
  placeOrder,
  planOrder,
  returnLicense,
  type RolloutApp,
} from '@seatbook/application';
import type { Envelope } from '@seatbook/kernel';
import type { InstallationDocument, OrderEvent } from '@seatbook/licensing';
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

/** A rollout of these apps, of all of the other order where none is named, on those that the scope means. */
const scoped = (scope: RolloutApp['scope'], apps: readonly string[] = [], more: object = {}) =>
  ({
    kind: 'RolloutApp',
    uId: UID,
    assets: apps.map(stdq),
    scope,
    ifShort: 'wait',
    platform: null,
    ...more,
  }) as const;

const place = (order: ReturnType<typeof scoped>, caller = OWNER) =>
  virtual.until(placeOrder(virtual.edge, order, caller));

/** Whom the ledgers were asked about for an order, app by app. */
async function askedOf(orderId: string): Promise<readonly string[]> {
  const asked = (await virtual.events()).flatMap((event) => {
    const { stream, type, data } = event as Envelope<OrderEvent>;
    if (stream !== `order-${orderId}` || type !== 'order.reservation-asked') return [];
    const { adamId, serialNumbers } = data as { adamId: string; serialNumbers: readonly string[] };
    return serialNumbers.map((serialNumber) => `${adamId} ${serialNumber}`);
  });
  return asked;
}

const installsSeen = (serialNumber: string): number =>
  deviceOf(serialNumber).seen.filter(({ requestType }) => requestType === 'InstallApplication').length;

it('a29: a rollout on all assigned ones is for those who hold each licence when it is placed, however many', async () => {
  await withDevices(plain(3), { total: 1_200 });
  await assign(serials(1_100));
  await assign([S0, S1], [OTHER]);
  // One gives its licence back, and is not meant.
  await virtual.finished(
    (await virtual.place({ kind: 'ReturnLicense', assets: [stdq(OTHER)], serialNumbers: [S1] })).orderId,
  );
  const order = scoped({ assigned: true }, [APP, OTHER]);
  const { assets } = await virtual.until(planOrder(virtual.edge, order));
  expect(assets).toMatchObject([
    { adamId: APP, starting: 1_100, refused: 0 },
    { adamId: OTHER, starting: 1, refused: 0 },
  ]);
  const expecting = (starting: number) => ({ ...order, expect: [{ ...stdq(OTHER), starting }] });
  await expect(place(expecting(2))).rejects.toMatchObject({ code: 'REJECTED_PLAN_CHANGED' });
  const caller = { ...OWNER, idempotencyKey: 'all-of-them' };
  const { orderId } = await place(expecting(1), caller);
  // Who gets the licence later is not meant, also where the request is sent once more.
  await assign([S2], [OTHER]);
  expect(await place(expecting(1), caller)).toMatchObject({ orderId, repeated: true });
  expect(await virtual.finished(orderId)).toMatchObject({
    pairs: 1_101,
    scope: { assigned: true },
    final: { alreadyHeld: 1_101, refused: 0 },
  });
  expect(await askedOf(orderId)).toEqual([
    ...serials(1_100).map((serialNumber) => `${APP} ${serialNumber}`),
    `${OTHER} ${S0}`,
  ]);
  await virtual.advance(60_000);
  expect([S0, S1, S2].map(installsSeen)).toEqual([2, 1, 1]);
});

it('a29: nobody is assigned, and a scope beside names: nothing is rolled out', async () => {
  await withDevices(plain(1));
  await expect(place(scoped({ assigned: true }, [APP]))).rejects.toMatchObject({
    code: 'REJECTED_NOTHING_HELD',
  });
  await expect(place(scoped({ assigned: true }))).rejects.toMatchObject({ code: 'INVALID_ORDER_EMPTY' });
  for (const more of [{ serialNumbers: [S0] }, { groupId: 'g' }])
    await expect(place(scoped({ assigned: true }, [APP], more))).rejects.toMatchObject({
      code: 'INVALID_HOLDER',
    });
});

it('a30: a rollout on failed ones is for exactly these, each app where it has failed; every attempt is kept with its reason', async () => {
  await withDevices(plain(4));
  const [, , , S3 = ''] = serials(4);
  await assign(serials(4), [APP, OTHER]);
  Object.assign(deviceOf(S0).knobs, { refuseInstalls: 1, errorCode: 12023 });
  Object.assign(deviceOf(S1).knobs, { refuseInstalls: 2, errorCode: 12031 });
  Object.assign(deviceOf(S2).knobs, { refuseInstalls: 1, errorCode: 12008 });
  const first = await rollOut(serials(4), [APP, OTHER]);
  await virtual.advance(60_000);
  expect(await progress(first)).toEqual({ installed: 4, failed: 4 });
  // One of them has succeeded meanwhile by an order of its own.
  await rollOut([S2], [APP, OTHER]);
  await virtual.advance(60_000);
  const rows = (await Promise.all(serials(4).map((serial) => virtual.installations(serial)))).flat();
  const failed = rows.flatMap(({ state, adamId, device }) =>
    state === 'failed' ? `${adamId} ${device}` : [],
  );
  expect(failed).toHaveLength(3);
  const seen = serials(4).map(installsSeen);
  const { assets } = await virtual.until(planOrder(virtual.edge, scoped({ failedOf: first })));
  expect(assets.reduce((sum, { starting }) => sum + starting, 0)).toBe(3);
  const { orderId } = await place(scoped({ failedOf: first }));
  expect(await virtual.finished(orderId)).toMatchObject({ pairs: 3, scope: { failedOf: first } });
  expect(await askedOf(orderId)).toEqual(failed.sort());
  await virtual.advance(60_000);
  expect(await progress(orderId)).toEqual({ installed: 3 });
  expect(serials(4).map(installsSeen)).toEqual([(seen[0] ?? 0) + 1, (seen[1] ?? 0) + 2, seen[2], seen[3]]);
  expect(installsSeen(S3)).toBe(2);
  const attempts = (await virtual.events()).filter(({ stream }) => stream === `deviceApps-${S1}`);
  expect(attempts.filter(({ type }) => type === 'installation.commanded')).toHaveLength(4);
  expect(
    attempts.flatMap(({ type, data }) =>
      type === 'installation.failed' ? (data as { reason: string }).reason : [],
    ),
  ).toEqual(['apps-forbidden', 'apps-forbidden']);
});

it('a30: of some apps alone; and refused for an order that is not there, is no rollout, or has nothing failed', async () => {
  await withDevices(plain(1));
  const assigning = await virtual.place({ assets: [APP, OTHER].map(stdq), serialNumbers: [S0] });
  await virtual.finished(assigning.orderId);
  Object.assign(deviceOf(S0).knobs, { refuseInstalls: 2 });
  const first = await rollOut([S0], [APP, OTHER]);
  await inState(S0, 'failed');
  await virtual.advance(60_000);
  const { orderId } = await place(scoped({ failedOf: first }, [OTHER]));
  expect(await askedOf(orderId)).toEqual([`${OTHER} ${S0}`]);
  await virtual.advance(60_000);
  for (const [failedOf, code] of [
    ['nobody', 'NOT_FOUND_ORDER'],
    [assigning.orderId, 'REJECTED_NO_ROLLOUT'],
    [orderId, 'REJECTED_NOTHING_FAILED'],
  ] as const)
    await expect(place(scoped({ failedOf }))).rejects.toMatchObject({ code });
  await expect(place(scoped({ failedOf: first }, [], { uId: '7700000000000002' }))).rejects.toMatchObject({
    code: 'NOT_FOUND_ORDER',
  });
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

const giveBack = async (serialNumbers: readonly string[], apps = [APP]): Promise<void> => {
  const returning = { kind: 'ReturnLicense', assets: apps.map(stdq), serialNumbers } as const;
  await virtual.finished((await virtual.place(returning)).orderId);
};

describe('a25: a licence goes back in the middle of a rollout: what is not installed yet is cancelled', () => {
  it('where no command was sent, and none is', async () => {
    await withDevices(plain(1));
    await assign([S0]);
    const rollout = await rollOut([S0]);
    await giveBack([S0]);
    await virtual.advance(10 * MINUTE);
    expect(await progress(rollout)).toEqual({ cancelled: 1 });
    expect(installsSeen(S0)).toBe(0);
    // Ordered anew, it is installed as any other.
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'installed');
    expect(await stateOf(S0)).toMatchObject({ endsAt: null });
  });

  it('where the device is offline, has put it off, or is to try again: nothing more is tried', async () => {
    await withDevices([
      { serialNumber: S0, knobs: { offline: true } },
      { serialNumber: S1 },
      { serialNumber: S2, knobs: { licenceNotFound: 100 } },
    ]);
    await assign(serials(3));
    deviceOf(S1).knobs.notNow = 1;
    const rollout = await rollOut(serials(3));
    await virtual.advance(10_000);
    expect(await progress(rollout)).toEqual({ commanded: 1, 'put-off': 1, retrying: 1 });
    await giveBack(serials(3));
    expect(await progress(rollout)).toEqual({ cancelled: 3 });
    const seen = installsSeen(S2);
    deviceOf(S0).knobs.offline = false;
    for (const serialNumber of serials(3)) await virtual.until(deviceOf(serialNumber).wake());
    await virtual.advance(2 * HOUR);
    expect(await progress(rollout)).toEqual({ cancelled: 3 });
    expect(serials(3).map((serialNumber) => deviceOf(serialNumber).apps.size)).toEqual([0, 0, 0]);
    expect(installsSeen(S2)).toBe(seen);
    // Nothing of it has failed.
    await expect(place(scoped({ failedOf: rollout }))).rejects.toMatchObject({
      code: 'REJECTED_NOTHING_FAILED',
    });
  });

  it('where the device had begun: it is shown as installed, and until when it can be used', async () => {
    await withDevices([{ serialNumber: S0, knobs: { installMs: 5 * MINUTE } }]);
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'installing');
    await giveBack([S0]);
    expect(await stateOf(S0)).toMatchObject({ state: 'installing' });
    await inState(S0, 'installed');
    expect((await stateOf(S0)).endsAt).toBeGreaterThan(virtual.clock.now() + 29 * DAY);
    // Assigned again, it stays for good.
    await assign([S0]);
    expect(await stateOf(S0)).toMatchObject({ state: 'installed', endsAt: null });
  });
});

describe('a licence goes back with its app', () => {
  const give = async (serialNumbers: readonly string[], more: object = {}): Promise<void> => {
    const terms = { uId: UID, assets: [stdq(APP)], serialNumbers, removeApp: true, ...more };
    const { orderId } = await virtual.until(returnLicense(virtual.edge, terms, OWNER));
    await virtual.finished(orderId);
  };
  const removals = (serialNumber: string): number =>
    deviceOf(serialNumber).seen.filter(({ requestType }) => requestType === 'RemoveApplication').length;

  async function installed(devices: readonly NewDevice[], options: VirtualOptions = {}): Promise<void> {
    await withDevices(devices, options);
    const serialNumbers = devices.map(({ serialNumber }) => serialNumber ?? '');
    await assign(serialNumbers);
    await rollOut(serialNumbers);
    await virtual.advance(MINUTE);
  }

  it('it is removed when the licence is back, by one command for all, and the list tells that it is gone', async () => {
    await installed(plain(3));
    // Another app stays.
    await assign([S0], [OTHER]);
    await rollOut([S0], [OTHER]);
    await virtual.advance(MINUTE);
    await give(serials(3));
    expect(serials(3).map(removals)).toEqual([0, 0, 0]);
    await inState(S0, 'removing');
    await virtual.advance(MINUTE);
    for (const serialNumber of serials(3)) {
      expect(await stateOf(serialNumber)).toMatchObject({ state: 'removed', nextAt: null, reason: null });
      expect(removals(serialNumber)).toBe(1);
    }
    expect(serials(3).map((serialNumber) => deviceOf(serialNumber).apps.size)).toEqual([1, 0, 0]);
    expect(await stateOf(S0, OTHER)).toMatchObject({ state: 'installed' });
    expect(virtual.simulator.fleet.mdm.counts.byType).toMatchObject({ RemoveApplication: 1 });
    // Licensed and rolled out once more, it comes back.
    await assign([S0]);
    await rollOut([S0]);
    await virtual.advance(MINUTE);
    expect(await stateOf(S0)).toMatchObject({ state: 'installed', endsAt: null });
  });

  it('the device is offline until the deadline: not removed, and a late removal revises that', async () => {
    await installed(plain(1));
    deviceOf(S0).knobs.offline = true;
    await give([S0]);
    await inState(S0, 'not-removed', 2 * HOUR);
    expect(await stateOf(S0)).toMatchObject({ reason: 'offline', nextAt: null });
    deviceOf(S0).knobs.offline = false;
    await virtual.until(deviceOf(S0).wake());
    await inState(S0, 'removed');
  });

  it('the device refuses: not removed, and a return of what is not held any more removes it', async () => {
    await installed(plain(1));
    Object.assign(deviceOf(S0).knobs, { refuseRemovals: 1, errorCode: 12_021 });
    await give([S0]);
    await inState(S0, 'not-removed');
    expect(await stateOf(S0)).toMatchObject({ reason: 'refused', code: 12_021 });
    await give([S0]);
    await inState(S0, 'removed');
    expect(removals(S0)).toBe(2);
  });

  it('it has put the removal off, answers twice, or loses its answer: it is removed once', async () => {
    await installed(plain(3));
    deviceOf(S0).knobs.notNow = 1;
    deviceOf(S1).knobs.answersTwice = true;
    deviceOf(S2).knobs.losesWebhooks = 1;
    await give(serials(3));
    for (const serialNumber of serials(3)) await inState(serialNumber, 'removed', 2 * HOUR);
    const answers = (await virtual.events()).filter(({ type }) => type === 'installation.removal-answered');
    expect(answers.length).toBeLessThanOrEqual(2);
  });

  it('the device enrols again before it has heard of it: it is told once more', async () => {
    await installed(plain(1));
    deviceOf(S0).knobs.offline = true;
    await give([S0]);
    await inState(S0, 'removing');
    deviceOf(S0).knobs.offline = false;
    await virtual.until(deviceOf(S0).enrol());
    await inState(S0, 'removed');
  });

  it('the licence is there again before the command is sent: the app stays', async () => {
    await installed(plain(1));
    await give([S0]);
    await virtual.place({ assets: [stdq(APP)], serialNumbers: [S0] });
    await virtual.advance(10 * MINUTE);
    expect(await stateOf(S0)).toMatchObject({ state: 'installed', endsAt: null, nextAt: null });
    expect(removals(S0)).toBe(0);
  });

  it('Apple refuses the return: the app stays, also when the licence goes back without it later', async () => {
    await installed(plain(1));
    virtual.simulator.admin.failPairs([{ adamId: APP, serialNumber: S0, errorNumber: 9_615 }]);
    await give([S0]);
    await virtual.advance(MINUTE);
    expect(await stateOf(S0)).toMatchObject({ state: 'installed', endsAt: null });
    virtual.simulator.admin.clearFailPairs();
    await giveBack([S0]);
    await virtual.advance(MINUTE);
    expect(removals(S0)).toBe(0);
  });

  it('where no MDM server is configured, it cannot be asked for', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 1)]);
    await expect(give([S0])).rejects.toMatchObject({ code: 'REJECTED_NO_MDM' });
  });
});

it('one list command a round asks a device about all of its apps', async () => {
  await withDevices(plain(1));
  await assign([S0], [APP, OTHER]);
  await rollOut([S0], [APP, OTHER]);
  await virtual.advance(60_000);
  expect((await virtual.installations(S0)).map(({ state }) => state)).toEqual(['installed', 'installed']);
  expect(virtual.simulator.fleet.mdm.counts.byType).toMatchObject({ ManagedApplicationList: 1 });
});

it('moments that a clock noted which was ahead by two weeks do not keep a device from being asked', async () => {
  await withDevices([{ serialNumber: S0, knobs: { installMs: 2 * MINUTE } }]);
  await assign([S0]);
  virtual.clock.set(14 * DAY);
  await rollOut([S0]);
  await inState(S0, 'installing');
  virtual.clock.set(-14 * DAY);
  await inState(S0, 'installed');
});

it.each([['installed'], ['removed']] as const)(
  'what was to be %s by a deadline that a clock noted which was ahead by two weeks ends no later than others',
  async (wanted) => {
    await withDevices(plain(1));
    await assign([S0]);
    if (wanted === 'removed') {
      await rollOut([S0]);
      await inState(S0, 'installed');
    }
    deviceOf(S0).knobs.offline = true;
    virtual.clock.set(14 * DAY);
    if (wanted === 'installed') await rollOut([S0]);
    else {
      const back = { uId: UID, assets: [stdq(APP)], serialNumbers: [S0], removeApp: true } as const;
      await virtual.until(returnLicense(virtual.edge, back, OWNER));
    }
    await inState(S0, wanted === 'installed' ? 'commanded' : 'removing');
    virtual.clock.set(-14 * DAY);
    const before = virtual.clock.elapsed();
    await inState(S0, wanted === 'installed' ? 'failed' : 'not-removed');
    expect(await stateOf(S0)).toMatchObject({ reason: 'offline' });
    // It is given the whole time once more: nobody knows how much of it had passed.
    expect(virtual.clock.elapsed() - before).toBeGreaterThanOrEqual(virtual.timings.installWithinMs);
  },
);

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

  it('offline until the deadline, twice: it has failed each time', async () => {
    await withDevices([{ serialNumber: S0, knobs: { offline: true } }]);
    await assign([S0]);
    await rollOut([S0]);
    await inState(S0, 'failed');
    await rollOut([S0]);
    await inState(S0, 'commanded');
    await inState(S0, 'failed');
    expect(await stateOf(S0)).toMatchObject({ reason: 'offline' });
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

  it('a35: what was said as it left holds, also where licences are to stay from then on', async () => {
    await withDevices(plain(1), { timings: { deviceReturnMs: 30 * MINUTE } });
    await assign([S0]);
    await virtual.until(deviceOf(S0).checkOut());
    await virtual.advance(MINUTE);
    await virtual.restart({ timings: { ...virtual.timings, deviceReturnMs: 0 } });
    await virtual.advance(20 * MINUTE);
    expect(virtual.atApple(APP)).toEqual([S0]);
    await virtual.advance(20 * MINUTE);
    expect(virtual.atApple(APP)).toEqual([]);
  });

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
