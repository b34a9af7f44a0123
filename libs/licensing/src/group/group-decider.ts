import { Refusal, chunksOf, uuidOf, type Command, type Decider, type Instant } from '@seatbook/kernel';
import { assetKey, idOfAsset } from '../asset-id.js';
import { holderCount, holderKeys, holdersOf, kindOfHolder, type Holders } from '../holder.js';
import type { OrderKind } from '../order/order-events.js';
import type { AssetId } from '../ports.js';
import type { Timings } from '../timings.js';
import type { GroupEvent, GroupKind, GroupTerms } from './group-events.js';
import { evolveGroup, nextJoining, noGroup, type Group, type Standing } from './group-state.js';

/** A group has this many members at the most. */
export const MAX_MEMBERS = 10_000;

/** Assets of one order for joiners: with 1,000 of them it is one of the largest orders that there are. */
const MAX_ASSETS_TOGETHER = 100;

/** Orders for joiners in one append, which name up to 1,000 holders each. */
const MAX_ORDERS_TOGETHER = 8;

export type GroupCommand =
  | (Command<'CreateGroup'> & { readonly name: string; readonly kind: GroupKind; readonly follows: boolean })
  | (Command<'RenameGroup'> & { readonly name: string })
  | (Command<'SetGroupPolicy'> & { readonly follows: boolean })
  | Command<'DeleteGroup'>
  /** Up to 1,000; who is a member already stays one. */
  | (Command<'AddMembers'> & { readonly holders: Holders })
  | (Command<'RemoveMembers'> & { readonly holders: Holders })
  | (Command<'AdmitOrder'> & {
      readonly orderId: string;
      readonly kind: OrderKind;
      readonly terms: GroupTerms;
    })
  | (Command<'AnswerOrder'> & { readonly orderId: string })
  | (Command<'WithdrawOrder'> & { readonly orderId: string })
  /** `install`: keys of those assets whose app is mandatory now. */
  | (Command<'ServeJoiners'> & { readonly groupId: string; readonly install: readonly string[] })
  | (Command<'ServeLeavers'> & {
      readonly groupId: string;
      readonly leavers: Holders;
      /** What goes back from them. */
      readonly returns: readonly {
        readonly uId: string;
        readonly asset: AssetId;
        readonly holders: Holders;
      }[];
    });

type CommandOf<T extends GroupCommand['type']> = Extract<GroupCommand, { type: T }>;

export const groupDecider = (timings: Timings): Decider<GroupCommand, Group, GroupEvent> => ({
  initial: noGroup,
  evolve: evolveGroup,

  decide(command, group, at) {
    switch (command.type) {
      case 'CreateGroup': {
        const { name, kind, follows } = command;
        return group.phase === 'unknown' ? [{ type: 'group.created', data: { name, kind, follows } }] : [];
      }
      case 'RenameGroup': {
        const { name } = command;
        return kept(group).name === name ? [] : [{ type: 'group.renamed', data: { name } }];
      }
      case 'SetGroupPolicy': {
        const { follows } = command;
        return kept(group).follows === follows ? [] : [{ type: 'group.policy-set', data: { follows } }];
      }
      case 'DeleteGroup':
        return deleteGroup(group);
      case 'AddMembers':
        return addMembers(command, kept(group));
      case 'RemoveMembers': {
        const left = holdersOf(holderKeys(command.holders).filter((key) => kept(group).members.has(key)));
        return holderCount(left) === 0 ? [] : [{ type: 'group.members-left', data: left }];
      }
      case 'AdmitOrder':
        return admitOrder(command, kept(group), at, timings);
      case 'AnswerOrder': {
        const { orderId } = command;
        const awaited = group.unanswered.has(orderId) || group.admitted.has(orderId);
        return awaited ? [{ type: 'group.order-answered', data: { orderId } }] : [];
      }
      case 'WithdrawOrder': {
        const { orderId } = command;
        return group.admitted.has(orderId) ? [{ type: 'group.order-withdrawn', data: { orderId } }] : [];
      }
      case 'ServeJoiners':
        return serveJoiners(command, group);
      case 'ServeLeavers':
        return serveLeavers(command, group);
    }
  },
});

export const unknownGroup = (): Refusal => new Refusal('NOT_FOUND_GROUP', 'there is no such group');

function kept(group: Group): Group {
  if (group.phase !== 'kept') throw unknownGroup();
  return group;
}

