import type { Vault } from '@seatbook/licensing';
import type { Secrets } from '@seatbook/runtime';
import {
  importedTokenName,
  notificationSecretName,
  profilePayloadName,
  tokenName,
} from '../foundation/secret-names.js';

/** Sealed tokens and notification secrets, by the names that events give them. */
export function vaultOf(secrets: Secrets, newSecret: () => string): Vault {
  return {
    async token(fingerprint) {
      const name = tokenName(fingerprint);
      const token = await secrets.get(name);
      if (token === null)
        throw new Error(`the secret ${name} is not there: restore it together with the log`);
      return token;
    },
    async keepToken(fingerprint, token) {
      await secrets.putIfAbsent(tokenName(fingerprint), token);
    },
    forgetToken: (fingerprint) => secrets.delete(tokenName(fingerprint)),
    async forgetAccount(uId, fingerprint) {
      await secrets.delete(tokenName(fingerprint));
      await secrets.delete(notificationSecretName(uId));
    },
    importedToken: (importId, fingerprint) => secrets.get(importedTokenName(importId, fingerprint)),
    forgetImportedToken: (importId, fingerprint) => secrets.delete(importedTokenName(importId, fingerprint)),
    profilePayload: (profileId, fingerprint) => secrets.get(profilePayloadName(profileId, fingerprint)),
    async forgetProfile(profileId) {
      for (const name of await secrets.names(profilePayloadName(profileId, ''))) await secrets.delete(name);
    },
    notificationSecret: (uId) => secrets.putIfAbsent(notificationSecretName(uId), newSecret()),
  };
}
