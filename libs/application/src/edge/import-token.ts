import { decodeToken, fingerprintOf } from '@seatbook/apple/formats';
import { Refusal, refusalOf, type Milliseconds, type Position } from '@seatbook/kernel';
import {
  importStream,
  mayBeRepeated,
  type AccountSettings,
  type ImportCommand,
  type RequestedImport,
} from '@seatbook/licensing';
import { importedTokenName } from '../foundation/secret-names.js';
import { mustExist } from './accounts.js';
import { lookUntil } from './look-until.js';
import { contextOf, requestId, type Caller } from './principal.js';
import type { SeatbookEdge } from './seatbook-edge.js';

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
}

/** The account that took the token. */
export interface Imported {
  readonly uId: string;
  /** All that the import did stands at or below this position. */
  readonly position: Position;
  /** The same request had been accepted before. */
  readonly repeated: boolean;
}

/** Longest wait for Apple and the account; Apple's own time-out is shorter. */
const IMPORT_WAIT_MS: Milliseconds = 40_000;
/** Seconds until a client should ask again for an import that goes on. */
const ASK_AGAIN_SECONDS = 5;

/**
 * Imports a location: checks the file, seals the token and has the worker ask Apple whose it is; the account is created
 * with its settings in one step. A refusal anywhere leaves nothing behind.
 * @throws Refusal what file, Apple or account say; TRANSIENT_IMPORT_GOES_ON when nobody has said anything in time
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
 * @throws Refusal NOT_FOUND_ACCOUNT, and as an import does
 */
export async function renewToken(
  seatbook: SeatbookEdge,
  { uId, file }: RenewToken,
  caller: Caller,
): Promise<Imported> {
  await mustExist(seatbook, uId);
  return request(seatbook, file, caller, { kind: 'renew', uId });
}

type Wish =
  | Pick<RequestedImport & { kind: 'import' }, 'kind' | 'settings' | 'takeOver'>
  | Pick<RequestedImport & { kind: 'renew' }, 'kind' | 'uId'>;

async function request(
  seatbook: SeatbookEdge,
  file: string | Uint8Array,
  caller: Caller,
  wish: Wish,
): Promise<Imported> {
  const { clock, ids, stores, runner } = seatbook;
  const { token, expiresAt, orgName } = decodeToken(file, clock.now());
  const fingerprint = fingerprintOf(token);
  const importId = requestId(caller, ids);
  const stream = importStream(importId);
  const context = contextOf(caller, importId, { ...wish, fingerprint });
  const command: ImportCommand = {
    type: 'RequestImport',
    request: { ...wish, fingerprint, expiresAt, orgName },
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

/** How the import ended. @throws Refusal where it was refused, or has not ended in time */
async function outcomeOf(
  { runner, clock, options }: SeatbookEdge,
  importId: string,
): Promise<Omit<Imported, 'repeated'>> {
  const ended = await lookUntil(clock, options.importWaitMs ?? IMPORT_WAIT_MS, async () => {
    const { state, position } = await runner.load(importStream(importId));
    return state.phase === 'accepted' || state.phase === 'refused' ? { ...state, position } : null;
  });
  if (ended === null) {
    const message =
      'the import goes on; send the request again with the same Idempotency-Key to hear how it ended';
    throw new Refusal('TRANSIENT_IMPORT_GOES_ON', message, { importId }, ASK_AGAIN_SECONDS);
  }
  if (ended.phase === 'accepted') return { uId: ended.uId, position: ended.position };
  throw refusalOf(ended.refusal);
}

export const importCommands = { ImportToken: importToken, RenewToken: renewToken };
