import { Refusal, chunksOf, type Envelope, type Position } from '@seatbook/kernel';
import {
  MAX_HOLDERS,
  NOBODY,
  groupStream,
  holderKeys,
  holdersOf,
  namedBy,
  orderStream,
  type AssetId,
  type GroupCommand,
  type HolderKey,
  type OrderCommand,
  type OrderKind,
  type OrderTerms,
} from '@seatbook/licensing';
import { installedBy } from './app-settings.js';
import { checkExpected } from './expected-plan.js';
import type { CommandContext } from '@seatbook/runtime';
import { membersOf } from './group-members.js';
import { checkedAssets, checkedOrder, type CheckedOrder, type OrderRequest } from './order-request.js';
import { contextOf, requestId, type Caller } from './principal.js';
import { scopedOrder, type ScopedOrder } from './order-scope.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { reassignment, type Reassigned } from './reassignment.js';
import { returnOfAll, type AllOfHolder } from './return-of-all.js';
import { takenId } from './taken-key.js';

/** What an order to assign names. */
export type AssignLicense = Omit<OrderRequest, 'kind'>;

/** What an order to return names. */
export type ReturnLicense = Pick<
  OrderRequest,
  'uId' | 'assets' | 'serialNumbers' | 'userIds' | 'groupId' | 'scope' | 'removeApp' | 'expect'
>;

/** What a rollout names. */
export type RolloutApp = Pick<
  OrderRequest,
  'uId' | 'assets' | 'serialNumbers' | 'userIds' | 'groupId' | 'scope' | 'expect'
>;

/** What an order to reassign names. */
export type ReassignLicense = Reassigned & Pick<OrderRequest, 'expect'>;

/** What a return of all that somebody has names. */
export type ReturnAll = AllOfHolder & Pick<OrderRequest, 'removeApp' | 'expect'>;

export interface CancelWaiting {
  readonly orderId: string;
}

export interface PlacedOrder {
  readonly orderId: string;
  readonly position: Position;
  /** The same request had been made before. */
  readonly repeated: boolean;
  /** All events of the order, where they were written now in a single append; else none. */
  readonly written: readonly Envelope[];
}

/** Assigns licences: each of the assets to each of the devices and persons. */
export const assignLicense = (
  seatbook: SeatbookEdge,
  order: AssignLicense,
  caller: Caller,
): Promise<PlacedOrder> => placeOrder(seatbook, { ...order, kind: 'AssignLicense' }, caller);

/**
 * Installs each of the assets on each of the devices that has, or is getting, its licence, and on the devices of each person
 * of whom the same is true; or of those of a scope.
 */
export const rolloutApp = (seatbook: SeatbookEdge, order: RolloutApp, caller: Caller): Promise<PlacedOrder> =>
  placeOrder(seatbook, { ...order, ...RETURNED, kind: 'RolloutApp' }, caller);

/**
 * Gives licences back, whatever Apple lists. What is not held is an outcome, not an error. With `removeApp` the app is
 * removed from the devices, those of persons among them, also where the licence was given back before. A device that has
 * another licence of it keeps it.
 */
export const returnLicense = (
  seatbook: SeatbookEdge,
  order: ReturnLicense,
  caller: Caller,
): Promise<PlacedOrder> => placeOrder(seatbook, { ...order, ...RETURNED, kind: 'ReturnLicense' }, caller);

/**
 * Has each of the licences go from one holder to another: the one gives it back, and it is the other one's as soon as it
 * has come back. Where the receiver has one already, or the giver has none, nothing changes.
 * @throws Refusal of {@link reassignment}
 */
export async function reassignLicense(
  seatbook: SeatbookEdge,
  { expect, ...asked }: ReassignLicense,
  caller: Caller,
): Promise<PlacedOrder> {
  return placeOrder(seatbook, { ...reassignment(asked), expect }, caller);
}

/** Nothing is short, and no platform is wrong, where no licence is given. */
const RETURNED = { ifShort: 'wait', platform: null } as const;

/**
 * Places an order. Its id follows from principal and Idempotency-Key, so a repeat finds it and a listing that broke off
 * goes on where it stopped. `asked`: the kind that the request names, which a repeat names again.
 * @throws Refusal of {@link checkedOrder}, {@link scopedOrder} and {@link checkExpected}
 */
