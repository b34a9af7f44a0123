import { jest } from '@jest/globals';
import { getRollout, placeOrder, type RolloutApp } from '@seatbook/application';
import { MAX_PAIRS } from '@seatbook/licensing';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import {
  OWNER,
  UID,
  VirtualSeatbook,
  asset,
  serials,
  stdq,
  type VirtualOptions,
} from '@seatbook/test-support/virtual-seatbook';

/** `ROLLOUT_DEVICES=4000` rolls 25 apps out to 4,000 devices, which takes long: by hand. `ROLLOUT_SEED` names another seed. */
const DEVICES = Number(process.env['ROLLOUT_DEVICES'] ?? 6);
const SEED = Number(process.env['ROLLOUT_SEED'] ?? 7);
const APPS = Array.from({ length: 25 }, (_app, index) => String(900_000_101 + index));
const INSTALLATIONS = APPS.length * DEVICES;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Share of the devices for each of the faults. */
const SHARE = 0.05;

jest.setTimeout(4 * 3_600_000);

let virtual: VirtualSeatbook;
afterEach(() => virtual.close());

const NAMES = serials(DEVICES);

async function licensed(options: VirtualOptions = {}): Promise<void> {
  const rare = { totalsEveryMs: 20 * DAY, walkAllEveryMs: 20 * DAY, metadataEveryMs: 20 * DAY };
  virtual = await VirtualSeatbook.imported(
    APPS.map((app) => asset(app, DEVICES)),
    {
      mdm: {},
      seed: SEED,
      ...options,
      timings: { ...rare, addressEveryMs: 20 * DAY, installWithinMs: 30 * MINUTE, ...options.timings },
    },
  );
  for (const device of virtual.simulator.fleet.add(NAMES.map((serialNumber) => ({ serialNumber }))))
    await virtual.until(device.enrol());
  expect(INSTALLATIONS).toBeLessThanOrEqual(MAX_PAIRS);
  const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: NAMES });
  await virtual.finished(orderId);
  await virtual.settle();
}

async function rollOut(whom: Pick<RolloutApp, 'serialNumbers' | 'scope'>): Promise<string> {
  const assets = whom.scope ? [] : APPS.map(stdq);
  const order = { uId: UID, assets, ...whom, ifShort: 'wait', platform: null } as const;
  const { orderId } = await virtual.until(placeOrder(virtual.edge, { ...order, kind: 'RolloutApp' }, OWNER));
  return orderId;
}

const statesOf = async (orderId: string) =>
  (await virtual.until(getRollout(virtual.edge, { orderId }))).states;

/** So many targets have ended. All of a rollout are counted for that: once a minute. */
async function ended(orderId: string, targets = INSTALLATIONS): Promise<void> {
  for (let passed = 0; passed < DAY; passed += MINUTE) {
    const { installed = 0, failed = 0, removed = 0 } = await statesOf(orderId);
    if (installed + failed + removed === targets) return;
    await virtual.advance(MINUTE);
  }
  throw new Error('not within a day: every target has ended');
}

/** Events of installations since a position in the history, those of commands included. */
async function eventsAfter(count: number): Promise<number> {
  const types = (await virtual.events()).map(({ type }) => type);
  return types
    .slice(count)
    .filter((type) => /^(?:installation|mdmCommand)\.|installations-answered/.test(type)).length;
}

const installsOf = (serialNumber: string): number =>
  virtual.simulator.fleet
    .find(serialNumber)
    ?.seen.filter(({ requestType }) => requestType === 'InstallApplication').length ?? 0;

/** What a run at size has taken, the simulator and its devices included. */
function figures(of: string, values: object): void {
  if (process.env['ROLLOUT_DEVICES'] === undefined) return;
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1_024);
  const taken = { seconds: Math.round(process.uptime()), peakMiB };
  process.stdout.write(`${of}: ${JSON.stringify({ seed: SEED, devices: DEVICES, ...values, ...taken })}\n`);
}

it(`${APPS.length} apps on ${DEVICES} devices, without faults: all are installed, by few events and commands`, async () => {
  await licensed();
  const before = (await virtual.events()).length;
  const orderId = await rollOut({ serialNumbers: NAMES });
  await ended(orderId);
  expect(await statesOf(orderId)).toEqual({ installed: INSTALLATIONS });
  const { mdm } = virtual.simulator.fleet;
  const events = (await eventsAfter(before)) / INSTALLATIONS;
  figures('without faults', { events, ...mdm.counts.byType });
  // A command of few devices has as many events of its own as one of fifty.
  expect(events).toBeLessThanOrEqual(DEVICES < 50 ? 2.75 : 2.5);
  // Fifty devices share a command: what is left over makes one more for each app.
  expect(mdm.counts.byType['InstallApplication']).toBeLessThanOrEqual(
    APPS.length * (Math.ceil(DEVICES / 50) + 4),
  );
  expect(mdm.counts.byType['ManagedApplicationList']).toBeLessThanOrEqual(2 * DEVICES);
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
  for (const serialNumber of NAMES) expect(installsOf(serialNumber)).toBe(APPS.length);
});

