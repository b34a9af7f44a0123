import { Refusal, type Position } from '@seatbook/kernel';
import { queryModels, reconciliationStream, type SyncDocument } from '@seatbook/licensing';
import { mustBeImported, mustExist } from './accounts.js';
import { contextOf, type Caller } from './principal.js';
import type { PageOf, Reflected, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenId } from './taken-key.js';

export interface SyncAccount {
  readonly uId: string;
  /** All assets are walked, not only those that differ. */
  readonly full: boolean;
}

export interface RequestedSync {
  readonly syncId: string;
  readonly position: Position;
}

export interface SyncFound {
  readonly sync: SyncDocument;
  readonly asOf: Reflected;
}

/** Compares an account with Apple now. @throws Refusal NOT_FOUND_ACCOUNT, THROTTLED when too many wait already */
export async function syncAccount(
  seatbook: SeatbookEdge,
  { uId, full }: SyncAccount,
  caller: Caller,
): Promise<RequestedSync> {
  await mustBeImported(seatbook, uId);
  const body = { sync: uId, full };
  const syncId = await takenId(seatbook, caller, 'SyncAccount', body);
  const context = contextOf(caller, syncId, body);
  const command = { type: 'RequestSync', syncId, full } as const;
  const { position } = await seatbook.execute(reconciliationStream(uId), command, context);
  return { syncId, position };
}

/** @throws Refusal NOT_FOUND_SYNC */
export async function getSync(
  { reader }: SeatbookEdge,
  { uId, syncId, position }: { uId: string; syncId: string; position?: Position | undefined },
): Promise<SyncFound> {
  const { document: sync, asOf } = await reader.get(queryModels.syncs, syncId, position);
  if (sync?.uId !== uId) throw new Refusal('NOT_FOUND_SYNC', 'this account has no such sync');
  return { sync, asOf };
}

/** Syncs of an account, the last one first. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listSyncs(
  seatbook: SeatbookEdge,
  { uId, ...page }: WantedPage & { readonly uId: string },
): PageOf<'syncs'> {
  await mustExist(seatbook, uId);
  const rows = { index: 'by-account', equals: [uId], descending: true } as const;
  return seatbook.reader.page(queryModels.syncs, rows, page);
}

export const syncCommands = { SyncAccount: syncAccount };

export const syncQueries = { GetSync: getSync, ListSyncs: listSyncs };
