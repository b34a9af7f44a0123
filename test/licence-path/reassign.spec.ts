import { getTimeline, getWhy, planReassign, reassignLicense, rolloutApp } from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const DAY = 24 * 3_600_000;
const [GIVER = '', RECEIVER = '', OTHER = ''] = serials(3);

let virtual: VirtualSeatbook;
afterEach(() => virtual.close());

/** One licence, which the giver has; somebody else waits for it. The devices are offline where that is said. */
async function oneLicence(offline: boolean): Promise<void> {
  const rare = { totalsEveryMs: 20 * DAY, walkAllEveryMs: 20 * DAY, metadataEveryMs: 20 * DAY };
  virtual = await VirtualSeatbook.imported([asset(APP, 1)], {
    mdm: {},
    timings: { ...rare, addressEveryMs: 20 * DAY },
  });
  for (const serialNumber of [GIVER, RECEIVER]) {
    const [device] = virtual.simulator.fleet.add([{ serialNumber }]);
    await virtual.until(device?.enrol() ?? Promise.resolve());
    if (device) device.knobs.offline = offline;
  }
  const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: [GIVER] });
  await virtual.finished(orderId);
  await virtual.place({ assets: [stdq(APP)], serialNumbers: [OTHER] });
}

const reassign = async (): Promise<string> => {
  const asked = { uId: UID, assets: [stdq(APP)], from: `d:${GIVER}`, to: `d:${RECEIVER}` } as const;
  return (await virtual.until(reassignLicense(virtual.edge, asked, OWNER))).orderId;
};

const rollOut = (serialNumber: string): Promise<unknown> => {
  const asked = { uId: UID, assets: [stdq(APP)], serialNumbers: [serialNumber] };
  return virtual.until(rolloutApp(virtual.edge, asked, OWNER));
};

const deviceOf = (serialNumber: string) => {
  const device = virtual.simulator.fleet.find(serialNumber);
  if (!device) throw new Error(`no device ${serialNumber}`);
  return device;
};

it('a4: the last licence goes to the receiver while the giver still waits for the app: never to both, and its timeline tells', async () => {
  await oneLicence(true);
  await rollOut(GIVER);
  await virtual.advance(20_000);
  expect(await virtual.installations(GIVER)).toMatchObject([{ state: 'commanded' }]);
  const held: string[][] = [];
  const orderId = await reassign();
  await virtual.advanceUntil('the order is finished', async () => {
    held.push(virtual.atApple(APP));
    return (await virtual.order(orderId))?.state === 'finished';
  });
  expect(await virtual.order(orderId)).toMatchObject({
    kind: 'ReassignLicense',
    final: { assigned: 1, returned: 1, refused: 0 },
  });
  expect(held.filter((holders) => holders.length > 1)).toEqual([]);
  expect(virtual.atApple(APP)).toEqual([RECEIVER]);
  expect(await virtual.pairs(APP)).toEqual({ assigned: [RECEIVER], waiting: [OTHER] });
  expect(await virtual.installations(GIVER)).toMatchObject([{ state: 'cancelled', nextAt: null }]);
  // The command reaches the giver, but Apple has no licence of it there any more.
  deviceOf(GIVER).knobs.offline = false;
  await virtual.until(deviceOf(GIVER).wake());
  await virtual.settle();
  expect(deviceOf(GIVER).apps.size).toBe(0);
  const part = { limit: 100 };
  const subject = { kind: 'holder', id: `d:${RECEIVER}` } as const;
  const { rows } = await virtual.until(getTimeline(virtual.edge, { subject, newestFirst: false, part }));
  const told = rows.map(({ story }) => story).join('\n');
  expect(told).toContain('it gets that of another holder, as soon as it has come back');
  deviceOf(RECEIVER).knobs.offline = false;
  await rollOut(RECEIVER);
  await virtual.advance(120_000);
  expect(await virtual.installations(RECEIVER)).toMatchObject([{ state: 'installed' }]);
});

it('what the giver has installed stays for 30 days, and shows until when', async () => {
  await oneLicence(false);
  await rollOut(GIVER);
  await virtual.advance(60_000);
  await virtual.finished(await reassign());
  await virtual.settle();
  const [row] = await virtual.installations(GIVER);
  expect(row).toMatchObject({ state: 'installed' });
  const left = (row?.endsAt ?? 0) - virtual.clock.now();
  expect(left / DAY).toBeGreaterThan(29.9);
  expect(left / DAY).toBeLessThanOrEqual(30);
  const why = { uId: UID, asset: stdq(APP), holder: `d:${GIVER}` };
  expect((await virtual.until(getWhy(virtual.edge, why))).text).toContain('30 days');
});

it('a plan says what it would do, and the order holds it to that', async () => {
  await oneLicence(false);
  const asked = { uId: UID, assets: [stdq(APP)], from: `d:${GIVER}`, to: `d:${RECEIVER}` } as const;
  const planned = async (more: object = {}) => {
    const { assets, calls } = await virtual.until(planReassign(virtual.edge, { ...asked, ...more }));
    return { ...assets[0], calls };
  };
  expect(await planned()).toMatchObject({
    sent: 1,
    waiting: 1,
    waitingReason: 'promised',
    leftOut: { waiting: [`d:${RECEIVER}`], refused: [] },
    calls: 1,
  });
  expect(await planned({ to: `d:${OTHER}` })).toMatchObject({
    sent: 0,
    alreadyHeld: 1,
    refused: 1,
    refusal: 'RECEIVER_HAS_ONE',
  });
  expect(await planned({ from: 'd:S000000009' })).toMatchObject({
    notHeld: 1,
    refused: 1,
    refusal: 'NOTHING_TO_GIVE',
  });
  await expect(planned({ to: `d:${GIVER}` })).rejects.toMatchObject({ code: 'INVALID_HOLDER' });
  const place = (waiting: number) =>
    virtual.until(
      reassignLicense(virtual.edge, { ...asked, expect: [{ ...stdq(APP), sent: 1, waiting }] }, OWNER),
    );
  await expect(place(0)).rejects.toMatchObject({ code: 'REJECTED_PLAN_CHANGED' });
  expect((await virtual.order((await place(1)).orderId))?.kind).toBe('ReassignLicense');
});

it('where Apple keeps refusing the return, the giver keeps the licence', async () => {
  await oneLicence(false);
  virtual.simulator.admin.failPairs([{ adamId: APP, serialNumber: GIVER, errorNumber: 9_615 }]);
  const orderId = await reassign();
  expect(await virtual.finished(orderId)).toMatchObject({ final: { failed: 1, refused: 1 } });
  expect(virtual.atApple(APP)).toEqual([GIVER]);
  expect(await virtual.pairs(APP)).toEqual({ assigned: [GIVER], waiting: [OTHER] });
});

it('a holder who has none gives none, and who has one gets no other', async () => {
  await oneLicence(false);
  const order = { uId: UID, assets: [stdq(APP)] };
  const asked = async (from: string, to: string) => {
    const named = { ...order, from: `d:${from}`, to: `d:${to}` } as const;
    const { orderId } = await virtual.until(reassignLicense(virtual.edge, named, OWNER));
    return (await virtual.finished(orderId)).final;
  };
  expect(await asked(RECEIVER, 'S000000009')).toMatchObject({ notHeld: 1, refused: 1 });
  expect(await asked(GIVER, OTHER)).toMatchObject({ refused: 1, alreadyHeld: 1 });
  await expect(asked(GIVER, GIVER)).rejects.toMatchObject({ code: 'INVALID_HOLDER' });
  expect(virtual.atApple(APP)).toEqual([GIVER]);
});
