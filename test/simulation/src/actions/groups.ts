import {
  addMembers,
  contextOf,
  createGroup,
  deleteGroup,
  leavePerson,
  placeOrder,
  removeMembers,
  renameGroup,
  setGroupPolicy,
  type OrderRequest,
} from '@seatbook/application';
import { groupStream, queryModels, type GroupDocument, type GroupKind } from '@seatbook/licensing';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { World } from '../world.js';
import type { Action } from './action.js';
import { activatedAt } from './persons.js';

/** A group, where there is one. */
async function anyGroup({ virtual, dice }: World): Promise<GroupDocument | null> {
  const query = { index: 'by-time', equals: [], limit: 10 } as const;
  const { rows } = await virtual.stores.reads.query(queryModels.groups, query);
  return rows.length === 0 ? null : dice.of(rows);
}

const short = ({ groupId }: GroupDocument): string => groupId.slice(0, 8);

type Named = { readonly serialNumbers: readonly string[] } | { readonly userIds: readonly string[] };

/** All who may be members of a group of this kind; nobody while no person is active anywhere. */
async function everybody(world: World, kind: GroupKind): Promise<Named | null> {
  const { devices, sites } = world;
  if (kind === 'devices') return { serialNumbers: devices };
  const active = await Promise.all(sites.map((site) => activatedAt(world, site)));
  return active.flat().length === 0 ? null : { userIds: [...new Set(active.flat())] };
}

async function some(world: World, kind: GroupKind, most?: number): Promise<Named | null> {
  const { dice } = world;
  const all = await everybody(world, kind);
  if (all && 'userIds' in all) return { userIds: dice.several(all.userIds, most) };
  return all && { serialNumbers: dice.several(all.serialNumbers, most) };
}

function join(world: World, { groupId }: GroupDocument, named: Named | null): void {
  if (named) world.send('join', (caller) => addMembers(world.virtual.edge, { groupId, ...named }, caller));
}

function leave(world: World, { groupId }: GroupDocument, named: Named | null): void {
  if (named)
    world.send('leave', (caller) => removeMembers(world.virtual.edge, { groupId, ...named }, caller));
}

const WISH = { ifShort: 'wait', fromReserve: false, platform: null } as const;

/** What a group orders, as the dice say. */
function order(world: World, { groupId }: GroupDocument, kind: OrderRequest['kind']): void {
  const { dice, virtual } = world;
  const site = dice.of(world.sites);
  const request: OrderRequest = {
    kind,
    uId: site.uId,
    assets: dice.several(site.adamIds).map(stdq),
    groupId,
    ifShort: 'wait',
    platform: null,
  };
  world.send('order for a group', (caller) => placeOrder(virtual.edge, request, caller));
}

/** A group with these members, and what it orders for them. */
function make(
  world: World,
  wanted: { readonly kind: GroupKind; readonly follows: boolean },
  members: Named,
): void {
  const { dice, virtual } = world;
  const [site, orders] = [dice.of(world.sites), dice.chance(0.8)];
  const assets = dice.several(site.adamIds).map(stdq);
  world.tell(`a group of ${wanted.kind}${wanted.follows ? ', which follows' : ''}`);
  world.send('make a group', async (caller) => {
    const { groupId } = await createGroup(virtual.edge, { name: 'Class 7b', ...wanted }, caller);
    const joining = { ...caller, idempotencyKey: `${caller.idempotencyKey ?? ''} members` };
    await addMembers(virtual.edge, { groupId, ...members }, joining);
    const ordering = { ...caller, idempotencyKey: `${caller.idempotencyKey ?? ''} order` };
    const terms = { uId: site.uId, assets, groupId, ifShort: 'wait', platform: null } as const;
    if (orders) await placeOrder(virtual.edge, { ...terms, kind: 'AssignLicense' }, ordering);
  });
}