export async function placeOrder(
  seatbook: SeatbookEdge,
  order: OrderRequest,
  caller: Caller,
  asked: 'ReturnAll' | OrderKind = order.kind,
): Promise<PlacedOrder> {
  const { ids } = seatbook;
  const { expect, groupId, scope } = order;
  if (scope !== undefined) return placeScoped(seatbook, { ...order, scope }, caller);
  if (groupId !== undefined) return placeForGroup(seatbook, { ...order, groupId }, caller);
  const isPlaced = async (): Promise<boolean> => (await orderedBefore(seatbook, caller)) !== null;
  const checked = await checkedOrder(seatbook, order, isPlaced);
  const { terms, holders } = checked;
  const orderId = requestId(caller, ids);
  const context = contextOf(caller, orderId, { asked, terms, ...holders, expect });
  // A repeat is about the world as it was at the first time.
  await checkExpected(seatbook, checked, expect, isPlaced);
  return list(seatbook, orderId, checked, context);
}

/**
 * An order for a group is one for those who are members when the group admits it. A repeat finds them in the group for as
 * long as the order is not placed, whoever has come or left since.
 */
async function placeForGroup(
  seatbook: SeatbookEdge,
  order: OrderRequest & { readonly groupId: string },
  caller: Caller,
): Promise<PlacedOrder> {
  const { runner, ids } = seatbook;
  const { kind, uId, ifShort, fromReserve = false, platform, groupId, expect } = order;
  const wish = { ifShort, fromReserve, platform };
  const terms = { uId, assets: checkedAssets(order.assets), ...wish };
  const orderId = requestId(caller, ids);
  const group = groupStream(groupId);
  const context = contextOf(caller, orderId, {
    asked: kind,
    terms,
    groupId,
    removeApp: order.removeApp === true || undefined,
    expect,
  });
  const before = await placedBefore(seatbook, orderId, context);
  if (typeof before === 'object') return before;
  const now = await membersOf(seatbook, order);
  const checked = await checkedOrder(seatbook, { ...order, ...now });
  await checkExpected(seatbook, checked, expect, async () => before === 'listing');
  const admitting: GroupCommand = { type: 'AdmitOrder', orderId, kind, terms };
  await seatbook.execute(group, admitting, { ...context, commandId: `${orderId}/admit` });
  const named = (await runner.look(group, (state) => namedBy(orderId, state))) ?? holderKeys(checked.holders);
  const exact = { ...checked.terms, holders: named.length, groupId };
  return list(seatbook, orderId, { terms: exact, holders: holdersOf(named) }, context);
}

/** An order with a scope is one for those whom the scope means now. A repeat finds the order as it was placed. */
async function placeScoped(seatbook: SeatbookEdge, order: ScopedOrder, caller: Caller): Promise<PlacedOrder> {
  const { kind, uId, scope, serialNumbers, userIds, groupId, expect } = order;
  const { ifShort, platform, fromReserve, removeApp } = order;
  const orderId = requestId(caller, seatbook.ids);
  const wish = kind === 'RolloutApp' ? {} : { ifShort, platform, fromReserve, removeApp };
  const asked = { asked: kind, uId, assets: checkedAssets(order.assets), scope, ...wish };
  const context = contextOf(caller, orderId, { ...asked, serialNumbers, userIds, groupId, expect });
  const before = await placedBefore(seatbook, orderId, context);
  if (typeof before === 'object') return before;
  const checked = await scopedOrder(seatbook, order);
  await checkExpected(seatbook, checked, expect, async () => before === 'listing');
  return list(seatbook, orderId, checked, context);
}

/** The order where the same request has placed it before; else how far it came. */
async function placedBefore(
  seatbook: SeatbookEdge,
  orderId: string,
  context: CommandContext,
): Promise<PlacedOrder | 'new' | 'key-taken' | 'listing'> {
  const stream = orderStream(orderId);
  const { state } = await seatbook.runner.load(stream);
  if (state.phase === 'new' || state.phase === 'key-taken' || state.phase === 'listing') return state.phase;
  const again: OrderCommand = { type: 'PlaceOrder', terms: state.terms, holders: NOBODY };
  const { position, repeated } = await seatbook.execute(stream, again, context);
  return { orderId, position, repeated, written: [] };
}

