import {
  activatePersons,
  deactivatePersons,
  getRollout,
  getWhy,
  leavePerson,
  listActivations,
  placeOrder,
  planOrder,
  registerDevice,
  registerPerson,
  returnAll,
  returnLicense,
  setAppSettings,
  type OrderRequest,
} from '@seatbook/application';
import type { NewAsset } from '@seatbook/simulator';
import { queryModels, type InstallationDocument } from '@seatbook/licensing';
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
const BOOK = '900000003';
const MAC = '900000004';
const MINUTE = 60_000;

let virtual: VirtualSeatbook;
afterEach(() => virtual.close());

async function location(options: VirtualOptions = {}, contents: readonly NewAsset[] = []): Promise<void> {
  virtual = await VirtualSeatbook.open({ mdm: {}, ...options });
  virtual.createLocation([
    asset(APP, 10),
    asset(OTHER, 10),
    ...contents,
    asset(BOOK, 10, { productType: 'Book', deviceAssignable: false, revocable: false }),
  ]);
  await virtual.import(undefined, 'user');
  await virtual.advance(MINUTE);
}

/** Persons whom Apple knows at the location, none of whom has accepted. */
async function invited(count: number): Promise<string[]> {
  const userIds: string[] = [];
  for (let number = 1; number <= count; number += 1) {
    const details = { name: `Person${number}`, email: `person${number}@canary.test`, managedAppleId: null };
    userIds.push((await virtual.until(registerPerson(virtual.edge, details, OWNER))).userId);
  }
  await virtual.until(activatePersons(virtual.edge, { uId: UID, userIds }, OWNER));
  await reaches('invited', userIds);
  return userIds;
}

const reaches = (state: string, userIds: readonly string[]): Promise<void> =>
  virtual.advanceUntil(`${userIds.length} persons are ${state}`, async () => {
    const { rows } = await virtual.until(listActivations(virtual.edge, { uId: UID, part: { limit: 500 } }));
    const states = new Map(rows.map(({ document }) => [document.userId, document.state]));
    return userIds.every((userId) => states.get(userId) === state);
  });

const accept = (userId: string): unknown =>
  virtual.simulator.admin.acceptInvite(UID, userId, `${userId}@private.test`);

/** The device is the person's, in the registry and in truth. */
async function owns(userId: string | null, serialNumber: string): Promise<void> {
  const device = virtual.simulator.fleet.find(serialNumber);
  if (device) device.knobs.clientUserId = userId;
  const facts = { platform: 'iOS', ownership: 'personal', userId } as const;
  await virtual.until(registerDevice(virtual.edge, { serialNumber, ...facts }, OWNER));
}

async function ordered(
  kind: OrderRequest['kind'],
  userIds: readonly string[],
  apps = [APP],
): Promise<string> {
  const order = { kind, uId: UID, assets: apps.map(stdq), userIds, ifShort: 'wait', platform: null } as const;
  const { orderId } = await virtual.until(placeOrder(virtual.edge, order, OWNER));
  await virtual.finished(orderId);
  return orderId;
}

const assign = (userIds: readonly string[], apps?: string[]) => ordered('AssignLicense', userIds, apps);
const rollOut = (userIds: readonly string[], apps?: string[]) => ordered('RolloutApp', userIds, apps);

const progress = async (orderId: string) => {
  const { states, targets } = await virtual.until(getRollout(virtual.edge, { orderId }));
  return { targets, ...states };
};

const why = async (holder: string, adamId = APP) =>
  virtual.until(getWhy(virtual.edge, { uId: UID, asset: stdq(adamId), holder }));

const installsOn = (serialNumber: string): number =>
  (virtual.simulator.fleet.find(serialNumber)?.seen ?? []).filter(
    ({ requestType }) => requestType === 'InstallApplication',
  ).length;

const rowsOf = async (userId: string): Promise<readonly InstallationDocument[]> => {
  const query = { index: 'by-person', equals: [userId], limit: 1_000 } as const;
  return (await virtual.stores.reads.query(queryModels.installations, query)).rows;
};

const enrolled = (...serialNumbers: string[]) =>
  virtual.enrol(serialNumbers.map((serialNumber) => ({ serialNumber })));

