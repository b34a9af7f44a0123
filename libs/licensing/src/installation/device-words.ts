import type { DeviceAnswer } from '../ports.js';
import type { InstallationFailure } from './installation-events.js';

/** What a device's word for an app means: how it stands, or why it failed. */
export type Verdict = 'installing' | 'prompting' | 'installed' | 'removed' | InstallationFailure;

/** Apple's words for an app on a device. Those that are not here are of later systems, and something goes on. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  Managed: 'installed',
  ManagedButUninstalled: 'removed',
  Prompting: 'prompting',
  PromptingForLogin: 'prompting',
  PromptingForUpdate: 'prompting',
  PromptingForUpdateLogin: 'prompting',
  PromptingForManagement: 'prompting',
  NeedsRedemption: 'login-required',
  // These five are told once; after that the device knows nothing of the app.
  UserInstalledApp: 'not-managed',
  UserRejected: 'user-rejected',
  UpdateRejected: 'user-rejected',
  ManagementRejected: 'user-rejected',
  Failed: 'install-failed',
};

export const verdictOf = (status: string): Verdict =>
  (Object.hasOwn(VERDICTS, status) ? VERDICTS[status] : undefined) ?? 'installing';

/** `look`: no failure yet, the list of managed apps decides. */
export type DeviceRefusal =
  | { readonly verdict: 'look'; readonly prompting: boolean }
  | { readonly verdict: 'failed'; readonly reason: InstallationFailure; readonly code: number | null };

/** Apple calls its numbers informational; these were seen to mean the same on all systems. */
const BY_CODE: Readonly<Record<number, InstallationFailure | 'look' | 'prompting'>> = {
  506: 'look',
  1407: 'prompting',
  2604: 'licence-not-found',
  2605: 'licence-not-found',
  9610: 'licence-not-found',
  12023: 'not-in-store',
  12025: 'look',
  12026: 'licence-not-found',
  12031: 'apps-forbidden',
  12035: 'not-in-store',
  12040: 'login-required',
  12047: 'licence-not-found',
  12063: 'user-rejected',
  12064: 'licence-not-found',
};

/** Numbers may be unknown where Apple's word for the rejection is not. */
const BY_REJECTION: Readonly<Record<string, InstallationFailure | 'look'>> = {
  AppAlreadyInstalled: 'look',
  AppAlreadyQueued: 'look',
  AppStoreDisabled: 'apps-forbidden',
  CouldNotVerifyAppID: 'not-in-store',
  PurchaseMethodNotSupported: 'login-required',
};

/** Why a device does not install; null where it accepted the command. */
export function refusalOf({ status, rejection, errors }: DeviceAnswer): DeviceRefusal | null {
  if (status === 'Acknowledged' || status === 'NotNow') return null;
  const known = errors.find(({ code }) => Object.hasOwn(BY_CODE, code));
  const code = known?.code ?? errors[0]?.code ?? null;
  const word =
    rejection !== null && Object.hasOwn(BY_REJECTION, rejection) ? BY_REJECTION[rejection] : undefined;
  const meaning = (known && BY_CODE[known.code]) ?? word ?? 'refused';
  if (meaning === 'look' || meaning === 'prompting')
    return { verdict: 'look', prompting: meaning === 'prompting' };
  return { verdict: 'failed', reason: meaning, code };
}