/** Lists the holders of an order, and places it. */
async function list(
  seatbook: SeatbookEdge,
  orderId: string,
  { terms, holders }: CheckedOrder,
  context: CommandContext,
): Promise<PlacedOrder> {
  const stream = orderStream(orderId);
  const lists = chunksOf(holderKeys(holders), MAX_HOLDERS).map(holdersOf);
  const last = lists.pop() ?? NOBODY;
  // What is installed follows from the settings, and is no part of what was asked for.
  const withInstalled = { ...terms, ...(await installedBy(seatbook, terms)) };
  const placing: OrderCommand = { type: 'PlaceOrder', terms: withInstalled, holders: last };
  if (lists.length === 0) {
    const options = { likelyAbsent: true, tellsEvents: true };
    const { position, repeated, written } = await seatbook.execute(stream, placing, context, options);
    return { orderId, position, repeated, written: written[0]?.revision === 0 ? written : [] };
  }
  const creating: OrderCommand = { type: 'CreateOrder', terms: withInstalled };
  const created = await seatbook.execute(stream, creating, context, { likelyAbsent: true });
  const listed = created.repeated ? await listsOf(seatbook, orderId, terms, holderKeys(holders)) : 0;
  for (const [index, list] of lists.entries()) {
    if (index < listed) continue;
    const listing: OrderCommand = { type: 'ListHolders', index, holders: list };
    await seatbook.execute(stream, listing, { ...context, commandId: `${orderId}/list/${index}` });
  }
  const { position } = await seatbook.execute(stream, placing, { ...context, commandId: `${orderId}/place` });
  return { orderId, position, repeated: created.repeated, written: [] };
}

/** Lists written so far; all of them where the order was placed already. */
async function listsOf(
  { runner }: SeatbookEdge,
  orderId: string,
  { holders, targets = [] }: OrderTerms,
  keys: readonly HolderKey[],
): Promise<number> {
  const { state: order } = await runner.load(orderStream(orderId));
  if (order.phase !== 'listing') return Infinity;
  const { terms, listed, lists } = order;
  const same = terms.holders === holders && (terms.targets ?? []).join() === targets.join();
  if (same && listed.every((key, index) => key === keys[index])) return lists;
  throw new Refusal(
    'REJECTED_ORDER_ABANDONED',
    'those whom it means have changed since the order began to be placed; order again with a new Idempotency-Key',
    { phase: order.phase },
  );
}

/** Gives all back that a device or a person holds or waits for. The ledgers decide what is true when they answer. */
export async function returnAll(
  seatbook: SeatbookEdge,
  { removeApp, expect, ...all }: ReturnAll,
  caller: Caller,
): Promise<PlacedOrder> {
  // What is held by now is not what was held at the first time: a repeat is about the same assets.
  const order = await returnOfAll(seatbook, all, () => orderedBefore(seatbook, caller));
  return placeOrder(seatbook, { ...order, removeApp, expect }, caller, 'ReturnAll');
}

/** Assets of the order that this request has placed already; null for a new request. */
async function orderedBefore(
  { runner, ids }: SeatbookEdge,
  caller: Caller,
): Promise<readonly AssetId[] | null> {
  if (caller.idempotencyKey === undefined) return null;
  const { state } = await runner.load(orderStream(requestId(caller, ids)));
  return state.phase === 'new' || state.phase === 'key-taken' ? null : state.terms.assets;
}

/** Ends what an order still waits for; what it has, it keeps. */
export async function cancelWaiting(
  seatbook: SeatbookEdge,
  { orderId }: CancelWaiting,
  caller: Caller,
): Promise<PlacedOrder> {
  const body = { orderId };
  const id = `${await takenId(seatbook, caller, 'CancelWaiting', body)}/cancel`;
  const context = contextOf(caller, id, body);
  const { position, repeated } = await seatbook.execute(
    orderStream(orderId),
    { type: 'CancelWaiting' },
    context,
  );
  return { orderId, position, repeated, written: [] };
}

export const orderCommands = {
  AssignLicense: assignLicense,
  ReturnLicense: returnLicense,
  ReturnAll: returnAll,
  ReassignLicense: reassignLicense,
  RolloutApp: rolloutApp,
  CancelWaiting: cancelWaiting,
};
