import type { AppleAccess, LicensingPorts } from './ports.js';
import { accountStream } from './streams.js';

/** Fingerprint of the token that an account has now. */
export async function fingerprintOf(uId: string, ports: LicensingPorts): Promise<string> {
  return (await ports.read(accountStream(uId))).fingerprint;
}

/** What authorises calls for an account; `fingerprint` for the token that an attempt began with. */
export async function accessOf(
  uId: string,
  ports: LicensingPorts,
  fingerprint?: string,
): Promise<AppleAccess> {
  const account = await ports.read(accountStream(uId));
  const mdmId = account.ownedAs;
  return { uId, token: await ports.vault.token(fingerprint ?? account.fingerprint), mdmId };
}