it('a14: 5 persons with 3 devices each have one licence each and the app on 15 devices; a sixth who never accepts is waited for (a13)', async () => {
  await location();
  const userIds = await invited(6);
  const [last = ''] = userIds.slice(5);
  const devices = serials(18);
  await enrolled(...devices);
  for (const [index, serialNumber] of devices.entries())
    await owns(userIds[Math.floor(index / 3)] ?? null, serialNumber);
  for (const userId of userIds.slice(0, 5)) accept(userId);
  await assign(userIds);
  const terms = { uId: UID, assets: [stdq(APP)], userIds, ifShort: 'wait', platform: null } as const;
  const plan = await virtual.until(planOrder(virtual.edge, { ...terms, kind: 'RolloutApp' }));
  expect(plan.assets[0]).toMatchObject({ starting: 6, installations: 15 });
  const orderId = await rollOut(userIds);
  await virtual.advance(5 * MINUTE);
  expect(await progress(orderId)).toEqual({ targets: 16, installed: 15, 'waiting-for-person': 1 });
  expect(await virtual.assetDocument(APP)).toMatchObject({ assigned: 6 });
  expect(await why(`u:${last}`)).toMatchObject({
    reason: 'waiting-for-person',
    installation: { device: null, userId: last, state: 'waiting-for-person', reason: null },
  });
  expect(await why(`u:${userIds[0] ?? ''}`)).toMatchObject({ reason: 'installed' });
  expect(await why(`d:${devices[0] ?? ''}`)).toMatchObject({
    reason: 'installed',
    pair: { holder: `u:${userIds[0] ?? ''}` },
    installation: { userId: userIds[0] },
  });
  expect(devices.map(installsOn)).toEqual([...Array<number>(15).fill(1), 0, 0, 0]);
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
  // It goes on by itself.
  accept(last);
  await virtual.advance(5 * MINUTE);
  expect(await progress(orderId)).toEqual({ targets: 18, installed: 18 });
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
});

it('a person without a device is waited for, and a device that comes later gets what is wanted', async () => {
  await location();
  const [kim = ''] = await invited(1);
  const [first = '', second = ''] = serials(2);
  accept(kim);
  await assign([kim]);
  const orderId = await rollOut([kim]);
  await virtual.advance(MINUTE);
  expect(await progress(orderId)).toEqual({ targets: 1, 'waiting-for-device': 1 });
  expect(await why(`u:${kim}`)).toMatchObject({ reason: 'waiting-for-device', deadline: null });
  // One enrols before it is the person's, the other one afterwards.
  await enrolled(first);
  await owns(kim, first);
  await owns(kim, second);
  await virtual.advance(MINUTE);
  expect(await progress(orderId)).toEqual({ targets: 1, installed: 1 });
  await enrolled(second);
  const device = virtual.simulator.fleet.find(second);
  if (device) device.knobs.clientUserId = kim;
  await virtual.advance(5 * MINUTE);
  expect(await progress(orderId)).toEqual({ targets: 2, installed: 2 });
  // A device that has left and enrols again gets it once more.
  await virtual.until(device?.checkOut() ?? Promise.resolve());
  await virtual.until(device?.enrol() ?? Promise.resolve());
  await virtual.advance(5 * MINUTE);
  expect([installsOn(first), installsOn(second)]).toEqual([1, 2]);
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
});

it('a device that goes to somebody else loses what only its former person wanted, and gets what the new one wants', async () => {
  await location();
  const [kim = '', robin = ''] = await invited(2);
  const [device = ''] = serials(1);
  await enrolled(device);
  const phone = virtual.simulator.fleet.find(device);
  if (!phone) throw new Error('no device');
  accept(kim);
  accept(robin);
  await owns(kim, device);
  await assign([kim]);
  await assign([robin], [OTHER]);
  phone.knobs.offline = true;
  const orders = [await rollOut([kim]), await rollOut([robin], [OTHER])] as const;
  await virtual.advance(MINUTE);
  expect(await progress(orders[0])).toEqual({ targets: 1, commanded: 1 });
  await owns(robin, device);
  await virtual.advance(MINUTE);
  expect(await progress(orders[0])).toMatchObject({ 'waiting-for-device': 1, cancelled: 1 });
  expect(await progress(orders[1])).toEqual({ targets: 1, commanded: 1 });
  // What the MDM server had queued already comes all the same, and is shown.
  expect((await rowsOf(kim)).map(({ state }) => state).sort()).toEqual(['cancelled', 'waiting-for-device']);
  // And back again.
  await owns(kim, device);
  phone.knobs.offline = false;
  await virtual.until(phone.wake());
  await virtual.advance(10 * MINUTE);
  expect(await progress(orders[0])).toEqual({ targets: 1, installed: 1 });
});

