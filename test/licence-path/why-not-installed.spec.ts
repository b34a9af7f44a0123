import {
  getRollout,
  getWhy,
  listDeviceApps,
  listFailures,
  listInstallations,
  listRolloutTargets,
  placeOrder,
  type WhyFound,
} from '@seatbook/application';
import type { NewDevice } from '@seatbook/simulator';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const OTHER = '900000002';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let virtual: VirtualSeatbook;
afterEach(() => virtual.close());

async function withDevices(devices: readonly NewDevice[], total = 100): Promise<void> {
  const rare = { walkAllEveryMs: 20 * DAY, metadataEveryMs: 20 * DAY, addressEveryMs: 20 * DAY };
  virtual = await VirtualSeatbook.imported([asset(APP, total), asset(OTHER, 100)], {
    mdm: {},
    timings: { ...rare, installWithinMs: 30 * MINUTE },
  });
  await virtual.enrol(devices);
}

async function order(
  kind: 'AssignLicense' | 'RolloutApp' | 'ReturnLicense',
  serialNumbers: readonly string[],
  apps = [APP],
): Promise<string> {
  const terms = { uId: UID, assets: apps.map(stdq), serialNumbers, ifShort: 'wait', platform: null } as const;
  const { orderId } = await virtual.until(placeOrder(virtual.edge, { ...terms, kind }, OWNER));
  await virtual.settle();
  return orderId;
}

const why = (serialNumber: string): Promise<WhyFound> =>
  virtual.until(getWhy(virtual.edge, { uId: UID, asset: stdq(APP), holder: `d:${serialNumber}` }));

const typesOf = ({ chain }: WhyFound): string[] => chain.map(({ event }) => event.type);

const [S0 = '', S1 = '', S2 = ''] = serials(3);

it('tells how it came from the order to the device, each event after its cause', async () => {
  await withDevices([{ serialNumber: S0, supervised: false, knobs: { prompt: 'ignore' } }]);
  const assigning = await order('AssignLicense', [S0]);
  await virtual.finished(assigning);
  const rollout = await order('RolloutApp', [S0]);
  await virtual.advance(40_000);
  const found = await why(S0);
  expect(found).toMatchObject({ reason: 'prompting', remedy: null });
  expect(found.next?.at).toBeGreaterThan(virtual.clock.now());
  expect(found.deadline).toBeLessThanOrEqual(virtual.clock.now() + 30 * MINUTE);
  expect(typesOf(found)).toEqual([
    'order.placed',
    'order.reservation-asked',
    'asset.licenses-reserved',
    'call.planned',
    expect.stringMatching(/claim/),
    expect.stringMatching(/claim/),
    'call.ready',
    'call.started',
    'call.accepted',
    'appleEvent.bound',
    'appleEvent.completed',
    'call.settled',
    'asset.licenses-assigned',
    'order.placed',
    'order.reservation-asked',
    'asset.installations-answered',
    'mdmCommand.planned',
    'installation.commanded',
    'installation.acknowledged',
    'installation.list-asked',
    'installation.listed',
    'installation.list-asked',
    'installation.listed',
  ]);
  expect(
    new Set(found.chain.flatMap(({ event }) => (event.type === 'order.placed' ? event.stream : []))),
  ).toEqual(new Set([`order-${assigning}`, `order-${rollout}`]));
  expect(found.chain.map(({ story }) => story).join('\n')).toContain('The device asks its user');
});

it('a licence that is waited for: its place, and when the numbers are read', async () => {
  await withDevices([{ serialNumber: S0 }, { serialNumber: S1 }], 1);
  const orderId = await order('AssignLicense', [S0, S1]);
  await order('RolloutApp', [S0, S1]);
  await virtual.advance(2 * MINUTE);
  const found = await why(S1);
  expect(found).toMatchObject({
    reason: 'licence-waiting',
    text: 'It waits for a licence (short). It is number 1 of those who wait.',
    next: { what: 'the numbers of licences are read at Apple' },
  });
  expect(found.next?.at).toBeGreaterThan(virtual.clock.now());
  virtual.simulator.admin.purchase(UID, { adamId: APP, count: 1 });
  await virtual.finished(orderId);
  await virtual.advance(2 * MINUTE);
  expect(await why(S1)).toMatchObject({ reason: 'installed', next: null, remedy: null });
});

it('names the end of a licence that went back, and the request behind it', async () => {
  await withDevices([{ serialNumber: S0 }]);
  await virtual.finished(await order('AssignLicense', [S0]));
  expect(await why(S0)).toMatchObject({ reason: 'not-rolled-out' });
  const returning = await order('ReturnLicense', [S0]);
  await virtual.finished(returning);
  const found = await why(S0);
  expect(found).toMatchObject({ reason: 'no-licence', pair: null });
  expect(found.chain.at(-1)).toMatchObject({ event: { type: 'asset.licenses-returned' } });
  expect(found.chain.map(({ event }) => event.stream)).toContain(`order-${returning}`);
});

