import type { Instant } from '@seatbook/kernel';
import { idOfAsset } from '../asset-id.js';
import { holderKeys, type HolderKey } from '../holder.js';
import type { OrderKind } from '../order/order-events.js';
import type { AssetId } from '../ports.js';
import type { GroupEvent, GroupKind, GroupTerms } from './group-events.js';

/** An order that is being placed. */
interface Admitted {
  readonly kind: OrderKind;
  readonly terms: GroupTerms;
  /** Number of the last joining before it. */
  readonly joins: number;
  /** Who has left since, and is named by it all the same. */
  readonly left: HolderKey[];
  readonly withdrawAt: Instant;
}

/** What later joiners get of one asset. */
export interface Standing extends Omit<GroupTerms, 'assets'> {
  readonly asset: AssetId;
  /** Number of the last joining whose members have it, or are not to get it. */
  served: number;
}

/** Its members and what they get; changed in place. */
export interface Group {
  phase: 'unknown' | 'kept' | 'deleted';
  name: string;
  kind: GroupKind;
  follows: boolean;
  /** Each with the number of the joining that brought it. */
  readonly members: Map<HolderKey, number>;
  joins: number;
  readonly admitted: Map<string, Admitted>;
  readonly standing: Map<string, Standing>;
  /** Orders for joiners that not all ledgers have answered. */
  readonly unanswered: Set<string>;
  /** Who has left, and has not given back yet. */
  readonly leaving: Set<HolderKey>;
  /** Orders that the group has given by itself. */
  orders: number;
}

export const noGroup = (): Group => ({
  phase: 'unknown',
  name: '',
  kind: 'persons',
  follows: false,
  members: new Map(),
  joins: 0,
  admitted: new Map(),
  standing: new Map(),
  unanswered: new Set(),
  leaving: new Set(),
  orders: 0,
});

export const weighGroup = ({ members, leaving, standing }: Group): number =>
  1_000 + 100 * (members.size + leaving.size) + 300 * standing.size;

const standingKey = (uId: string, asset: AssetId): string => `${uId}.${idOfAsset(asset)}`;

/** Whether members who join later get an asset by an order of the group. */
export const standsFor = (uId: string, asset: AssetId, { standing }: Group): boolean =>
  standing.has(standingKey(uId, asset));

/** Whom an order names that was admitted: the members of that moment, however often the group has changed since. */
export function namedBy(orderId: string, { admitted, members }: Group): readonly HolderKey[] | null {
  const order = admitted.get(orderId);
  if (!order) return null;
  const named = new Set(order.left);
  for (const [key, joining] of members) if (joining <= order.joins) named.add(key);
  return [...named].sort();
}

/** The earliest joining that something is still to be given to. */
export function nextJoining({ follows, joins, standing, members }: Group): number | null {
  let behind = joins;
  if (follows) for (const { served } of standing.values()) behind = Math.min(behind, served);
  if (behind === joins) return null;
  let next = Infinity;
  for (const joining of members.values()) if (joining > behind) next = Math.min(next, joining);
  return next === Infinity ? null : next;
}

/** Whether all that the group has ordered to give is in the ledgers: what leavers hold by it can be seen there. */
export const isAnswered = ({ unanswered, admitted }: Group): boolean =>
  unanswered.size === 0 && [...admitted.values()].every(({ kind }) => kind !== 'AssignLicense');

export function evolveGroup(group: Group, event: GroupEvent): Group {
  switch (event.type) {
    case 'group.created':
      return Object.assign(group, event.data, { phase: 'kept' });
    case 'group.renamed':
      group.name = event.data.name;
      return group;
    case 'group.policy-set':
      group.follows = event.data.follows;
      // Who joined before is not concerned by it.
      serveAll(group);
      return group;
    case 'group.deleted':
      group.phase = 'deleted';
      return group;
    case 'group.members-joined':
      group.joins += 1;
      for (const key of holderKeys(event.data)) group.members.set(key, group.joins);
      if (!group.follows) serveAll(group);
      return group;
    case 'group.members-left':
      for (const key of holderKeys(event.data)) leave(group, key);
      return group;
    case 'group.order-admitted': {
      const { orderId, kind, withdrawAt, ...terms } = event.data;
      group.admitted.set(orderId, { kind, terms, joins: group.joins, left: [], withdrawAt });
      return group;
    }
    case 'group.order-answered':
      answered(group, event.data.orderId);
      return group;
    case 'group.order-withdrawn':
      group.admitted.delete(event.data.orderId);
      return group;
    case 'group.joiners-served': {
      const { orderId, uId, assets, joining } = event.data;
      group.orders += 1;
      group.unanswered.add(orderId);
      for (const asset of assets) {
        const standing = group.standing.get(standingKey(uId, asset));
        if (standing) standing.served = joining;
      }
      return group;
    }
    case 'group.return-asked':
      group.orders += 1;
      return group;
    case 'group.leavers-served':
      for (const key of holderKeys(event.data)) group.leaving.delete(key);
      return group;
  }
}

function serveAll({ standing, joins }: Group): void {
  for (const order of standing.values()) order.served = joins;
}

function leave(group: Group, key: HolderKey): void {
  const joining = group.members.get(key) ?? Infinity;
  for (const { joins, left } of group.admitted.values()) if (joining <= joins) left.push(key);
  group.members.delete(key);
  if (group.follows) group.leaving.add(key);
}

/** What an order assigns stands from now on; what it returns stands no longer. */
function answered(group: Group, orderId: string): void {
  group.unanswered.delete(orderId);
  const order = group.admitted.get(orderId);
  if (!order) return;
  group.admitted.delete(orderId);
  const { kind, joins } = order;
  const { uId, assets, ...wish } = order.terms;
  for (const asset of assets) {
    const key = standingKey(uId, asset);
    const served = group.follows ? joins : group.joins;
    if (kind === 'AssignLicense') group.standing.set(key, { uId, asset, ...wish, served });
    else if (kind === 'ReturnLicense') group.standing.delete(key);
  }
}
