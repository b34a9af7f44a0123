import {
  accountStream,
  queryModels,
  unknownAccount,
  type AccountDocument,
  type AssignmentType,
  type Licences,
} from '@seatbook/licensing';
import type { Receipt } from '@seatbook/runtime';
import type { Caller } from './principal.js';
import type { Instant, Position } from '@seatbook/kernel';
import type { Reflected, PageOf, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenContext } from './taken-key.js';

/** One account, by its id at Apple. */
export interface NamedAccount {
  readonly uId: string;
}

/** What is asked of an account may depend on what was seen of it. */
export interface GuardedAccount extends NamedAccount {
  /** Refused where the account has another version; left out: whatever it is. */
  readonly ifVersion?: number | undefined;
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

/** More accounts are not measured. */
const MAX_MEASURED = 1_000;

/** Accounts for metrics, in the order of their import, and the moment of the look. */
export async function measureAccounts({
  reader,
  clock,
}: SeatbookEdge): Promise<{ readonly accounts: readonly AccountDocument[]; readonly now: Instant }> {
  const accounts: AccountDocument[] = [];
  for await (const account of reader.all(queryModels.accounts, { index: 'by-import', equals: [] })) {
    if (accounts.length === MAX_MEASURED) break;
    accounts.push(account);
  }
  return { accounts, now: clock.now() };
}

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

/**
 * An account with its version. Where it is changed after this look, a command that names the version is refused: what
 * it was decided on is no more. @throws Refusal NOT_FOUND_ACCOUNT
 */
export async function getAccountVersion(
  seatbook: SeatbookEdge,
  { uId }: NamedAccount,
): Promise<{ readonly found: AccountFound; readonly version: number }> {
  const { state, position } = await seatbook.runner.load(accountStream(uId));
  if (state.phase !== 'imported') throw unknownAccount();
  return { found: await getAccount(seatbook, { uId, position }), version: state.version };
}

/** Marks a location as ours that another MDM has taken. @throws Refusal REJECTED_NOT_CONFLICTED, CONFLICT_VERSION */
export async function takeOver(
  seatbook: SeatbookEdge,
  { uId, ifVersion }: GuardedAccount,
  caller: Caller,
): Promise<Receipt> {
  const context = await takenContext(seatbook, caller, 'TakeOver', { takeOver: uId });
  return seatbook.execute(accountStream(uId), { type: 'TakeOver', ifVersion }, context);
}

/**
 * Gives a location up: all open work of it ends, its licences go back or stay, and Apple is told. Goes on by itself; the
 * account shows how far it is. @throws Refusal REJECTED_NOT_OURS, CONFLICT_VERSION
 */
export async function giveUpLocation(
  seatbook: SeatbookEdge,
  { uId, licences, ifVersion }: GuardedAccount & { readonly licences: Licences },
  caller: Caller,
): Promise<Receipt> {
  const context = await takenContext(seatbook, caller, 'GiveUpLocation', { giveUp: uId, licences });
  return seatbook.execute(accountStream(uId), { type: 'GiveUpLocation', licences, ifVersion }, context);
}

/**
 * Removes an account that does no work any more: it was given up, another MDM has its location, or its token is dead.
 * What is open ends as failed or cancelled, its secrets are forgotten, and its history stays. The location may be
 * imported again. @throws Refusal REJECTED_ACCOUNT_IN_USE, CONFLICT_VERSION
 */
export async function removeAccount(
  seatbook: SeatbookEdge,
  { uId, ifVersion }: GuardedAccount,
  caller: Caller,
): Promise<Receipt> {
  const context = await takenContext(seatbook, caller, 'RemoveAccount', { remove: uId });
  return seatbook.execute(accountStream(uId), { type: 'RemoveAccount', ifVersion }, context);
}

/**
 * Gives an account another name for people. Orders and events name it by its id, so nothing else changes.
 * @throws Refusal CONFLICT_VERSION
 */
export async function renameAccount(
  seatbook: SeatbookEdge,
  { uId, name, ifVersion }: GuardedAccount & { readonly name: string },
  caller: Caller,
): Promise<Receipt> {
  const context = await takenContext(seatbook, caller, 'RenameAccount', { rename: uId, name });
  return seatbook.execute(accountStream(uId), { type: 'RenameAccount', name, ifVersion }, context);
}

/**
 * Sets to whom an account assigns by default. It governs what is assigned and who is activated from now on; what is
 * assigned stays as it is. @throws Refusal CONFLICT_VERSION
 */
export async function setAssignmentType(
  seatbook: SeatbookEdge,
  { uId, assignmentType, ifVersion }: GuardedAccount & { readonly assignmentType: AssignmentType },
  caller: Caller,
): Promise<Receipt> {
  const body = { assignsTo: uId, assignmentType };
  const context = await takenContext(seatbook, caller, 'SetAssignmentType', body);
  return seatbook.execute(
    accountStream(uId),
    { type: 'SetAssignmentType', assignmentType, ifVersion },
    context,
  );
}

/**
 * For what is read: the history of an account that was removed stays.
 * @throws Refusal NOT_FOUND_ACCOUNT for an account that was never imported
 */
export async function mustExist({ runner }: SeatbookEdge, uId: string): Promise<void> {
  const { state } = await runner.load(accountStream(uId));
  if (state.phase === 'new') throw unknownAccount();
}

/** For what is asked of an account. @throws Refusal NOT_FOUND_ACCOUNT for one that was never imported, or was removed */
export async function mustBeImported({ runner }: SeatbookEdge, uId: string): Promise<void> {
  const { state } = await runner.load(accountStream(uId));
  if (state.phase !== 'imported') throw unknownAccount();
}

export const accountCommands = {
  TakeOver: takeOver,
  GiveUpLocation: giveUpLocation,
  RenameAccount: renameAccount,
  SetAssignmentType: setAssignmentType,
  RemoveAccount: removeAccount,
};

export const accountQueries = {
  ListAccounts: listAccounts,
  MeasureAccounts: measureAccounts,
  GetAccount: getAccount,
  GetAccountVersion: getAccountVersion,
};
