import { Refusal, chunksOf, type Position } from '@seatbook/kernel';
import {
  MAX_HOLDERS,
  MAX_PAIRS,
  idOfAsset,
  orderStream,
  orderedSerials,
  queryModels,
  type AssetId,
  type OrderCommand,
  type OrderKind,
  type OrderTerms,
} from '@seatbook/licensing';
import { mustExist } from './accounts.js';
import { pairsOfHolder } from './pairs.js';
import { contextOf, requestId, type Caller } from './principal.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenId } from './taken-key.js';

export interface OrderRequest {
  readonly kind: OrderKind;
  readonly uId: string;
  readonly assets: readonly AssetId[];
  readonly serialNumbers: readonly string[];
  readonly ifShort: 'wait' | 'refuse';
  readonly platform: string | null;
}

/** What an order to assign names. */
export type AssignLicense = Omit<OrderRequest, 'kind'>;

/** What an order to return names. */
export type ReturnLicense = Pick<OrderRequest, 'uId' | 'assets' | 'serialNumbers'>;

export interface ReturnAll {
  readonly uId: string;
  readonly serialNumber: string;
}

export interface CancelWaiting {
  readonly orderId: string;
}

export interface PlacedOrder {
  readonly orderId: string;
  readonly position: Position;
  /** The same request had been made before. */
  readonly repeated: boolean;
}

/** Assigns licences: each of the assets to each of the devices. */
export const assignLicense = (
  seatbook: SeatbookEdge,
  order: AssignLicense,
  caller: Caller,
): Promise<PlacedOrder> => placeOrder(seatbook, { ...order, kind: 'AssignLicense' }, caller);

/** Gives licences back, whatever Apple lists. What is not held is an outcome, not an error. */
export const returnLicense = (
  seatbook: SeatbookEdge,
  { uId, assets, serialNumbers }: ReturnLicense,
  caller: Caller,
): Promise<PlacedOrder> =>
  placeOrder(seatbook, { kind: 'ReturnLicense', uId, assets, serialNumbers, ...RETURNED }, caller);

/** Nothing is short, and no platform is wrong, where licences are given back. */
const RETURNED = { ifShort: 'wait', platform: null } as const;

/**
 * Places an order. Its id follows from principal and Idempotency-Key, so a repeat finds it and a listing that broke off
 * goes on where it stopped. `asked`: the kind that the request names, which a repeat names again.
 */
export async function placeOrder(
  seatbook: SeatbookEdge,
  order: OrderRequest,
  caller: Caller,
  asked: 'ReturnAll' | OrderKind = order.kind,
): Promise<PlacedOrder> {
  const { ids } = seatbook;
  const { terms, serialNumbers } = await checkedOrder(seatbook, order);
  const orderId = requestId(caller, ids);
  const stream = orderStream(orderId);
  const context = contextOf(caller, orderId, { asked, terms, serialNumbers });
  const lists = chunksOf(serialNumbers, MAX_HOLDERS);
  const last = lists.pop() ?? [];
  const placing: OrderCommand = { type: 'PlaceOrder', terms, holders: { serialNumbers: last, userIds: [] } };
  if (lists.length === 0) {
    const { position, repeated } = await seatbook.execute(stream, placing, context, { likelyAbsent: true });
    return { orderId, position, repeated };
  }
  const creating: OrderCommand = { type: 'CreateOrder', terms };
  const created = await seatbook.execute(stream, creating, context, { likelyAbsent: true });
  const listed = created.repeated ? await listsOf(seatbook, orderId) : 0;
  for (const [index, chunk] of lists.entries()) {
    if (index < listed) continue;
    const listing: OrderCommand = {
      type: 'ListHolders',
      index,
      holders: { serialNumbers: chunk, userIds: [] },
    };
    await seatbook.execute(stream, listing, { ...context, commandId: `${orderId}/list/${index}` });
  }
  const { position } = await seatbook.execute(stream, placing, { ...context, commandId: `${orderId}/place` });
  return { orderId, position, repeated: created.repeated };
}

/**
 * What an order says, as the ledgers are asked it.
 * @throws Refusal INVALID_SERIAL_NUMBER, INVALID_ASSET, INVALID_ORDER_SIZE, INVALID_ORDER_EMPTY, NOT_FOUND_ACCOUNT,
 *   REJECTED_UNKNOWN_ASSET
 */
