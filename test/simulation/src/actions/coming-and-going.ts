import {
  activatePersons,
  changePerson,
  deactivatePersons,
  importPersons,
  registerPerson,
  setAssignmentType,
  type PersonInTable,
  type UploadedTable,
} from '@seatbook/application';
import { queryModels } from '@seatbook/licensing';
import type { Action } from './action.js';
import { groupsOfPersons } from './groups.js';
import { activatedAt, anybody, change, coming, detailsOf, then } from './persons.js';

/** Whether Apple creates somebody at once or takes its time: this long after that was ordered it is under way. */
const UNDER_WAY_MS = [250, 600, 1_500];

/** A table with these persons, and somebody new for null; it can be sent more than once. */
const tableOf = (userIds: readonly (string | null)[]): UploadedTable => ({
  ignoredColumns: [],
  rows: (async function* () {
    for (const [index, userId] of userIds.entries())
      yield { line: index + 2, cells: { userId: userId ?? '', email: `canary.${index}@table.test` } };
  })(),
});

/** The second row says nothing of the address. */
const personIn = ({ userId = '', email = '' }: Readonly<Partial<Record<string, string>>>): PersonInTable => ({
  userId: userId === '' ? null : userId,
  details: email.startsWith('canary.1@') ? { name: 'Canary of a table' } : { email },
});

/** What persons do where most that happens is about them, and what others do with their records at Apple. */
export const comingAndGoing: readonly Action[] = [
  ...coming,
  ...groupsOfPersons,
  {
    name: 'a person comes, and changes meanwhile',
    weight: 8,
    run(world) {
      const { dice, virtual } = world;
      const { uId } = dice.of(world.sites);
      const details = detailsOf(dice.between(1, 9));
      const later = { ...details, email: `canary.${dice.between(1, 9)}@other.test` };
      const [after, leaves] = [dice.of(UNDER_WAY_MS), dice.chance(0.3)];
      world.tell(`a person comes to ${uId}, and changes meanwhile`);
      world.send('a person comes', async (caller) => {
        const { userId } = await registerPerson(virtual.edge, details, caller);
        const named = { uId, userIds: [userId] };
        await activatePersons(virtual.edge, named, then(caller, 'activate'));
        virtual.clock.after(after, () => {
          world.tell(`${userId.slice(0, 8)} has another address${leaves ? ', and leaves' : ''}`);
          world.send('change a person', (other) => changePerson(virtual.edge, { userId, ...later }, other));
          if (leaves) world.send('a person goes', (other) => deactivatePersons(virtual.edge, named, other));
        });
      });
    },
  },
  {
    name: 'a person comes back',
    weight: 8,
    async run(world) {
      const { dice, virtual } = world;
      const { uId } = dice.of(world.sites);
      const query = { index: 'by-account', equals: [uId], limit: 50 } as const;
      const { rows } = await virtual.stores.reads.query(queryModels.activations, query);
      const gone = rows.filter(({ state }) => state === 'retired' || state === 'failed');
      if (gone.length === 0) return;
      const userIds = dice.several(gone, 2).map(({ userId }) => userId);
      world.tell(`${userIds.length} persons come back to ${uId}`);
      world.send('a person comes back', (caller) => activatePersons(virtual.edge, { uId, userIds }, caller));
    },
  },
  {
    name: 'another tool retires a person',
    weight: 6,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const { uId, adamIds, foreign } = site;
      const { admin } = virtual.simulator;
      const ours = new Set(await activatedAt(world, site));
      const active = admin
        .users(uId)
        .flatMap(({ clientUserId, status }) => (status === 'Retired' ? [] : String(clientUserId)))
        .filter((userId) => ours.has(userId));
      if (active.length === 0) return;
      const userId = dice.of(active);
      world.tell(`another tool retires ${userId.slice(0, 8)} at ${uId}`);
      // What goes with the person was not taken here.
      for (const adamId of adamIds) foreign.set(`${adamId} ${userId}`, 'taken');
      world.attempt(() => admin.retireUser(uId, userId));
    },
  },
  {
    name: 'an active person changes, and perhaps leaves',
    weight: 6,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const active = await activatedAt(world, site);
      if (active.length === 0) return;
      const userId = dice.of(active);
      world.tell(`change what is known of ${userId.slice(0, 8)}`);
      change(world, userId);
      if (dice.chance(0.6)) return;
      await world.pass(dice.of([0, 20, 100]));
      const named = { uId: site.uId, userIds: [userId] };
      world.tell(`${userId.slice(0, 8)} leaves ${site.uId}`);
      world.send('a person goes', (caller) => deactivatePersons(virtual.edge, named, caller));
    },
  },
  {
    name: 'an account assigns to others than before',
    weight: 4,
    async run(world) {
      const site = world.dice.of(world.sites);
      const { uId } = site;
      const assignsToUsers = (await world.account(site))?.assignmentType === 'user';
      const assignmentType = assignsToUsers ? 'device' : 'user';
      world.tell(`${uId} assigns to each ${assignmentType} from now on`);
      world.send('assign to others', (caller) =>
        setAssignmentType(world.virtual.edge, { uId, assignmentType, ifVersion: undefined }, caller),
      );
    },
  },
  {
    name: 'a table of persons is sent',
    weight: 4,
    async run(world) {
      const { dice, virtual } = world;
      const userId = await anybody(world);
      const active = await activatedAt(world, dice.of(world.sites));
      const other = active.length > 0 ? dice.of(active) : userId;
      world.tell(`a table with ${other.slice(0, 8)} twice, somebody new, and ${userId.slice(0, 8)}`);
      world.send('import persons', (caller) => {
        const table = tableOf([other, other, null, userId]);
        return importPersons(virtual.edge, { table, read: personIn }, caller);
      });
    },
  },
];
