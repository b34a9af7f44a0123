import {
  accountStream,
  queryModels,
  reconciliationStream,
  unknownAccount,
  type AccountDocument,
} from '@seatbook/licensing';
import type { Receipt } from '@seatbook/runtime';
import { contextOf, requestId, type Caller } from './principal.js';
import type { Position } from '@seatbook/kernel';
import type { Reflected, PageOf, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** One account, by its id at Apple. */
export interface NamedAccount {
  readonly uId: string;
}

export interface AccountFound {
  readonly account: AccountDocument;
  /** Assets whose assignments are in the ledger; null when the first read is over. */
  readonly assetsRead: number | null;
  readonly asOf: Reflected;
}

/** Accounts in the order of their import, which no new name changes. */
export const listAccounts = ({ reader }: SeatbookEdge, page: WantedPage): PageOf<'accounts'> =>
  reader.page(queryModels.accounts, { index: 'by-import', equals: [] }, page);

/** @throws Refusal NOT_FOUND_ACCOUNT */
export async function getAccount(
  { reader }: SeatbookEdge,
  { uId, position }: NamedAccount & { readonly position?: Position | undefined },
): Promise<AccountFound> {
  const { document: account, asOf } = await reader.get(queryModels.accounts, uId, position);
  if (!account) throw unknownAccount();
  if (account.firstReadAt !== null) return { account, assetsRead: null, asOf };
  let assetsRead = 0;
  const assets = reader.all(queryModels.assets, { index: 'by-account', equals: [uId] });
  for await (const { baseline } of assets) if (baseline) assetsRead += 1;
  return { account, assetsRead, asOf };
}

/** Marks a location as ours that another MDM has taken. @throws Refusal REJECTED_NOT_CONFLICTED */
export function takeOver(seatbook: SeatbookEdge, { uId }: NamedAccount, caller: Caller): Promise<Receipt> {
  const context = contextOf(caller, requestId(caller, seatbook.ids), { takeOver: uId });
  return seatbook.execute(accountStream(uId), { type: 'TakeOver' }, context);
}

/** Gives an account another name for people. Orders and events name it by its id, so nothing else changes. */
export function renameAccount(
  seatbook: SeatbookEdge,
  { uId, name }: NamedAccount & { readonly name: string },
  caller: Caller,
): Promise<Receipt> {
  const context = contextOf(caller, requestId(caller, seatbook.ids), { rename: uId, name });
  return seatbook.execute(accountStream(uId), { type: 'RenameAccount', name }, context);
}

/** Reads the totals of all assets now. @throws Refusal NOT_FOUND_ACCOUNT */
export async function syncAccount(
  seatbook: SeatbookEdge,
  { uId }: NamedAccount,
  caller: Caller,
): Promise<Receipt> {
  await mustExist(seatbook, uId);
  const reason = `asked for by ${caller.principal}`;
  const command = { type: 'RequestTotals', reason, delayMs: 0 } as const;
  const context = contextOf(caller, requestId(caller, seatbook.ids), { sync: uId });
  return seatbook.execute(reconciliationStream(uId), command, context);
}

/** @throws Refusal NOT_FOUND_ACCOUNT for an account that was never imported */
export async function mustExist({ runner }: SeatbookEdge, uId: string): Promise<void> {
  const { state } = await runner.load(accountStream(uId));
  if (state.phase === 'new') throw unknownAccount();
}

export const accountCommands = { TakeOver: takeOver, RenameAccount: renameAccount, SyncAccount: syncAccount };

export const accountQueries = { ListAccounts: listAccounts, GetAccount: getAccount };
