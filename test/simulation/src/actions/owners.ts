import {
  activatePersons,
  leavePerson,
  placeOrder,
  registerDevice,
  registerPerson,
  returnLicense,
  type Caller,
} from '@seatbook/application';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { World } from '../world.js';
import type { Action } from './action.js';
import { activatedAt, then } from './persons.js';

/** The device is the person's from now on, in the registry and in truth: it is signed in with the person's account. */
async function give(world: World, serialNumber: string, userId: string, caller: Caller): Promise<void> {
  const { fleet } = world.virtual.simulator;
  const device = fleet.find(serialNumber) ?? fleet.add([{ serialNumber }])[0];
  if (device) device.knobs.clientUserId = userId;
  const facts = { platform: 'iOS', ownership: 'personal', userId } as const;
  await registerDevice(world.virtual.edge, { serialNumber, ...facts }, then(caller, serialNumber));
}

/** Persons, the devices that they have, and what is installed there by their licences. */
export const owners: readonly Action[] = [
  {
    name: 'a person comes who has devices',
    weight: 30,
    run(world) {
      const { dice, virtual } = world;
      const { uId } = dice.of(world.sites);
      const serialNumbers = dice.several(world.devices, 3);
      const managedAppleId = dice.chance(0.7) ? `canary.${dice.between(10, 9_999)}@appleid.example` : null;
      const number = dice.between(10, 9_999);
      const details = {
        name: `Canary Owner ${number}`,
        email: `canary.${number}@example.test`,
        managedAppleId,
      };
      world.tell(`a person comes to ${uId} with ${serialNumbers.length} devices`);
      world.send('an owner comes', async (caller) => {
        const { userId } = await registerPerson(virtual.edge, details, caller);
        await activatePersons(virtual.edge, { uId, userIds: [userId] }, then(caller, 'activate'));
        for (const serialNumber of serialNumbers) await give(world, serialNumber, userId, caller);
      });
    },
  },
  {
    name: 'apps are rolled out to persons',
    weight: 40,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const activated = await activatedAt(world, site, ['invited', 'associated']);
      if (activated.length === 0) return;
      const userIds = dice.several(activated);
      const assets = dice.several(site.adamIds).map(stdq);
      const terms = { uId: site.uId, assets, userIds, ifShort: 'wait', platform: null } as const;
      world.tell(`${assets.length} apps are rolled out to ${userIds.length} persons of ${site.uId}`);
      // Persons, and a group: whom it means, nobody knows.
      const both = { ...terms, groupId: 'group', kind: 'RolloutApp' } as const;
      world.send('a rollout that makes no sense', (caller) => placeOrder(virtual.edge, both, caller));
      if (dice.chance(0.8))
        world.send('order for persons', (caller) =>
          placeOrder(virtual.edge, { ...terms, kind: 'AssignLicense' }, caller),
        );
      world.send('roll out', (caller) => placeOrder(virtual.edge, { ...terms, kind: 'RolloutApp' }, caller));
    },
  },
  {
    name: 'devices of persons enrol',
    weight: 10,
    async run(world) {
      const all = world.virtual.simulator.fleet.all().filter(({ enrolled }) => !enrolled);
      world.tell(`${all.length} devices enrol that somebody has`);
      for (const device of all) await device.enrol();
    },
  },
  {
    name: 'a device is given to somebody else',
    weight: 5,
    async run(world) {
      const { dice } = world;
      const activated = await activatedAt(world, dice.of(world.sites));
      if (activated.length === 0) return;
      const [serialNumber, userId] = [dice.of(world.devices), dice.of(activated)];
      world.tell(`${serialNumber} is given to ${userId}`);
      world.send('give a device', (caller) => give(world, serialNumber, userId, caller));
    },
  },
  {
    name: 'licences of persons go back with their apps',
    weight: 20,
    async run(world) {
      const { dice, virtual } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const owned = virtual.simulator.fleet.all().filter(({ knobs }) => knobs.clientUserId !== null);
      const having = owned.filter(({ apps }) => apps.size > 0);
      if (owned.length === 0) return;
      const device = dice.of(having.length > 0 ? having : owned);
      const userId = device.knobs.clientUserId ?? '';
      if (dice.chance(0.3)) {
        world.tell(`${userId.slice(0, 8)} leaves with the apps`);
        world.send('leave with the apps', (caller) =>
          leavePerson(virtual.edge, { userId, removeApp: true }, caller),
        );
        return;
      }
      const there = [...device.apps.values()].map(({ adamId }) => adamId);
      const assets = (there.length > 0 ? there : dice.several(adamIds)).map(stdq);
      world.tell(`${assets.length} apps go from the devices of ${userId.slice(0, 8)} with the licences`);
      const asked = { uId, assets, userIds: [userId], removeApp: true };
      world.send('return with the app', (caller) => returnLicense(virtual.edge, asked, caller));
    },
  },
];
