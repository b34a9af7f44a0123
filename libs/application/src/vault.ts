import type { Vault } from '@seatbook/licensing';
import type { Secrets } from '@seatbook/runtime';

export const tokenName = (fingerprint: string): string => `token/${fingerprint}`;
export const notificationSecretName = (uId: string): string => `notification/${uId}`;
export const sealedBodyName = (notificationId: string): string => `notification-body/${notificationId}`;

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
