import { changePerson, forgetPerson, listPersons, registerPerson } from '@seatbook/application';
import type { World } from '../world.js';
import type { Action } from './action.js';

/** Somebody whom the directory knows, or knew; now and then somebody whom nobody knows. */
async function anybody(world: World): Promise<string> {
  const { virtual, dice } = world;
  const everybody = await virtual.stores.directory.everybody(null, 50);
  const registered = everybody.filter(({ uId }) => uId === '');
  if (everybody.length === 0 || dice.chance(0.1)) return 'nobody';
  return dice.of(registered.length > 0 && dice.chance(0.7) ? registered : everybody).userId;
}

const detailsOf = (number: number) => ({
  name: `Canary Person ${number}`,
  email: `canary.${number}@example.test`,
  managedAppleId: null,
});

/** Twice, so that whom only Apple knew is registered by the first and changed by the second. */
function change(world: World, userId: string): void {
  for (const number of [world.dice.between(1, 9), 0])
    world.send('change a person', (caller) =>
      changePerson(world.virtual.edge, { userId, ...detailsOf(number) }, caller),
    );
}

export const persons: readonly Action[] = [
  {
    name: 'register a person',
    weight: 1,
    run(world) {
      const details = detailsOf(world.dice.between(1, 9));
      world.tell('register a person');
      world.send('register a person', (caller) => registerPerson(world.virtual.edge, details, caller));
    },
  },
  {
    name: 'change a person',
    weight: 1,
    async run(world) {
      const userId = await anybody(world);
      world.tell(`change what is known of ${userId.slice(0, 8)}`);
      change(world, userId);
    },
  },
  {
    name: 'forget a person',
    weight: 1,
    async run(world) {
      const userId = await anybody(world);
      world.tell(`forget ${userId.slice(0, 8)}`);
      world.send('forget a person', (caller) => forgetPerson(world.virtual.edge, { userId }, caller));
      if (world.dice.chance(0.8)) change(world, userId);
    },
  },
  {
    name: 'look for persons',
    weight: 0.2,
    run(world) {
      world.send('look', () => listPersons(world.virtual.edge, { search: 'a', part: { limit: 3 } }));
    },
  },
];
