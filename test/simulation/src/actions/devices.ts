import {
  describeDevice,
  leaveDevice,
  placeOrder,
  reassignLicense,
  registerDevice,
  returnLicense,
} from '@seatbook/application';
import { NO_MDM_FAULTS, type VirtualDevice } from '@seatbook/simulator';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import { Dice } from '../dice.js';
import type { World } from '../world.js';
import type { Action } from './action.js';

const fleetOf = (world: World) => world.virtual.simulator.fleet;

/** A device that has enrolled before; null where none has. */
function anyEnrolled(world: World): VirtualDevice | null {
  const all = fleetOf(world).all();
  return all.length === 0 ? null : world.dice.of(all);
}

/** Something about one device that has enrolled before. */
function ofOne(name: string, weight: number, act: (device: VirtualDevice, world: World) => unknown): Action {
  return {
    name,
    weight,
    async run(world) {
      const device = anyEnrolled(world);
      if (!device) return;
      world.tell(`${name}: ${device.facts.serialNumber}`);
      await act(device, world);
    },
  };
}

const rollouts: readonly Action[] = [
  {
    name: 'devices enrol',
    weight: 20,
    async run(world) {
      const { dice, devices } = world;
      const fleet = fleetOf(world);
      const serialNumbers = dice.several(devices).filter((serialNumber) => !fleet.find(serialNumber));
      world.tell(`${serialNumbers.length} devices enrol`);
      const supervised = dice.chance(0.7);
      const installMs = dice.of([0, 4_000, 90_000]);
      const fresh = serialNumbers.map((serialNumber) => ({
        serialNumber,
        supervised,
        name: `Canary of ${serialNumber}`,
        knobs: { installMs, prompt: dice.of(['accept', 'accept', 'reject', 'ignore'] as const) },
      }));
      for (const device of fleet.add(fresh)) await device.enrol();
      world.covered.add('devices: enrolled', fresh.length);
    },
  },
  {
    name: 'apps are rolled out',
    weight: 14,
    run(world) {
      const { dice, devices, virtual } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const enrolled = fleetOf(world)
        .all()
        .flatMap((device) => (device.enrolled ? (device.facts.serialNumber ?? []) : []));
      const serialNumbers = dice.several(enrolled.length > 0 && dice.chance(0.5) ? enrolled : devices);
      const assets = dice.several(adamIds).map(stdq);
      const terms = { uId, assets, serialNumbers, ifShort: 'wait', platform: null } as const;
      const assigns = dice.chance(0.7);
      world.tell(
        `${assets.length} apps are ${assigns ? 'assigned and ' : ''}rolled out to ${serialNumbers.length} devices`,
      );
      if (assigns)
        world.send('assign', (caller) =>
          placeOrder(virtual.edge, { ...terms, kind: 'AssignLicense' }, caller),
        );
      world.send('roll out', (caller) => placeOrder(virtual.edge, { ...terms, kind: 'RolloutApp' }, caller));
    },
  },
  {
    name: 'apps are rolled out by a scope',
    weight: 8,
    run(world) {
      const { dice, virtual } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const earlier = world.sent.flatMap(({ what, orderId }) =>
        orderId !== null && (what === 'roll out' || dice.chance(0.3)) ? orderId : [],
      );
      const failedOf = dice.chance(0.7) && earlier.length > 0 ? dice.of(earlier) : null;
      const scope = failedOf === null ? ({ assigned: true } as const) : { failedOf };
      const assets = failedOf === null ? dice.several(adamIds).map(stdq) : [];
      world.tell(
        `apps are rolled out on ${failedOf === null ? 'all assigned ones' : `those of ${failedOf} that failed`}`,
      );
      const terms = { uId, assets, scope, ifShort: 'wait', platform: null } as const;
      world.send('roll out', (caller) => placeOrder(virtual.edge, { ...terms, kind: 'RolloutApp' }, caller));
    },
  },
  {
    name: 'licences go back with their apps',
    weight: 12,
    run(world) {
      const { dice, devices, virtual } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const having = fleetOf(world)
        .all()
        .filter(({ apps }) => apps.size > 0);
      const there = new Set(having.flatMap(({ apps }) => [...apps.values()].map(({ adamId }) => adamId)));
      const named = having.flatMap(({ facts }) => facts.serialNumber ?? []);
      const known = named.length > 0 && dice.chance(0.8);
      const serialNumbers = known ? dice.several(named) : dice.several(devices);
      const assets = (known ? [...there] : dice.several(adamIds)).map(stdq);
      world.tell(`${assets.length} apps go from ${serialNumbers.length} devices with their licences`);
      const asked = { uId, assets, serialNumbers, removeApp: true };
      world.send('return with the app', (caller) => returnLicense(virtual.edge, asked, caller));
    },
  },
  {
    name: 'a licence is reassigned',
    weight: 8,
    run(world) {
      const { dice, devices, virtual } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const [from, to] = [dice.of(devices), dice.of(devices)];
      const assets = dice.several(adamIds).map(stdq);
      world.tell(`${assets.length} licences go from ${from} to ${to}`);
      const asked = { uId, assets, from: `d:${from}`, to: `d:${to}` } as const;
      world.send('reassign', (caller) => reassignLicense(virtual.edge, asked, caller));
    },
  },
  {
    name: 'the registry is changed',
    weight: 3,
    run(world) {
      const { dice, virtual } = world;
      const serialNumber = dice.of(world.devices);
      world.tell(`${serialNumber} is registered, asked what it is, and perhaps retired`);
      const facts = {
        platform: 'iOS',
        ownership: dice.of(['organisation', 'personal'] as const),
        userId: null,
      } as const;
      const registered = { serialNumber, ...facts, name: `Canary of ${serialNumber}` };
      world.send('register a device', async (caller) => {
        await registerDevice(virtual.edge, registered, caller);
        const next = { ...caller, idempotencyKey: `${caller.idempotencyKey ?? ''} describe` };
        await describeDevice(virtual.edge, { serialNumber }, next);
      });
      const other = dice.of(world.devices);
      if (dice.chance(0.3))
        world.send('a device leaves', (caller) =>
          leaveDevice(virtual.edge, { serialNumber: other, how: dice.of(['wiped', 'retired']) }, caller),
        );
    },
  },
];