export const groups: readonly Action[] = [
  {
    name: 'a group is made, and has members',
    weight: 6,
    run(world) {
      const follows = world.dice.chance(0.8);
      make(world, { kind: 'devices', follows }, { serialNumbers: world.dice.several(world.devices, 4) });
    },
  },
  {
    name: 'order for a group',
    weight: 6,
    async run(world) {
      const group = await anyGroup(world);
      if (!group) return;
      const kind = world.dice.chance(0.8) ? 'AssignLicense' : 'ReturnLicense';
      world.tell(`${kind} for the group ${short(group)}`);
      order(world, group, kind);
      // Others come and go while it is placed.
      if (world.dice.chance(0.5)) join(world, group, await some(world, group.kind, 2));
      if (world.dice.chance(0.5)) leave(world, group, await some(world, group.kind, 2));
    },
  },
  {
    name: 'join and leave a group',
    weight: 6,
    async run(world) {
      const group = await anyGroup(world);
      if (!group) return;
      const [coming, going] = [await some(world, group.kind, 3), await some(world, group.kind, 3)];
      world.tell(`some ${group.kind} join the group ${short(group)}, some leave it`);
      join(world, group, coming);
      leave(world, group, going);
    },
  },
  {
    name: 'a group follows, or does no longer',
    weight: 0.5,
    async run(world) {
      const group = await anyGroup(world);
      if (!group) return;
      const follows = !group.follows;
      world.tell(`the group ${short(group)} follows ${follows ? 'from now on' : 'no longer'}`);
      const { groupId } = group;
      world.send('policy of a group', (caller) =>
        setGroupPolicy(world.virtual.edge, { groupId, follows }, caller),
      );
    },
  },
  {
    name: 'a group is renamed, or deleted',
    weight: 2,
    async run(world) {
      const { dice, virtual } = world;
      const group = await anyGroup(world);
      const groupId = group === null || dice.chance(0.1) ? 'nobody' : group.groupId;
      const name = `Class ${dice.between(1, 9)}`;
      world.tell(`the group ${groupId.slice(0, 8)} is renamed, or goes`);
      world.send('rename a group', (caller) => renameGroup(virtual.edge, { groupId, name }, caller));
      if (dice.chance(0.5))
        world.send('delete a group', (caller) => deleteGroup(virtual.edge, { groupId }, caller));
      if (group === null || dice.chance(0.5)) return;
      leave(world, group, await everybody(world, group.kind));
      world.send('delete a group', (caller) => deleteGroup(virtual.edge, { groupId }, caller));
    },
  },
  {
    name: 'an order for a group is never placed',
    weight: 1,
    async run(world) {
      const { dice, virtual } = world;
      const group = await anyGroup(world);
      if (!group) return;
      const site = dice.of(world.sites);
      const orderId = `never-${dice.between(1, 1_000_000)}`;
      const terms = { uId: site.uId, assets: dice.several(site.adamIds).map(stdq), ...WISH };
      world.tell(`the group ${short(group)} admits an order, and who gave it goes away`);
      world.send('order that is never placed', (caller) =>
        virtual.edge.execute(
          groupStream(group.groupId),
          { type: 'AdmitOrder', orderId, kind: 'AssignLicense', terms },
          contextOf(caller, `${orderId}/admit`, {}),
        ),
      );
    },
  },
  {
    name: 'apps for a person who leaves',
    weight: 1,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const query = { index: 'by-account', equals: [site.uId], limit: 50 } as const;
      const { rows } = await virtual.stores.reads.query(queryModels.activations, query);
      const known = rows.filter(
        ({ state }) => state === 'invited' || state === 'associated' || state === 'retired',
      );
      if (known.length === 0) return;
      const { userId } = dice.of(known);
      world.tell(`${userId.slice(0, 8)} leaves for good, and gets apps`);
      const assets = dice.several(site.adamIds).map(stdq);
      const named = { kind: 'AssignLicense', uId: site.uId, userIds: [userId] } as const;
      world.send('leave, and get apps', async (caller) => {
        await leavePerson(virtual.edge, { userId }, caller);
        const ordering = { ...caller, idempotencyKey: `${caller.idempotencyKey ?? ''} order` };
        await placeOrder(virtual.edge, { ...named, assets, ifShort: 'wait', platform: null }, ordering);
      });
    },
  },
  {
    name: 'a person leaves for good',
    weight: 2,
    async run(world) {
      const { dice, virtual } = world;
      const everybody = await virtual.stores.directory.everybody(null, 50);
      if (everybody.length === 0) return;
      const { userId } = dice.of(everybody);
      world.tell(`${userId.slice(0, 8)} leaves for good`);
      world.send('leave for good', (caller) => leavePerson(virtual.edge, { userId }, caller));
    },
  },
];

/** Groups of persons. */
export const groupsOfPersons: readonly Action[] = [
  {
    name: 'a group of persons is made',
    weight: 6,
    async run(world) {
      const named = await some(world, 'persons', 4);
      if (named) make(world, { kind: 'persons', follows: world.dice.chance(0.8) }, named);
    },
  },
  {
    name: 'persons join and leave a group',
    weight: 8,
    async run(world) {
      const group = await anyGroup(world);
      if (group?.kind !== 'persons') return;
      const [coming, going] = [await some(world, 'persons', 3), await some(world, 'persons', 2)];
      world.tell(`some persons join the group ${short(group)}, some leave it`);
      join(world, group, coming);
      await world.pass(world.dice.of([0, 0, 100, 600]));
      leave(world, group, world.dice.chance(0.4) ? coming : going);
    },
  },
];
