import { idOf, type Envelope } from '@seatbook/kernel';
import {
  assetKey,
  groupStream,
  orderStream,
  queryModels,
  assetStream,
  type Group,
  type GroupEvent,
} from '@seatbook/licensing';
import type { World } from '../world.js';

/**
 * What a group owes: joiners that were not served, leavers that were not, orders that it still expects. And what leavers
 * of a group that follows hold by its order alone, though Apple would take it back.
 */
export async function auditGroups({ virtual }: World): Promise<string[]> {
  const { reads } = virtual.stores;
  const look = <T>(groupId: string, at: (group: Group) => T): Promise<T> =>
    virtual.until(virtual.edge.runner.look(groupStream(groupId), at));
  const wrong: string[] = [];
  const { rows: groups } = await reads.query(queryModels.groups, {
    index: 'by-time',
    equals: [],
    limit: 1_000,
  });
  for (const { groupId, members } of groups) {
    const owed = await look(groupId, (group) => ({
      members: group.members.size,
      behind: group.follows
        ? [...group.standing.values()].filter(({ served }) => served < group.joins).length
        : 0,
      open: [...group.leaving, ...group.admitted.keys(), ...group.unanswered],
      newest: Math.max(0, ...group.members.values()),
      served: Math.min(Infinity, ...[...group.standing.values()].map(({ served }) => served)),
    }));
    if (owed.members !== members)
      wrong.push(`group ${groupId}: ${members} members are shown, it has ${owed.members}`);
    if (owed.open.length > 0) wrong.push(`group ${groupId} still waits for ${owed.open.join(', ')}`);
    if (owed.behind > 0 && owed.newest > owed.served)
      wrong.push(`group ${groupId} has joiners who were not served`);
  }
  const { rows: pairs } = await reads.query(queryModels.pairs, {
    index: 'by-asset',
    equals: [],
    limit: 5_000,
  });
  for (const { asset, holder, orderId, state, uId, adamId, pricingParam } of pairs) {
    if (orderId === null || state === 'failed') continue;
    const order = await virtual.until(virtual.edge.runner.load(orderStream(orderId)));
    const groupId = 'terms' in order.state ? order.state.terms.groupId : undefined;
    if (groupId === undefined) continue;
    const left = await look(
      groupId,
      (group) =>
        group.follows &&
        !group.members.has(holder) &&
        group.standing.has(assetKey(uId, { adamId, pricingParam })),
    );
    if (!left) continue;
    const ledger = await virtual.until(virtual.edge.runner.load(assetStream(uId, { adamId, pricingParam })));
    const pair = ledger.state.pairs.get(holder);
    if (ledger.state.traits?.revocable === false || pair?.also !== undefined || pair?.followUp) continue;
    wrong.push(`${asset} ${holder} is ${state} by an order of the group ${groupId}, which it has left`);
  }
  return wrong;
}

/** No joining gets the same of a group twice, as long as no other order of the group was answered. */
export function auditJoiners(log: readonly Envelope[]): string[] {
  const wrong: string[] = [];
  const served = new Map<string, Set<string>>();
  for (const { type, stream, data } of log as readonly Envelope<GroupEvent>[]) {
    if (type === 'group.order-answered') served.delete(stream);
    if (type !== 'group.joiners-served') continue;
    const { uId, assets, joining } = data;
    const before = served.get(stream) ?? new Set<string>();
    served.set(stream, before);
    for (const { adamId } of assets) {
      const what = `${uId} ${adamId} ${joining}`;
      if (before.has(what)) wrong.push(`group ${idOf(stream)}: joining ${joining} gets ${adamId} twice`);
      before.add(what);
    }
  }
  return wrong;
}
