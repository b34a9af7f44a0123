import { inPhase, type Instant } from '@seatbook/kernel';
import {
  isConflicted,
  isOver,
  isPaused,
  isUsable,
  markerOf,
  type Account,
  type ImportedAccount,
} from './account/account-state.js';
import type { AppleAccess, LicensingPorts } from './ports.js';
import { accountStream } from './streams.js';

/** The account as it is now. @throws Error for a location that was never imported */
export const accountOf = async (uId: string, { read }: LicensingPorts): Promise<ImportedAccount> =>
  inPhase(await read(accountStream(uId)), 'imported');

/** The location is another MDM's, as far as we know: marking it as ours would be a takeover. */
export const isOthers = (account: Account): boolean => account.phase === 'imported' && isConflicted(account);

/**
 * What authorises calls for an account. `fingerprint` names the token that an attempt began with, where that may be
 * another one than today's.
 */
export async function accessTo(
  account: ImportedAccount,
  { vault }: LicensingPorts,
  fingerprint = account.token.fingerprint,
): Promise<AppleAccess> {
  return { uId: account.uId, token: await vault.token(fingerprint), mdmId: markerOf(account) };
}

/** What a write to Apple begins with. */
export interface Sender {
  readonly fingerprint: string;
  /** Apple knows where to send notifications. */
  readonly subscribed: boolean;
}

/** Null while nothing may be written for the account. */
export function senderOf(account: ImportedAccount, now: Instant): Sender | null {
  if (!isUsable(account) || isOver(account, now) || markerOf(account) === null) return null;
  return { fingerprint: account.token.fingerprint, subscribed: account.subscription.state === 'subscribed' };
}

/** Whether calls of the account wait a moment, because Apple has just not accepted one. */
export const sendingPauses = ({ writes }: ImportedAccount, now: Instant): boolean => isPaused(writes, now);
