import type { Vault } from '@seatbook/licensing';
import type { Secrets } from '@seatbook/runtime';
import { notificationSecretName, tokenName } from '../foundation/secret-names.js';

/** Sealed tokens and notification secrets, by the names that events give them. */
export function vaultOf(secrets: Secrets): Vault {
  const open = async (name: string): Promise<string> => {
    const secret = await secrets.get(name);
    if (secret === null) throw new Error(`the secret ${name} is not there: restore it together with the log`);
    return secret;
  };
  return {
    token: (fingerprint) => open(tokenName(fingerprint)),
    notificationSecret: (uId) => open(notificationSecretName(uId)),
  };
}