it('an app is for those devices of a person that it fits', async () => {
  await location({}, [asset(MAC, 10, { supportedPlatforms: ['macOS'] })]);
  const [kim = ''] = await invited(1);
  const [phone = ''] = serials(1);
  await enrolled(phone);
  accept(kim);
  await owns(kim, phone);
  await assign([kim], [MAC]);
  const orderId = await rollOut([kim], [MAC]);
  await virtual.advance(MINUTE);
  expect(await progress(orderId)).toEqual({ targets: 1, 'waiting-for-device': 1 });
});

it('an app that is there by one licence of a person is there for another rollout of it, by a licence of another quality', async () => {
  await location({}, [asset(APP, 10, { pricingParam: 'PLUS' })]);
  const [kim = ''] = await invited(1);
  const [phone = ''] = serials(1);
  await enrolled(phone);
  accept(kim);
  await owns(kim, phone);
  await assign([kim]);
  await rollOut([kim]);
  const plus = { adamId: APP, pricingParam: 'PLUS' } as const;
  const order = { uId: UID, assets: [plus], userIds: [kim], ifShort: 'wait', platform: null } as const;
  const orders: string[] = [];
  for (const kind of ['AssignLicense', 'RolloutApp'] as const) {
    const { orderId } = await virtual.until(placeOrder(virtual.edge, { ...order, kind }, OWNER));
    await virtual.finished(orderId);
    orders.push(orderId);
  }
  await virtual.advance(5 * MINUTE);
  expect(await progress(orders[1] ?? '')).toEqual({ targets: 1, installed: 1 });
  const found = await virtual.until(getWhy(virtual.edge, { uId: UID, asset: plus, holder: `u:${kim}` }));
  expect(found).toMatchObject({ reason: 'installed' });
  expect(installsOn(phone)).toBe(1);
});

it('a25: deactivating a person in the middle of a rollout cancels what is not installed yet', async () => {
  await location();
  const [kim = '', robin = ''] = await invited(2);
  const [done = '', offline = '', others = ''] = serials(3);
  await enrolled(done, offline, others);
  for (const userId of [kim, robin]) accept(userId);
  for (const [userId, device] of [
    [kim, done],
    [kim, offline],
    [robin, others],
  ] as const)
    await owns(userId, device);
  const away = virtual.simulator.fleet.find(offline);
  if (!away) throw new Error('no device');
  away.knobs.offline = true;
  await assign([kim, robin]);
  const orderId = await rollOut([kim, robin]);
  await virtual.advance(2 * MINUTE);
  expect(await progress(orderId)).toEqual({ targets: 3, installed: 2, commanded: 1 });
  await virtual.until(deactivatePersons(virtual.edge, { uId: UID, userIds: [kim] }, OWNER));
  await reaches('retired', [kim]);
  await virtual.advance(MINUTE);
  expect(await progress(orderId)).toMatchObject({ targets: 3, installed: 2, cancelled: 1 });
  const rows = await rowsOf(kim);
  expect(rows.find(({ device }) => device === done)?.endsAt).not.toBeNull();
  expect((await rowsOf(robin)).map(({ state, endsAt }) => [state, endsAt])).toEqual([['installed', null]]);
  // A device that comes now gets nothing.
  const [late = ''] = serials(1, 9);
  await enrolled(late);
  await owns(kim, late);
  await virtual.advance(MINUTE);
  expect(installsOn(late)).toBe(0);
});