export const devices: readonly Action[] = [
  ...rollouts,
  ofOne('a device is offline', 4, ({ knobs }) => void (knobs.offline = true)),
  ofOne('a device comes back', 3, (device) => {
    device.knobs.offline = false;
    return device.wake();
  }),
  ofOne('a device puts off', 3, ({ knobs }, { dice }) => void (knobs.notNow = dice.between(1, 3))),
  ofOne('a device refuses', 3, ({ knobs }, { dice }) => {
    Object.assign(knobs, {
      refuseInstalls: dice.of([0, 1, 1]),
      refuseRemovals: dice.of([0, 0, 1]),
      errorCode: dice.of([506, 9_610, 12_023, 12_025, 12_031, 12_064]),
    });
  }),
  ofOne('a device cannot install', 3, ({ knobs }) => void (knobs.failInstalls = 1)),
  ofOne('a device answers twice', 2, ({ knobs }) => void (knobs.answersTwice = true)),
  ofOne('a device enrols again', 4, (device, { dice }) => {
    if (dice.chance(0.5)) device.wipe();
    return device.enrol();
  }),
  ofOne('a device checks out', 3, (device) => device.checkOut()),
  ofOne('the user removes an app', 2, (device, { dice }) => {
    const apps = [...device.apps.keys()];
    if (apps.length > 0) device.userRemoves(dice.of(apps));
  }),
  {
    name: 'the MDM server errs',
    weight: 6,
    run(world) {
      const { dice } = world;
      const { faults } = fleetOf(world).mdm;
      world.tell('the MDM server loses, doubles and mixes up messages');
      Object.assign(faults, {
        lose: dice.of([0, 0.2, 0.6]),
        double: dice.of([0, 0.5]),
        shuffleMs: dice.of([0, 2_000, 60_000]),
        failRequests: dice.of([0, 1, 3]),
        loseAnswers: dice.of([0, 1, 2]),
        withoutPushCertificate: dice.chance(0.2),
      });
    },
  },
];

/** Some devices never speak again, and some put off whatever is asked of them. */
const SILENT = 0.1;

/** The server and most devices behave again; those that left stay away. */
export async function calmDevices(world: World): Promise<void> {
  const fleet = fleetOf(world);
  const dice = new Dice(seededRandom(world.seed * 9_176_389 + 7));
  Object.assign(fleet.mdm.faults, NO_MDM_FAULTS);
  for (const device of fleet.all()) {
    Object.assign(device.knobs, {
      offline: dice.chance(SILENT),
      notNow: dice.chance(SILENT) ? Infinity : 0,
      refuseInstalls: 0,
      refuseRemovals: 0,
      failInstalls: 0,
      refuseProfiles: 0,
    });
    await device.wake();
  }
}

/** Whether a device answers what it is asked: of one that does not, nobody can know what is on it. */
export const speaks = ({ knobs: { offline, notNow } }: VirtualDevice): boolean => !offline && notNow === 0;
