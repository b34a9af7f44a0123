import { decodeToken, fingerprintOf } from '@seatbook/apple/formats';
import { Refusal } from '@seatbook/kernel';
import {
  accountStream,
  type AccountCommand,
  type AccountSettings,
  type AppleFailure,
  type AppleResult,
  type ClientConfig,
  type MdmInfo,
} from '@seatbook/licensing';
import type { Receipt } from '@seatbook/runtime';
import { mustExist } from './accounts.js';
import { contextOf, requestId, type Caller } from './principal.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { notificationSecretName, tokenName } from '../foundation/secret-names.js';

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

/** Path under the public URL where Apple delivers notifications of an account. */
export const notificationPath = (uId: string): string => `/apple/notifications/${uId}`;

export const notificationUrlOf = (publicUrl: string | null, uId: string): string | null =>
  publicUrl === null ? null : `${publicUrl.replace(/\/+$/, '')}${notificationPath(uId)}`;

/**
 * Imports a location: checks the file, asks Apple whose token it is, seals the token and creates the account with its
 * settings in one step. A refusal anywhere leaves nothing behind.
 */
export async function importToken(
  seatbook: SeatbookEdge,
  { file, settings, takeOver }: ImportToken,
  caller: Caller,
): Promise<{ uId: string; outcome: Receipt }> {
  const { clock, ids, stores } = seatbook;
  const { settings: deployment, newSecret } = seatbook.options;
  const token = decodeToken(file, clock.now());
  const fingerprint = fingerprintOf(token.token);
  const config = await configOf(seatbook, token.token);
  const { uId } = config;
  const foreign = foreignMdm(config.mdmInfo, deployment.mdmInfo);
  if (foreign && !takeOver) throw ownedByOther(foreign);
  const command: AccountCommand = {
    type: 'ImportToken',
    uId,
    settings,
    facts: {
      orgName: token.orgName,
      locationName: config.locationName,
      countryCode: config.countryCode,
      defaultPlatform: config.defaultPlatform,
      websiteUrl: config.websiteUrl,
    },
    fingerprint,
    expiresAt: config.tokenExpiresAt ?? token.expiresAt,
    takenOverFrom: foreign,
    notificationUrl: notificationUrlOf(deployment.publicUrl, uId),
  };
  await stores.secrets.put(tokenName(fingerprint), token.token);
  await stores.secrets.putIfAbsent(notificationSecretName(uId), newSecret());
  const body = { fingerprint, settings, takeOver };
  const context = contextOf(caller, requestId(caller, ids), body);
  return { uId, outcome: await seatbook.execute(accountStream(uId), command, context) };
}

/** Replaces the token of an account by another one of the same location; everything else stays as it is. */
export async function renewToken(
  seatbook: SeatbookEdge,
  { uId, file }: RenewToken,
  caller: Caller,
): Promise<Receipt> {
  const { clock, ids, stores } = seatbook;
  await mustExist(seatbook, uId);
  const token = decodeToken(file, clock.now());
  const fingerprint = fingerprintOf(token.token);
  const config = await configOf(seatbook, token.token);
  const expiresAt = config.tokenExpiresAt ?? token.expiresAt;
  const command: AccountCommand = { type: 'RenewToken', uId: config.uId, fingerprint, expiresAt };
  if (config.uId === uId) await stores.secrets.put(tokenName(fingerprint), token.token);
  const context = contextOf(caller, requestId(caller, ids), { uId, fingerprint });
  return seatbook.execute(accountStream(uId), command, context);
}

async function configOf({ options: { apple } }: SeatbookEdge, token: string): Promise<ClientConfig> {
  // The location is what is asked for: a reply cannot name a wrong one.
  const result: AppleResult<ClientConfig> = await apple.clientConfig({ uId: '', token, mdmId: null });
  if (result.ok) return result.value;
  throw refusedByApple(result.failure);
}

const foreignMdm = (found: MdmInfo | null, ours: MdmInfo): MdmInfo | null =>
  found && found.id !== ours.id ? found : null;

const ownedByOther = ({ id, name }: MdmInfo): Refusal =>
  new Refusal(
    'REJECTED_OWNED_BY_OTHER_MDM',
    `this location is managed by ${name || 'another MDM'}; stop it there first, or import with "takeOver": true`,
    { mdmId: id, mdmName: name },
  );

const ADVICE: Readonly<Record<string, string>> = {
  expired: 'it has expired; download a new one in Apple Business Manager',
  revoked: 'it was revoked; download a new one in Apple Business Manager',
  invalid:
    'it is not valid (any more, e.g. after a password change); download a new one in Apple Business Manager',
  'read-only': 'it may only read; download one with an account that may manage licences',
};

function refusedByApple(failure: AppleFailure): Refusal {
  switch (failure.kind) {
    case 'token': {
      const { state, errorNumber } = failure;
      const code = `REJECTED_TOKEN_${state.toUpperCase().replace('-', '_')}`;
      return new Refusal(code, `Apple refuses this token: ${ADVICE[state]}`, { errorNumber, state });
    }
    case 'conflict':
      return failure.mdmInfo
        ? ownedByOther(failure.mdmInfo)
        : new Refusal('REJECTED_OWNED_BY_OTHER_MDM', 'another MDM manages this location');
    case 'transient': {
      const seconds = Math.ceil((failure.retryAfterMs ?? 10_000) / 1_000);
      return new Refusal(
        'TRANSIENT_APPLE',
        'Apple cannot be asked at present; send the request again',
        { reason: failure.reason },
        seconds,
      );
    }
    case 'refused':
      return new Refusal('REJECTED_BY_APPLE', `Apple refuses the request: ${failure.reason}`, {
        errorNumber: failure.errorNumber,
      });
  }
}
