import { idOf, type Envelope } from '@seatbook/kernel';
import {
  assetKey,
  groupStream,
  orderStream,
  queryModels,
  assetStream,
  holderKeys,
  type Group,
  type GroupEvent,
  type HolderKey,
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

/** What members who join later get of one asset. */
interface Standing {
  /** Those of a joining up to this one have it by the order itself, or are not to get it. */
  since: number;
  /** Who has got it since, each with the joining. */
  readonly got: Set<string>;
}

interface Admitted {
  readonly assigns: boolean;
  readonly returns: boolean;
  readonly assets: readonly string[];
  readonly joins: number;
}

/** One group, followed event by event: whoever joins gets what stands, once, and nobody else gets anything. */
class AuditedGroup {
  readonly #members = new Map<HolderKey, number>();
  readonly #standing = new Map<string, Standing>();
  readonly #admitted = new Map<string, Admitted>();
  #follows = false;
  #joins = 0;

  constructor(private readonly blame: (what: string) => void) {}

  follow({ type, data }: GroupEvent): void {
    switch (type) {
      case 'group.created':
        this.#follows = data.follows;
        break;
      case 'group.policy-set':
        this.#follows = data.follows;
        this.#concernsNobody();
        break;
      case 'group.members-joined':
        this.#joins += 1;
        for (const key of holderKeys(data)) this.#members.set(key, this.#joins);
        if (!this.#follows) this.#concernsNobody();
        break;
      case 'group.members-left':
        for (const key of holderKeys(data)) this.#members.delete(key);
        break;
      case 'group.order-admitted': {
        const { orderId, kind, uId, assets } = data;
        const [assigns, returns] = [kind === 'AssignLicense', kind === 'ReturnLicense'];
        const keys = assets.map((asset) => assetKey(uId, asset));
        this.#admitted.set(orderId, { assigns, returns, assets: keys, joins: this.#joins });
        break;
      }
      case 'group.order-answered':
        this.#answered(data.orderId);
        break;
      case 'group.order-withdrawn':
        this.#admitted.delete(data.orderId);
        break;
      case 'group.joiners-served':
        for (const asset of data.assets)
          for (const key of holderKeys(data)) this.#serve(assetKey(data.uId, asset), key, data.joining);
        break;
      default:
        break;
    }
  }

  /** When all is calm. */
  over(): void {
    if (!this.#follows) return;
    for (const [asset, { since, got }] of this.#standing)
      for (const [key, joining] of this.#members)
        if (joining > since && !got.has(`${key} ${joining}`))
          this.blame(`${key} has joined, and did not get ${asset}`);
  }

  /** Who joined before is not concerned by it. */
  #concernsNobody(): void {
    for (const standing of this.#standing.values()) standing.since = this.#joins;
  }

  /** Who joined while it was placed gets it as all later ones do, also who had the same by an order before. */
  #answered(orderId: string): void {
    const order = this.#admitted.get(orderId);
    this.#admitted.delete(orderId);
    if (!order) return;
    const since = this.#follows ? order.joins : this.#joins;
    for (const asset of order.assets) {
      if (order.assigns) this.#standing.set(asset, { since, got: new Set() });
      if (order.returns) this.#standing.delete(asset);
    }
  }

  #serve(asset: string, key: HolderKey, joining: number): void {
    const standing = this.#standing.get(asset);
    if (!standing) return this.blame(`${key} gets ${asset}, which no order of it gives`);
    if (this.#members.get(key) !== joining) this.blame(`${key} gets ${asset}, and has not joined so`);
    const what = `${key} ${joining}`;
    if (joining <= standing.since || standing.got.has(what)) this.blame(`${key} gets ${asset} once more`);
    standing.got.add(what);
  }
}

/** What no group may do, whatever happens. */
export function auditJoiners(log: readonly Envelope[]): string[] {
  const wrong: string[] = [];
  const groups = new Map<string, AuditedGroup>();
  for (const event of log as readonly Envelope<GroupEvent>[]) {
    const { stream, type } = event;
    if (!type.startsWith('group.')) continue;
    const blame = (what: string): void => void wrong.push(`group ${idOf(stream)}: ${what}`);
    const group = groups.get(stream) ?? new AuditedGroup(blame);
    groups.set(stream, group);
    group.follow(event);
  }
  for (const group of groups.values()) group.over();
  return wrong;
}