it('a mandatory app starts with the licence of a person; a book is never installed (a11)', async () => {
  await location();
  const [kim = ''] = await invited(1);
  const [phone = ''] = serials(1);
  await enrolled(phone);
  await owns(kim, phone);
  for (const adamId of [APP, BOOK])
    await virtual.until(
      setAppSettings(virtual.edge, { uId: UID, asset: stdq(adamId), settings: { mandatory: true } }, OWNER),
    );
  await assign([kim], [APP, BOOK]);
  await virtual.advance(MINUTE);
  expect(installsOn(phone)).toBe(0);
  accept(kim);
  await virtual.advance(5 * MINUTE);
  expect((await rowsOf(kim)).map(({ adamId, state, device }) => [adamId, state, device])).toEqual([
    [APP, 'installed', phone],
  ]);
  expect(await progress(await rollOut([kim], [BOOK]))).toEqual({ targets: 1, 'no-licence': 1 });
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
});

describe('licences of a person go back with their apps', () => {
  const removals = (serialNumber: string): number =>
    (virtual.simulator.fleet.find(serialNumber)?.seen ?? []).filter(
      ({ requestType }) => requestType === 'RemoveApplication',
    ).length;

  const there = (serialNumber: string): string[] =>
    [...(virtual.simulator.fleet.find(serialNumber)?.apps.values() ?? [])].map(({ adamId }) => adamId).sort();

  const giveBack = async (kind: 'return' | 'all', userId: string): Promise<void> => {
    const { orderId } = await virtual.until(
      kind === 'all'
        ? returnAll(virtual.edge, { uId: UID, holder: `u:${userId}`, removeApp: true }, OWNER)
        : returnLicense(
            virtual.edge,
            { uId: UID, assets: [stdq(APP)], userIds: [userId], removeApp: true },
            OWNER,
          ),
    );
    await virtual.finished(orderId);
  };

  /** Apps on the devices of a person who has accepted. */
  async function having(devices: readonly string[], apps = [APP]): Promise<string> {
    await location();
    const [kim = ''] = await invited(1);
    accept(kim);
    await enrolled(...devices);
    for (const device of devices) await owns(kim, device);
    await assign([kim], apps);
    await rollOut([kim], apps);
    await virtual.advance(2 * MINUTE);
    expect(devices.map(there)).toEqual(devices.map(() => apps));
    return kim;
  }

  it.each(['return', 'all'] as const)(
    'they are removed from the own devices when the licence is back: %s',
    async (kind) => {
      const [first = '', second = '', others = ''] = serials(3);
      const kim = await having([first, second], [APP, OTHER]);
      const [robin = ''] = await invited(1);
      accept(robin);
      await enrolled(others);
      await owns(robin, others);
      await assign([robin]);
      await rollOut([robin]);
      await virtual.advance(2 * MINUTE);
      await giveBack(kind, kim);
      await virtual.advance(5 * MINUTE);
      const left = kind === 'all' ? [] : [OTHER];
      expect([first, second, others].map(there)).toEqual([left, left, [APP]]);
      expect([first, second, others].map(removals)).toEqual(kind === 'all' ? [2, 2, 0] : [1, 1, 0]);
      const rows = (await rowsOf(kim)).filter(({ adamId }) => adamId === APP);
      expect(rows.map(({ state, userId }) => [state, userId])).toEqual([
        ['removed', kim],
        ['removed', kim],
      ]);
      // Licensed and rolled out once more, it comes back.
      await assign([kim]);
      await rollOut([kim]);
      await virtual.advance(5 * MINUTE);
      expect([first, second].map(there)).toEqual([first, second].map(() => [APP, ...left]));
    },
  );

  it('a35: with a person who leaves go the apps that are there by licences of this person', async () => {
    const [phone = ''] = serials(1);
    const kim = await having([phone], [APP, OTHER]);
    await virtual.until(leavePerson(virtual.edge, { userId: kim, removeApp: true }, OWNER));
    await reaches('retired', [kim]);
    await virtual.advance(5 * MINUTE);
    expect(there(phone)).toEqual([]);
    expect((await rowsOf(kim)).map(({ state }) => state)).toEqual(['removed', 'removed']);
  });

  it('one that a device does not remove is removed by another return', async () => {
    const [phone = ''] = serials(1);
    const kim = await having([phone]);
    const device = virtual.simulator.fleet.find(phone);
    if (!device) throw new Error('no device');
    Object.assign(device.knobs, { refuseRemovals: 1, errorCode: 12_021 });
    await giveBack('return', kim);
    await virtual.advance(5 * MINUTE);
    expect(await why(`u:${kim}`)).toMatchObject({ reason: 'not-removed' });
    await giveBack('return', kim);
    await virtual.advance(5 * MINUTE);
    expect([there(phone), removals(phone)]).toEqual([[], 2]);
  });

  it('a device that has a licence of its own keeps the app, and so does one that its person has another of', async () => {
    const lyon = '7700000000000002';
    const [own = '', elsewhere = '', plain = ''] = serials(3);
    const kim = await having([own, elsewhere, plain]);
    const { token } = virtual.simulator.admin.createLocation({ uId: lyon, name: 'Lyon', country: 'FR' });
    virtual.simulator.admin.addAssets(lyon, [asset(APP, 10)]);
    await virtual.import(token, 'device');
    await virtual.advance(MINUTE);
    await virtual.finished((await virtual.place({ assets: [stdq(APP)], serialNumbers: [own] })).orderId);
    const order = { uId: lyon, assets: [stdq(APP)], ifShort: 'wait', platform: null } as const;
    const second = { ...order, kind: 'AssignLicense', serialNumbers: [elsewhere] } as const;
    await virtual.finished((await virtual.until(placeOrder(virtual.edge, second, OWNER))).orderId);
    await giveBack('return', kim);
    await virtual.advance(5 * MINUTE);
    expect([own, elsewhere, plain].map(there)).toEqual([[APP], [APP], []]);
    expect([own, elsewhere, plain].map(removals)).toEqual([0, 0, 1]);
    const kept = (await rowsOf(kim)).filter(({ device }) => device !== plain);
    expect(kept.map(({ state, endsAt }) => [state, endsAt])).toEqual([
      ['installed', null],
      ['installed', null],
    ]);
    // With the last of its licences it goes.
    const back = { uId: UID, assets: [stdq(APP)], serialNumbers: [own], removeApp: true } as const;
    await virtual.finished((await virtual.until(returnLicense(virtual.edge, back, OWNER))).orderId);
    await virtual.advance(5 * MINUTE);
    expect([there(own), removals(own)]).toEqual([[], 1]);
  });
});

