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
import { groupStream, queryModels, type GroupDocument } from '@seatbook/licensing';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { World } from '../world.js';
import type { Action } from './action.js';

/** A group, where there is one. */
async function anyGroup({ virtual, dice }: World): Promise<GroupDocument | null> {
  const query = { index: 'by-time', equals: [], limit: 10 } as const;
  const { rows } = await virtual.stores.reads.query(queryModels.groups, query);
  return rows.length === 0 ? null : dice.of(rows);
}

const short = ({ groupId }: GroupDocument): string => groupId.slice(0, 8);

function join(world: World, { groupId }: GroupDocument, serialNumbers: readonly string[]): void {
  world.send('join', (caller) => addMembers(world.virtual.edge, { groupId, serialNumbers }, caller));
}

function leave(world: World, { groupId }: GroupDocument, serialNumbers: readonly string[]): void {
  world.send('leave', (caller) => removeMembers(world.virtual.edge, { groupId, serialNumbers }, caller));
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

export const groups: readonly Action[] = [
  {
    name: 'a group is made, and has members',
    weight: 6,
    run(world) {
      const { dice, devices, virtual } = world;
      const wanted = { name: 'Class 7b', kind: 'devices', follows: dice.chance(0.8) } as const;
      const serialNumbers = dice.several(devices, 4);
      const [site, orders] = [dice.of(world.sites), dice.chance(0.8)];
      const assets = dice.several(site.adamIds).map(stdq);
      world.tell(`a group of ${serialNumbers.length} devices${wanted.follows ? ', which follows' : ''}`);
      world.send('make a group', async (caller) => {
        const { groupId } = await createGroup(virtual.edge, wanted, caller);
        const joining = { ...caller, idempotencyKey: `${caller.idempotencyKey ?? ''} members` };
        await addMembers(virtual.edge, { groupId, serialNumbers }, joining);
        const ordering = { ...caller, idempotencyKey: `${caller.idempotencyKey ?? ''} order` };
        const terms = { uId: site.uId, assets, groupId, ifShort: 'wait', platform: null } as const;
        if (orders) await placeOrder(virtual.edge, { ...terms, kind: 'AssignLicense' }, ordering);
      });
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
      if (world.dice.chance(0.5)) join(world, group, world.dice.several(world.devices, 2));
      if (world.dice.chance(0.5)) leave(world, group, world.dice.several(world.devices, 2));
    },
  },
  {
    name: 'join and leave a group',
    weight: 6,
    async run(world) {
      const group = await anyGroup(world);
      if (!group) return;
      const [coming, going] = [world.dice.several(world.devices, 3), world.dice.several(world.devices, 3)];
      world.tell(`${coming.length} devices join the group ${short(group)}, ${going.length} leave it`);
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
      leave(world, group, world.devices);
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
