import { seededRandom } from '@seatbook/simulator';
import { rectanglesOf } from '@seatbook/licensing';
import { check, figure } from './figure.js';
import { adamIdOf, serialOf } from './product.js';

/** What Apple takes in one call. */
const LIMITS = { maxAssets: 25, maxSerialNumbers: 1_000, maxClientUserIds: 1_000 };
const PROFILES = 20;
const APPS = 200;
const DEVICES = 8_000;
/** Share of the pairs that a device has beside its profile. */
const EXTRAS = 0.03;

/** Devices by the apps that they shall have. @typedef {ReadonlyMap<string, ReadonlySet<string>>} Fleet */

await figure({
  name: 'p6',
  title: 'calls that are planned for about 100,000 pairs ÷ fewest that can carry them',
  async measure(say) {
    /** @param {string} what @param {Fleet} fleet @param {number} goal @param {number} floor */
    const calls = (what, fleet, goal, floor = goal) => {
      const { planned, lowerBound, byAsset } = plannedFor(fleet);
      say(`${what}: ${planned} calls; lower bound ${lowerBound}, asset by asset ${byAsset}`);
      return { what, values: [planned / lowerBound], floor, goal, atMost: true };
    };
    const noisy = profiles(EXTRAS);
    const { planned, byAsset } = plannedFor(noisy);
    return [
      calls('1 app × 100,000 devices', regular(1, 100_000), 1),
      calls('10 apps × 10,000 devices', regular(10, 10_000), 1),
      calls('25 apps × 4,000 devices', regular(25, 4_000), 1),
      calls('100 apps × 1,000 devices', regular(100, 1_000), 1),
      calls(`${PROFILES} profiles of ${APPS} apps on ${DEVICES} devices`, profiles(0), 2.4, 3),
      {
        what: `calls ÷ asset by asset with ${100 * EXTRAS} % of pairs beside the profiles (${planned} calls)`,
        values: [planned / byAsset],
        floor: 1,
        goal: 1,
        atMost: true,
      },
    ];
  },
});

/** @param {Fleet} fleet */
function plannedFor(fleet) {
  const columns = [...fleet].map(([asset, devices]) => ({
    asset,
    keys: [...devices].map((serial) => /** @type {const} */ (`d:${serial}`)),
  }));
  const calls = rectanglesOf(columns, LIMITS);
  const pairs = columns.reduce((sum, { keys }) => sum + keys.length, 0);
  const carried = calls.reduce(
    (sum, { assets, holders }) => sum + assets.length * holders.serialNumbers.length,
    0,
  );
  check(carried === pairs, `${carried} of ${pairs} pairs are carried`);
  /** @type {Map<string, number>} */
  const appsOf = new Map();
  for (const { keys } of columns) for (const key of keys) appsOf.set(key, (appsOf.get(key) ?? 0) + 1);
  const byAsset = columns.map(({ keys }) => Math.ceil(keys.length / LIMITS.maxSerialNumbers));
  const byDevice = [...appsOf.values()].map((apps) => Math.ceil(apps / LIMITS.maxAssets));
  const sum = (/** @type {readonly number[]} */ numbers) =>
    numbers.reduce((total, number) => total + number, 0);
  // No call carries more pairs, more devices of an app, or more apps of a device.
  const lowerBound = Math.max(
    Math.ceil(pairs / (LIMITS.maxAssets * LIMITS.maxSerialNumbers)),
    Math.max(...byAsset),
    byDevice.reduce((most, calls) => Math.max(most, calls), 0),
    Math.ceil(sum(byAsset) / LIMITS.maxAssets),
    Math.ceil(sum(byDevice) / LIMITS.maxSerialNumbers),
  );
  return { planned: calls.length, lowerBound, byAsset: sum(byAsset) };
}

/** @param {number} apps @param {number} devices @returns {Fleet} */
function regular(apps, devices) {
  const serials = new Set(Array.from({ length: devices }, (_device, number) => serialOf(number)));
  return new Map(Array.from({ length: apps }, (_app, number) => [adamIdOf(number), serials]));
}

/**
 * Devices of which each has the apps of one profile, a few to many of the same catalogue, and perhaps others beside.
 * @param {number} extras
 * @returns {Fleet}
 */
function profiles(extras) {
  const random = seededRandom(1);
  /** @type {Map<string, Set<string>>} */
  const fleet = new Map(Array.from({ length: APPS }, (_app, number) => [adamIdOf(number), new Set()]));
  const apps = [...fleet.keys()];
  const lists = Array.from({ length: PROFILES }, () => {
    const list = new Set();
    const length = 5 + Math.floor(random() * 20);
    while (list.size < length) list.add(apps[Math.floor(random() * APPS)]);
    return [...list];
  });
  for (let device = 0; device < DEVICES; device += 1) {
    const list = lists[Math.floor(random() * PROFILES)] ?? [];
    const serial = serialOf(device);
    for (const app of list) fleet.get(app)?.add(serial);
    for (let extra = 0; extra < list.length; extra += 1)
      if (random() < extras) fleet.get(apps[Math.floor(random() * APPS)] ?? '')?.add(serial);
  }
  return fleet;
}