export async function checkedOrder(
  seatbook: SeatbookEdge,
  { kind, uId, ifShort, platform, ...listed }: OrderRequest,
): Promise<{ terms: OrderTerms; serialNumbers: string[] }> {
  const serialNumbers = orderedSerials(listed.serialNumbers, kind === 'AssignLicense' ? 'assign' : 'return');
  const assets = checkedAssets(listed.assets);
  const terms: OrderTerms = { kind, uId, assets, ifShort, platform, holders: serialNumbers.length };
  checkSize(terms);
  if (!seatbook.assets.has(uId, assets)) await checkKnown(seatbook, uId, assets);
  return { terms, serialNumbers };
}

/** Lists written so far; all of them where the order was placed already. */
async function listsOf({ runner }: SeatbookEdge, orderId: string): Promise<number> {
  const { state: order } = await runner.load(orderStream(orderId));
  return order.phase === 'listing' ? order.lists : Infinity;
}

/** All that a device holds or waits for in an account, as a return. The ledgers decide what is true when they answer. */
export async function returnAll(
  seatbook: SeatbookEdge,
  { uId, serialNumber }: ReturnAll,
  caller: Caller,
): Promise<PlacedOrder> {
  const [serial] = orderedSerials([serialNumber], 'return') as [string];
  await seatbook.reader.reachHead(queryModels.pairs);
  await mustExist(seatbook, uId);
  // What is held by now is not what was held at the first time: a repeat is about the same assets.
  const assets = (await orderedBefore(seatbook, caller)) ?? (await assetsHeldBy(seatbook, uId, serial));
  if (assets.length === 0) {
    throw new Refusal(
      'REJECTED_NOTHING_HELD',
      'this device holds no licence of this account and waits for none',
      {
        serialNumber: serial,
      },
    );
  }
  const order = { kind: 'ReturnLicense', uId, assets, serialNumbers: [serial], ...RETURNED } as const;
  return placeOrder(seatbook, order, caller, 'ReturnAll');
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

async function assetsHeldBy({ reader }: SeatbookEdge, uId: string, serialNumber: string): Promise<AssetId[]> {
  const assets: AssetId[] = [];
  for await (const pair of pairsOfHolder(reader, `d:${serialNumber}`, uId)) {
    const { state, adamId, pricingParam } = pair;
    if (state !== 'failed') assets.push({ adamId, pricingParam });
  }
  return assets;
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
  return { orderId, position, repeated };
}

function checkSize({ assets, holders }: OrderTerms): void {
  const pairs = assets.length * holders;
  if (pairs === 0)
    throw new Refusal('INVALID_ORDER_EMPTY', 'an order names at least one asset and one holder');
  if (pairs > MAX_PAIRS) {
    throw new Refusal(
      'INVALID_ORDER_SIZE',
      `an order names at most ${MAX_PAIRS} pairs (assets × holders); split it`,
      {
        pairs,
        maxPairs: MAX_PAIRS,
      },
    );
  }
}

function checkedAssets(assets: readonly AssetId[]): AssetId[] {
  const unique = new Map(
    assets.map(({ adamId, pricingParam }) => [idOfAsset({ adamId, pricingParam }), { adamId, pricingParam }]),
  );
  for (const { adamId, pricingParam } of unique.values()) {
    if (!/^\d{1,20}$/.test(adamId) || !/^[A-Z]{1,10}$/.test(pricingParam)) {
      throw new Refusal('INVALID_ASSET', 'an asset is an adamId (digits) and a pricingParam (STDQ or PLUS)', {
        assetId: `${adamId.slice(0, 40)}.${pricingParam.slice(0, 40)}`,
      });
    }
  }
  return [...unique.values()].sort((one, other) => (idOfAsset(one) < idOfAsset(other) ? -1 : 1));
}

/** The account exists; and once its list was read to the end, every asset is on it. */
async function checkKnown(seatbook: SeatbookEdge, uId: string, assets: readonly AssetId[]): Promise<void> {
  await mustExist(seatbook, uId);
  await seatbook.assets.check(uId, assets);
}

export const orderCommands = {
  AssignLicense: assignLicense,
  ReturnLicense: returnLicense,
  ReturnAll: returnAll,
  CancelWaiting: cancelWaiting,
};