it('work on hold, and a device that has left, are the reason', async () => {
  await withDevices([{ serialNumber: S0 }]);
  await virtual.finished(await order('AssignLicense', [S0]));
  await order('RolloutApp', [S0]);
  await virtual.until(virtual.simulator.fleet.find(S0)?.checkOut() ?? Promise.resolve());
  await virtual.advance(MINUTE);
  expect(await why(S0)).toMatchObject({
    reason: 'not-enrolled',
    text: 'The device has left the MDM server.',
  });
  virtual.simulator.admin.setTokenState(UID, 'revoked');
  await order('AssignLicense', [S1]);
  await virtual.advance(MINUTE);
  expect(await why(S1)).toMatchObject({ reason: 'on-hold', heldBy: { tokenState: 'revoked' }, next: null });
});

it('knows no app that the account does not have', async () => {
  await withDevices([]);
  const unknown = { uId: UID, asset: stdq('900000099'), holder: `d:${S0}` } as const;
  await expect(virtual.until(getWhy(virtual.edge, unknown))).rejects.toMatchObject({
    code: 'NOT_FOUND_ASSET',
  });
});

it('a30: a rollout keeps its targets, whoever wanted them since, with the reasons of those that failed', async () => {
  const failing = { supervised: false, knobs: { prompt: 'reject' as const } };
  await withDevices([
    { serialNumber: S0 },
    { serialNumber: S1, ...failing },
    { serialNumber: S2, ...failing },
  ]);
  await virtual.finished(await order('AssignLicense', [S0, S1, S2]));
  const first = await order('RolloutApp', [S0, S1, S2, 'S000000009']);
  await virtual.advance(10 * MINUTE);
  const progress = (orderId: string) => virtual.until(getRollout(virtual.edge, { orderId }));
  const counts = { installed: 1, failed: 2, 'no-licence': 1 };
  expect(await progress(first)).toMatchObject({
    targets: 4,
    states: counts,
    failures: { 'user-rejected': 2 },
  });
  const failures = await virtual.until(listFailures(virtual.edge, { part: { limit: 5 } }));
  expect(failures.rows).toEqual([
    expect.objectContaining({
      reason: 'user-rejected',
      adamId: APP,
      name: `App ${APP}`,
      failed: 2,
      retrying: 0,
    }),
  ]);
  const device = virtual.simulator.fleet.find(S1);
  if (device) device.knobs.prompt = 'accept';
  const second = await order('RolloutApp', [S1, S2]);
  await virtual.advance(10 * MINUTE);
  expect((await progress(second)).states).toEqual({ installed: 1, failed: 1 });
  // What the second one has mended is mended for the first as well.
  expect(await progress(first)).toMatchObject({
    targets: 4,
    states: { installed: 2, failed: 1, 'no-licence': 1 },
  });
  const targets = async (wanted: object, limit = 100) => {
    const rows: (readonly [string | null, string, string | undefined])[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const part = { limit, ...(cursor === undefined ? {} : { cursor }) };
      const page = await virtual.until(listRolloutTargets(virtual.edge, { orderId: first, part, ...wanted }));
      for (const { device: serial, state, installation } of page.rows)
        rows.push([serial, state, installation?.orderId]);
      cursor = page.next;
    }
    return rows;
  };
  const all = await targets({});
  expect(all).toEqual([
    [S0, 'installed', first],
    [S1, 'installed', second],
    [S2, 'failed', second],
    ['S000000009', 'no-licence', undefined],
  ]);
  expect(await targets({}, 1)).toEqual(all);
  expect(await targets({ reason: 'user-rejected' }, 1)).toEqual([all[2]]);
  const ofApp = { app: { uId: UID, adamId: APP }, reason: 'user-rejected', part: { limit: 5 } } as const;
  expect((await virtual.until(listInstallations(virtual.edge, ofApp))).rows).toHaveLength(1);
});

it('a device shows each of its apps: licence, installation, and what is pending', async () => {
  await withDevices([{ serialNumber: S0 }]);
  await virtual.finished(await order('AssignLicense', [S0], [APP, OTHER]));
  await order('RolloutApp', [S0], [OTHER]);
  await virtual.advance(MINUTE);
  const shown = await virtual.until(
    listDeviceApps(virtual.edge, { serialNumber: S0.toLowerCase(), part: { limit: 1 } }),
  );
  expect(shown).toMatchObject({
    serialNumber: S0,
    device: { state: 'enrolled', platform: 'iOS' },
    rows: [
      {
        asset: stdq(APP),
        pair: { state: 'assigned' },
        installation: null,
        why: { reason: 'not-rolled-out' },
      },
    ],
  });
  const part = { limit: 9, cursor: shown.next ?? '' };
  const rest = await virtual.until(listDeviceApps(virtual.edge, { serialNumber: S0, part }));
  expect(rest).toMatchObject({
    rows: [{ asset: stdq(OTHER), name: `App ${OTHER}`, why: { reason: 'installed' } }],
    next: null,
  });
  const unknown = await virtual.until(
    listDeviceApps(virtual.edge, { serialNumber: 'S9', part: { limit: 9 } }),
  );
  expect(unknown).toMatchObject({ device: null, rows: [] });
});