describe('a device has two licences for one app', () => {
  it.each(['own', 'person'] as const)(
    'when the one goes back that it is being installed by, it is installed by the other: %s',
    async (first) => {
      await location();
      const [kim = ''] = await invited(1);
      const [phone = ''] = serials(1);
      accept(kim);
      await enrolled(phone);
      await owns(kim, phone);
      const device = virtual.simulator.fleet.find(phone);
      if (!device) throw new Error('no device');
      device.knobs.offline = true;
      const named = (by: string) => (by === 'own' ? { serialNumbers: [phone] } : { userIds: [kim] });
      const order = { uId: UID, assets: [stdq(APP)], ifShort: 'wait', platform: null } as const;
      const rollouts: string[] = [];
      for (const by of first === 'own' ? ['own', 'person'] : ['person', 'own'])
        for (const kind of ['AssignLicense', 'RolloutApp'] as const) {
          const placed = placeOrder(virtual.edge, { ...order, ...named(by), kind }, OWNER);
          const { orderId } = await virtual.until(placed);
          await virtual.finished(orderId);
          await virtual.advance(MINUTE);
          if (kind === 'RolloutApp') rollouts.push(orderId);
        }
      const back = { uId: UID, assets: [stdq(APP)], ...named(first) };
      const { orderId } = await virtual.until(returnLicense(virtual.edge, back, OWNER));
      await virtual.finished(orderId);
      device.knobs.offline = false;
      await virtual.until(device.wake());
      await virtual.advance(5 * MINUTE);
      expect(await progress(rollouts[1] ?? '')).toEqual({ targets: 1, installed: 1 });
      expect(await why(first === 'own' ? `u:${kim}` : `d:${phone}`)).toMatchObject({ reason: 'installed' });
      const { rows } = await virtual.stores.reads.query(queryModels.installations, {
        index: 'by-device',
        equals: [phone],
        limit: 10,
      });
      expect(rows.map(({ userId, state, endsAt }) => [userId, state, endsAt])).toEqual([
        [first === 'own' ? kim : null, 'installed', null],
      ]);
      expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
    },
  );
});
