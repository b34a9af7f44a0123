import { decodeToken, fingerprintOf } from '@seatbook/apple/formats';
import { Refusal, refusalOf, type KeptRefusal, type Milliseconds, type Position } from '@seatbook/kernel';
import {
  importStream,
  mayBeRepeated,
  type AccountSettings,
  type ImportCommand,
  type RequestedImport,
} from '@seatbook/licensing';
import { importedTokenName } from '../foundation/secret-names.js';
import { mustBeImported } from './accounts.js';
import { lookUntil } from './look-until.js';
import { contextOf, type Caller } from './principal.js';
import type { Reflected } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenId } from './taken-key.js';

export interface ImportToken {
  /** The content token's file: text or bytes, as pasted or uploaded. A secret. */
  readonly file: string | Uint8Array;
  readonly settings: AccountSettings;
  /** Take the location over from the MDM that manages it now. */
  readonly takeOver: boolean;
}

export interface RenewToken {
  readonly uId: string;
  /** As for an import. */
  readonly file: string | Uint8Array;
  /** Refused where the account has another version; left out: whatever it is. */
  readonly ifVersion?: number | undefined;
}

/** An import that was not refused. */
export interface Imported {
  readonly importId: string;
  /** The account that took the token; null where nobody has said anything in time, and the import goes on. */
  readonly uId: string | null;
  /** All that the import has done stands at or below this position. */
  readonly position: Position;
  /** The same request had been accepted before. */
  readonly repeated: boolean;
}

/** Longest wait for Apple and the account; Apple's own time-out is shorter. */
const IMPORT_WAIT_MS: Milliseconds = 40_000;

/** How an import stands. */
export interface ImportFound {
  readonly importId: string;
  readonly kind: RequestedImport['kind'];
  readonly state: 'working' | 'accepted' | 'refused';
  /** The account that took the token. */
  readonly uId: string | null;
  /** Why it was refused. */
  readonly refusal: KeptRefusal | null;
  readonly asOf: Reflected;
}

/**
 * Imports a location: checks the file, seals the token and has the worker ask Apple whose it is; the account is created
 * with its settings in one step. A refusal anywhere leaves nothing behind.
 * @throws Refusal what file, Apple or account say
 */
export function importToken(
  seatbook: SeatbookEdge,
  { file, settings, takeOver }: ImportToken,
  caller: Caller,
): Promise<Imported> {
  return request(seatbook, file, caller, { kind: 'import', settings, takeOver });
}

/**
 * Replaces the token of an account by another one of the same location; everything else stays as it is.
 * @throws Refusal NOT_FOUND_ACCOUNT, CONFLICT_VERSION, and as an import does
 */
export async function renewToken(
  seatbook: SeatbookEdge,
  { uId, file, ifVersion }: RenewToken,
  caller: Caller,
): Promise<Imported> {
  await mustBeImported(seatbook, uId);
  return request(seatbook, file, caller, { kind: 'renew', uId }, ifVersion);
}

type Wish =
  | Pick<RequestedImport & { kind: 'import' }, 'kind' | 'settings' | 'takeOver'>
  | Pick<RequestedImport & { kind: 'renew' }, 'kind' | 'uId'>;

async function request(
  seatbook: SeatbookEdge,
  file: string | Uint8Array,
  caller: Caller,
  wish: Wish,
  ifVersion?: number,
): Promise<Imported> {
  const { clock, stores, runner } = seatbook;
  const { token, expiresAt, orgName } = decodeToken(file, clock.now());
  const fingerprint = fingerprintOf(token);
  const body = { ...wish, fingerprint };
  const importId = await takenId(seatbook, caller, NAMES[wish.kind], body);
  const stream = importStream(importId);
  const context = contextOf(caller, importId, body);
  const command: ImportCommand = {
    type: 'RequestImport',
    request: { ...wish, ...(wish.kind === 'renew' ? { ifVersion } : {}), fingerprint, expiresAt, orgName },
  };
  const seal = (): Promise<void> => stores.secrets.put(importedTokenName(importId, fingerprint), token);
  const { state, revision } = await runner.load(stream);
  if (state.phase === 'none') await seal();
  // The same request goes on waiting for the same import; another one under its key is refused here.
  await seatbook.execute(stream, command, context);
  if (mayBeRepeated(state)) {
    await seal();
    await seatbook.execute(stream, command, { ...context, commandId: `${importId}/${revision}` });
  }
  return { ...(await outcomeOf(seatbook, importId)), repeated: state.phase === 'accepted' };
}

const NAMES = { import: 'ImportToken', renew: 'RenewToken' } as const;

/** How the import ended, where it has ended in time. @throws Refusal where it was refused */
async function outcomeOf(
  { runner, clock, options }: SeatbookEdge,
  importId: string,
): Promise<Omit<Imported, 'repeated'>> {
  const look = () => runner.load(importStream(importId));
  const ended = await lookUntil(clock, options.importWaitMs ?? IMPORT_WAIT_MS, async () => {
    const { state, position } = await look();
    return state.phase === 'accepted' || state.phase === 'refused' ? { ...state, position } : null;
  });
  if (ended === null) return { importId, uId: null, position: (await look()).position };
  if (ended.phase === 'accepted') return { importId, uId: ended.uId, position: ended.position };
  throw refusalOf(ended.refusal);
}

/** An import, while it goes on and afterwards. @throws Refusal NOT_FOUND_IMPORT */
export async function getImport(
  { runner, reader }: SeatbookEdge,
  { importId }: { readonly importId: string },
): Promise<ImportFound> {
  const asOf = await reader.head();
  const { state } = await runner.load(importStream(importId));
  if (state.phase === 'none') throw new Refusal('NOT_FOUND_IMPORT', 'there is no such import');
  const { kind } = state.request;
  const found = { importId, kind, state: 'working', uId: null, refusal: null, asOf } as const;
  switch (state.phase) {
    case 'accepted':
      return { ...found, state: state.phase, uId: state.uId };
    case 'refused':
      return { ...found, state: state.phase, refusal: state.refusal };
    case 'requested':
    case 'read':
      return found;
  }
}

export const importCommands = { ImportToken: importToken, RenewToken: renewToken };

export const importQueries = { GetImport: getImport };
