import {
  activatePersons,
  changePerson,
  deactivatePersons,
  forgetPerson,
  listActivations,
  listPersons,
  placeOrder,
  registerPerson,
  type Caller,
} from '@seatbook/application';
import { queryModels, type ActivationState } from '@seatbook/licensing';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { Site, World } from '../world.js';
import type { Action } from './action.js';

/** Somebody whom the directory knows, or knew; now and then somebody whom nobody knows. */
export async function anybody(world: World): Promise<string> {
  const { virtual, dice } = world;
  const everybody = await virtual.stores.directory.everybody(null, 50);
  const registered = everybody.filter(({ uId }) => uId === '');
  if (everybody.length === 0 || dice.chance(0.1)) return 'nobody';
  return dice.of(registered.length > 0 && dice.chance(0.7) ? registered : everybody).userId;
}

export const detailsOf = (number: number) => ({
  name: `Canary Person ${number}`,
  email: `canary.${number}@example.test`,
  managedAppleId: null,
});

/** Twice, so that whom only Apple knew is registered by the first and changed by the second. */
export function change(world: World, userId: string): void {
  for (const number of [world.dice.between(1, 9), 0])
    world.send('change a person', (caller) =>
      changePerson(world.virtual.edge, { userId, ...detailsOf(number) }, caller),
    );
}

/** A further command of the same request, by a key of its own. */
export const then = (caller: Caller, what: string): Caller => ({
  ...caller,
  idempotencyKey: `${caller.idempotencyKey ?? ''} ${what}`,
});

/** Somebody is registered and activated; two of them may have the same Managed Apple Account. */
function come(world: World, { uId }: Site, ends: boolean): void {
  const { dice, virtual } = world;
  const managed = dice.chance(0.6) ? `canary.${dice.between(1, 2)}@appleid.example` : null;
  const details = { ...detailsOf(dice.between(1, 9)), managedAppleId: managed };
  world.tell(`a person comes to ${uId}${ends ? ', and goes at once' : ''}`);
  world.send('a person comes', async (caller) => {
    const { userId } = await registerPerson(virtual.edge, details, caller);
    const named = { uId, userIds: [userId] };
    await activatePersons(virtual.edge, named, then(caller, 'activate'));
    if (ends) await deactivatePersons(virtual.edge, named, then(caller, 'deactivate'));
  });
}

/** Persons at a location, in one of these states. */
export async function activatedAt(
  world: World,
  { uId }: Site,
  states: readonly ActivationState[] = ['creating', 'invited', 'associated', 'leaving', 'retiring'],
): Promise<string[]> {
  const query = { index: 'by-account', equals: [uId], limit: 50 } as const;
  const { rows } = await world.virtual.stores.reads.query(queryModels.activations, query);
  return rows.flatMap(({ userId, state }) => (states.includes(state) ? userId : []));
}

export const coming: readonly Action[] = [
  {
    name: 'a person comes',
    weight: 12,
    run(world) {
      come(world, world.dice.of(world.sites), world.dice.chance(0.25));
    },
  },
  {
    name: 'Apple refuses several persons as a whole',
    weight: 2,
    run(world) {
      const { dice, virtual } = world;
      const { uId } = dice.of(world.sites);
      world.tell(`two persons come to ${uId}, and Apple refuses them as a whole at first`);
      const path = '/users/create';
      virtual.simulator.admin.addErrorRule({ match: { path, uId }, times: 1, errorNumber: 9_602 });
      world.send('two persons come', async (caller) => {
        const userIds: string[] = [];
        for (const number of [1, 2]) {
          const details = { ...detailsOf(number), managedAppleId: null };
          const registered = await registerPerson(virtual.edge, details, then(caller, String(number)));
          userIds.push(registered.userId);
        }
        await activatePersons(virtual.edge, { uId, userIds }, then(caller, 'activate'));
      });
    },
  },
  {
    name: 'persons get licences',
    weight: 8,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const activated = await activatedAt(world, site);
      if (activated.length === 0) return;
      const assets = dice.several(site.adamIds).map(stdq);
      const userIds = dice.several(activated);
      world.tell(`apps for ${userIds.length} persons of ${site.uId}`);
      const order = { kind: 'AssignLicense', uId: site.uId, assets, userIds, ifShort: 'wait' } as const;
      world.send('order for persons', (caller) =>
        placeOrder(virtual.edge, { ...order, platform: null }, caller),
      );
    },
  },
  {
    name: 'a person goes',
    weight: 6,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const activated = await activatedAt(world, site);
      if (activated.length === 0) return;
      const userIds = dice.several(activated, 2);
      world.tell(`${userIds.length} persons leave ${site.uId}`);
      world.send('a person goes', (caller) =>
        deactivatePersons(virtual.edge, { uId: site.uId, userIds }, caller),
      );
    },
  },
  {
    name: 'an invited person accepts',
    weight: 2,
    run(world) {
      const { dice, virtual } = world;
      const { uId } = dice.of(world.sites);
      const { admin } = virtual.simulator;
      const invited = admin.users(uId).filter(({ status }) => status === 'Registered');
      if (invited.length === 0) return;
      const clientUserId = String(dice.of(invited)['clientUserId']);
      world.tell(`a person accepts at ${uId}`);
      world.attempt(() => admin.acceptInvite(uId, clientUserId, `${clientUserId}@account.example`));
    },
  },
  {
    name: 'look at activations',
    weight: 0.2,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      world.send('look', () => listActivations(world.virtual.edge, { uId, part: { limit: 3 } }));
    },
  },
];

export const persons: readonly Action[] = [
  ...coming,
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
