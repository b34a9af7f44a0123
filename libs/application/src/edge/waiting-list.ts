import type { Instant } from '@seatbook/kernel';
import {
  assetKey,
  assetStream,
  holdersOf,
  pairKey,
  placesAfter,
  queryModels,
  type AssetId,
  type HolderKey,
  type Place,
} from '@seatbook/licensing';
import type { Receipt } from '@seatbook/runtime';
import { mustBeImported } from './accounts.js';
import { noSuchAsset } from './assets.js';
import { cursorAt, placeOf } from './page-of-list.js';
import type { Caller } from './principal.js';
import type { ReflectedPage, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenContext } from './taken-key.js';

/** The waiting list of one asset. */
export interface NamedWaitingList {
  readonly uId: string;
  readonly asset: AssetId;
}

export interface WaitingPair extends Place {
  /** When it came into the waiting list; null where that is not shown yet, or it has just left. */
  readonly since: Instant | null;
}

export interface MoveWaiting extends NamedWaitingList {
  readonly to: 'front' | 'back';
  /** Only pairs of this order, all of them where no holders are named. */
  readonly orderId?: string | undefined;
  readonly holders?: readonly HolderKey[] | undefined;
}

export interface LeaveWaiting extends NamedWaitingList {
  readonly holders: readonly HolderKey[];
}

/**
 * The waiting list in its order, as the ledger has it now. It moves while it is read: where the last pair of a page waits
 * no more, the next page is the head of the list. @throws Refusal NOT_FOUND_ASSET
 */
export async function listWaiting(
  { runner, reader }: SeatbookEdge,
  { uId, asset, part, position }: NamedWaitingList & WantedPage,
): Promise<ReflectedPage<WaitingPair>> {
  const key = assetKey(uId, asset);
  const { document } = await reader.get(queryModels.assets, key, position);
  if (!document) throw noSuchAsset(asset);
  const after = part.cursor === undefined ? null : placeOf(part.cursor);
  const asOf = await reader.head();
  const places = await runner.look(assetStream(uId, asset), (ledger) =>
    placesAfter(after, part.limit + 1, ledger),
  );
  const page = places.slice(0, part.limit);
  await reader.reach(queryModels.pairs, position);
  const pairs = await reader.getMany(
    queryModels.pairs,
    page.map(({ holder }) => pairKey(key, holder)),
  );
  const rows = page.map((place) => {
    const pair = pairs.get(pairKey(key, place.holder));
    return { ...place, since: pair?.state === 'waiting' ? pair.since : null };
  });
  const last = page.at(-1);
  return { rows, next: places.length > page.length && last ? cursorAt(last.holder) : null, asOf };
}

/**
 * Has waiting pairs served before all others, or after them. In between they keep their order.
 * @throws Refusal NOT_FOUND_ACCOUNT, REJECTED_NOT_WAITING where no such pair waits
 */
export async function moveWaiting(
  seatbook: SeatbookEdge,
  { uId, asset, to, orderId, holders }: MoveWaiting,
  caller: Caller,
): Promise<Receipt> {
  await mustBeImported(seatbook, uId);
  const body = { move: assetKey(uId, asset), to, orderId, holders };
  const context = await takenContext(seatbook, caller, 'MoveWaiting', body);
  const moved = { orderId: orderId ?? null, holders: holders ? holdersOf(holders) : null, to };
  return seatbook.execute(assetStream(uId, asset), { type: 'MoveWaiting', ...moved }, context);
}

/**
 * Takes holders off the waiting list, whatever order they wait for. Who has a licence by now keeps it.
 * @throws Refusal NOT_FOUND_ACCOUNT, REJECTED_NOT_WAITING where none of them waits
 */
export async function leaveWaiting(
  seatbook: SeatbookEdge,
  { uId, asset, holders }: LeaveWaiting,
  caller: Caller,
): Promise<Receipt> {
  await mustBeImported(seatbook, uId);
  const context = await takenContext(seatbook, caller, 'LeaveWaiting', {
    leave: assetKey(uId, asset),
    holders,
  });
  const leaving = { type: 'LeaveWaiting', holders: holdersOf(holders) } as const;
  return seatbook.execute(assetStream(uId, asset), leaving, context);
}

export const waitingCommands = { MoveWaiting: moveWaiting, LeaveWaiting: leaveWaiting };

export const waitingQueries = { ListWaiting: listWaiting };