/** Devices of each fault, drawn by the seed. */
function struck() {
  const random = seededRandom(SEED);
  const drawn = [...NAMES].map((name) => [random(), name] as const).sort(([one], [other]) => one - other);
  const each = Math.max(1, Math.round(DEVICES * SHARE));
  const take = (): string[] => drawn.splice(0, each).map(([, name]) => name);
  return { rejecting: take(), failing: take(), offline: take(), wiped: take(), losing: take() };
}

it(`the same where ${SHARE * 100} % of the devices each reject, fail, are offline, are wiped or lose a webhook: each ends in a named state, and a rollout on the failed ones touches those alone`, async () => {
  await licensed();
  const { fleet } = virtual.simulator;
  const faults = struck();
  const deviceOf = (name: string) => {
    const device = fleet.find(name);
    if (!device) throw new Error(`no device ${name}`);
    return device;
  };
  for (const name of faults.rejecting)
    Object.assign(deviceOf(name).knobs, { refuseInstalls: 1_000, errorCode: 12063 });
  for (const name of faults.failing) deviceOf(name).knobs.failInstalls = 1_000;
  for (const name of faults.offline) deviceOf(name).knobs.offline = true;
  // It hears of its apps, and is wiped while they are being installed.
  for (const name of faults.wiped) deviceOf(name).knobs.installMs = 5 * MINUTE;
  for (const name of faults.losing) deviceOf(name).knobs.losesWebhooks = APPS.length;
  const before = (await virtual.events()).length;
  const orderId = await rollOut({ serialNumbers: NAMES });
  await virtual.advance(MINUTE);
  for (const name of faults.wiped) deviceOf(name).wipe();
  await ended(orderId);
  const { states, failures } = await virtual.until(getRollout(virtual.edge, { orderId }));
  const struckOnes = [...faults.rejecting, ...faults.failing, ...faults.offline, ...faults.wiped];
  const failing = struckOnes.length * APPS.length;
  expect(states).toEqual({ installed: INSTALLATIONS - failing, failed: failing });
  const each = faults.offline.length * APPS.length;
  expect(failures).toEqual({
    'user-rejected': each,
    'install-failed': each,
    offline: each,
    'no-verdict': each,
  });
  const events = await eventsAfter(before);
  figures('with faults', { events, failures, ...fleet.mdm.counts.byType });
  // 350,000 for 100,000 installations.
  expect(events / INSTALLATIONS).toBeLessThanOrEqual(3.5);
  expect(fleet.unlicensedInstalls()).toBe(0);

  // All is well again, and what has failed is rolled out once more.
  for (const name of faults.wiped) await virtual.until(deviceOf(name).enrol());
  for (const name of struckOnes)
    Object.assign(deviceOf(name).knobs, { refuseInstalls: 0, failInstalls: 0, offline: false });
  const untouched = NAMES.filter((name) => !struckOnes.includes(name));
  const seen = new Map(untouched.map((name) => [name, deviceOf(name).seen.length]));
  const again = await rollOut({ scope: { failedOf: orderId } });
  expect((await virtual.finished(again)).pairs).toBe(failing);
  await ended(again, failing);
  expect(await statesOf(again)).toEqual({ installed: failing });
  for (const [name, count] of seen) expect(deviceOf(name).seen).toHaveLength(count);
});

/** Twenty by hand. */
const KILLS = process.env['ROLLOUT_DEVICES'] === undefined ? 4 : 20;

it(`the process dies ${KILLS} times at its appends: the same end, and nothing is installed twice`, async () => {
  await licensed();
  const orderId = await rollOut({ serialNumbers: NAMES });
  const over = async (): Promise<boolean> => (await statesOf(orderId)).installed === INSTALLATIONS;
  const random = seededRandom(SEED);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const append = virtual.appends + 1 + Math.floor((random() * INSTALLATIONS) / KILLS / 10);
    virtual.dieAt = { append, when: kill % 2 === 0 ? 'before' : 'after' };
    await virtual.advanceUntil(`death ${kill + 1}`, async () => virtual.dead, DAY);
    virtual.dieAt = null;
    await virtual.kill();
    await virtual.start();
  }
  await virtual.advanceUntil('all are installed', over, DAY);
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
  for (const serialNumber of NAMES) expect(installsOf(serialNumber)).toBe(APPS.length);
});