function deleteGroup(group: Group): GroupEvent[] {
  if (group.phase === 'deleted') return [];
  const members = kept(group).members.size;
  if (members > 0)
    throw new Refusal('REJECTED_GROUP_NOT_EMPTY', 'the group has members; remove them first', { members });
  return [{ type: 'group.deleted', data: {} }];
}

function addMembers({ holders }: CommandOf<'AddMembers'>, group: Group): GroupEvent[] {
  const keys = holderKeys(holders);
  const wanted = group.kind === 'devices' ? 'device' : 'person';
  if (keys.some((key) => kindOfHolder(key) !== wanted))
    throw new Refusal('INVALID_HOLDER', `this is a group of ${group.kind}`, { kind: group.kind });
  const joined = keys.filter((key) => !group.members.has(key));
  if (group.members.size + joined.length > MAX_MEMBERS) {
    throw new Refusal('REJECTED_GROUP_FULL', `a group has at most ${MAX_MEMBERS} members`, {
      members: group.members.size,
      maxMembers: MAX_MEMBERS,
    });
  }
  return joined.length === 0 ? [] : [{ type: 'group.members-joined', data: holdersOf(joined) }];
}

function admitOrder(
  { orderId, kind, terms }: CommandOf<'AdmitOrder'>,
  group: Group,
  at: Instant,
  { placeWithinMs, answerWithinMs }: Timings,
): GroupEvent[] {
  if (group.admitted.has(orderId)) return [];
  const { uId, assets, ifShort, fromReserve, platform } = terms;
  const withdrawAt = at + placeWithinMs + answerWithinMs;
  const data = { orderId, kind, uId, assets, ifShort, fromReserve, platform, withdrawAt };
  return [{ type: 'group.order-admitted', data }];
}

/** Orders that the group gives by itself, numbered so that a repeat gives the same ones. */
function newOrders({ orders }: Group, groupId: string): () => string {
  let given = orders;
  return () => uuidOf(`order ${(given += 1)} of group ${groupId}`);
}

/** Those of one joining get all that stands, by one order for each account and wish. */
function serveJoiners({ groupId, install }: CommandOf<'ServeJoiners'>, group: Group): GroupEvent[] {
  const joining = nextJoining(group);
  if (joining === null) return [];
  const joiners = holdersOf([...group.members].flatMap(([key, number]) => (number === joining ? key : [])));
  const alike = new Map<string, Standing[]>();
  for (const standing of group.standing.values()) {
    const { uId, ifShort, fromReserve, platform, served } = standing;
    if (served >= joining) continue;
    const terms = JSON.stringify([uId, ifShort, fromReserve, platform]);
    alike.set(terms, [...(alike.get(terms) ?? []), standing]);
  }
  const orderId = newOrders(group, groupId);
  return [...alike.values()]
    .flatMap((standing) => chunksOf(standing, MAX_ASSETS_TOGETHER))
    .slice(0, MAX_ORDERS_TOGETHER)
    .map((some) => {
      const { uId, ifShort, fromReserve, platform } = some[0] as Standing;
      const assets = some.map(({ asset }) => asset);
      const mandatory = assets.filter((asset) => install.includes(assetKey(uId, asset))).map(idOfAsset);
      const terms = { uId, assets, ifShort, fromReserve, platform };
      const installing = mandatory.length === 0 ? {} : { install: mandatory };
      const data = { orderId: orderId(), ...terms, ...installing, joining, ...joiners };
      return { type: 'group.joiners-served', data };
    });
}

/** Who has joined again meanwhile keeps everything. */
function serveLeavers({ groupId, leavers, returns }: CommandOf<'ServeLeavers'>, group: Group): GroupEvent[] {
  const orderId = newOrders(group, groupId);
  const stillGone = (holders: Holders): Holders =>
    holdersOf(holderKeys(holders).filter((key) => group.leaving.has(key) && !group.members.has(key)));
  const events: GroupEvent[] = [];
  for (const { uId, asset, holders } of returns) {
    const back = stillGone(holders);
    if (holderCount(back) === 0) continue;
    const { adamId, pricingParam } = asset;
    events.push({
      type: 'group.return-asked',
      data: { uId, orderId: orderId(), adamId, pricingParam, ...back },
    });
  }
  const served = holdersOf(holderKeys(leavers).filter((key) => group.leaving.has(key)));
  if (holderCount(served) > 0) events.push({ type: 'group.leavers-served', data: served });
  return events;
}
