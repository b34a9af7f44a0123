import { Refusal, chunksOf, type Envelope, type Position } from '@seatbook/kernel';
import {
  MAX_HOLDERS,
  NOBODY,
  groupStream,
  canonicalHolder,
  holderKeys,
  holdersOf,
  namedBy,
  orderStream,
  orderedSerials,
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
import type { SeatbookEdge } from './seatbook-edge.js';
import { returnOfAll, type AllOfHolder } from './return-of-all.js';
import { takenId } from './taken-key.js';

/** What an order to assign names. */
export type AssignLicense = Omit<OrderRequest, 'kind'>;

/** What an order to return names. */
export type ReturnLicense = Pick<
  OrderRequest,
  'uId' | 'assets' | 'serialNumbers' | 'userIds' | 'groupId' | 'expect'
>;

/** What a rollout names. */
export type RolloutApp = Pick<OrderRequest, 'uId' | 'assets' | 'serialNumbers' | 'groupId' | 'expect'>;

/** What an order to reassign names. */
export interface ReassignLicense extends Pick<OrderRequest, 'uId' | 'assets' | 'allowUnenrolled'> {
  readonly from: HolderKey;
  readonly to: HolderKey;
}

/** What a return of all that somebody has names. */
export type ReturnAll = AllOfHolder & Pick<OrderRequest, 'expect'>;

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

/** Installs each of the assets on each of the devices that has, or is getting, its licence. */
export const rolloutApp = (seatbook: SeatbookEdge, order: RolloutApp, caller: Caller): Promise<PlacedOrder> =>
  placeOrder(seatbook, { ...order, ...RETURNED, kind: 'RolloutApp' }, caller);

/** Gives licences back, whatever Apple lists. What is not held is an outcome, not an error. */
export const returnLicense = (
  seatbook: SeatbookEdge,
  order: ReturnLicense,
  caller: Caller,
): Promise<PlacedOrder> => placeOrder(seatbook, { ...order, ...RETURNED, kind: 'ReturnLicense' }, caller);

/**
 * Has each of the licences go from one holder to another: the one gives it back, and it is the other one's as soon as it
 * has come back. Where the receiver has one already, or the giver has none, nothing changes.
 * @throws Refusal INVALID_HOLDER where both are the same
 */
export async function reassignLicense(
  seatbook: SeatbookEdge,
  { uId, assets, from, to, allowUnenrolled }: ReassignLicense,
  caller: Caller,
): Promise<PlacedOrder> {
  const receiver = holdersOf([to]);
  // Whatever Apple lists may be given back; what is assigned has the form of a serial number.
  const serialNumbers = orderedSerials(receiver.serialNumbers, 'assign');
  const [giver, heir] = [canonicalHolder(from), canonicalHolder(to)];
  if (giver === heir) throw new Refusal('INVALID_HOLDER', 'a licence goes from one holder to another one');
  const named = holdersOf([giver, ...holderKeys({ ...receiver, serialNumbers })]);
  const order = {
    kind: 'ReassignLicense',
    uId,
    assets,
    ...named,
    giver,
    allowUnenrolled,
    ...RETURNED,
  } as const;
  return placeOrder(seatbook, order, caller);
}

/** Nothing is short, and no platform is wrong, where no licence is given. */
const RETURNED = { ifShort: 'wait', platform: null } as const;

/**
 * Places an order. Its id follows from principal and Idempotency-Key, so a repeat finds it and a listing that broke off
 * goes on where it stopped. `asked`: the kind that the request names, which a repeat names again.
 * @throws Refusal of {@link checkedOrder} and {@link checkExpected}
 */
export async function placeOrder(
  seatbook: SeatbookEdge,
  order: OrderRequest,
  caller: Caller,
  asked: 'ReturnAll' | OrderKind = order.kind,
): Promise<PlacedOrder> {
  const { ids } = seatbook;
  const { expect, groupId } = order;
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
  const [stream, group] = [orderStream(orderId), groupStream(groupId)];
  const context = contextOf(caller, orderId, { asked: kind, terms, groupId, expect });
  const { state: before } = await runner.load(stream);
  if (before.phase !== 'new' && before.phase !== 'key-taken' && before.phase !== 'listing') {
    const again: OrderCommand = { type: 'PlaceOrder', terms: before.terms, holders: NOBODY };
    const { position, repeated } = await seatbook.execute(stream, again, context);
    return { orderId, position, repeated, written: [] };
  }
  const now = await membersOf(seatbook, order);
  const checked = await checkedOrder(seatbook, { ...order, ...now });
  await checkExpected(seatbook, checked, expect, async () => before.phase === 'listing');
  const admitting: GroupCommand = { type: 'AdmitOrder', orderId, kind, terms };
  await seatbook.execute(group, admitting, { ...context, commandId: `${orderId}/admit` });
  const named = (await runner.look(group, (state) => namedBy(orderId, state))) ?? holderKeys(checked.holders);
  const exact = { ...checked.terms, holders: named.length, groupId };
  return list(seatbook, orderId, { terms: exact, holders: holdersOf(named) }, context);
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
  const listed = created.repeated ? await listsOf(seatbook, orderId, terms) : 0;
  for (const [index, list] of lists.entries()) {
    if (index < listed) continue;
    const listing: OrderCommand = { type: 'ListHolders', index, holders: list };
    await seatbook.execute(stream, listing, { ...context, commandId: `${orderId}/list/${index}` });
  }
  const { position } = await seatbook.execute(stream, placing, { ...context, commandId: `${orderId}/place` });
  return { orderId, position, repeated: created.repeated, written: [] };
}

/** Lists written so far; all of them where the order was placed already. */
async function listsOf({ runner }: SeatbookEdge, orderId: string, { holders }: OrderTerms): Promise<number> {
  const { state: order } = await runner.load(orderStream(orderId));
  if (order.phase !== 'listing') return Infinity;
  if (order.terms.holders === holders) return order.lists;
  throw new Refusal(
    'REJECTED_ORDER_ABANDONED',
    'the group has changed since the order began to be placed; order again with a new Idempotency-Key',
    { phase: order.phase },
  );
}

/** Gives all back that a device or a person holds or waits for. The ledgers decide what is true when they answer. */
export async function returnAll(
  seatbook: SeatbookEdge,
  { expect, ...all }: ReturnAll,
  caller: Caller,
): Promise<PlacedOrder> {
  // What is held by now is not what was held at the first time: a repeat is about the same assets.
  const order = await returnOfAll(seatbook, all, () => orderedBefore(seatbook, caller));
  return placeOrder(seatbook, { ...order, expect }, caller, 'ReturnAll');
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
