import { idOf, isRefusal, keptRefusal, type Step, type Steps } from '@seatbook/kernel';
import { accountExists, tokenOfOtherLocation, unknownAccount } from '../account-refusals.js';
import { isOthers } from '../apple-access.js';
import { foreignIn } from '../mdm-marker.js';
import { notificationUrlOf } from '../notification-url.js';
import type { AppleAccess, AppleResult, ClientConfig, LicensingPorts } from '../ports.js';
import { accountStream } from '../streams.js';
import type { LongestWaits } from '../timings.js';
import type { Import, ImportCommand } from './import-decider.js';
import type { LocationRead, RequestedImport } from './import-events.js';
import { ownedByOther, refusedByApple, tokenGone } from './import-refusals.js';

type ImportStep = Step<Import, LicensingPorts, ImportCommand>;

/** Asks Apple whose token it is, and keeps the token under its fingerprint. Both may be done twice. */
const read: ImportStep = {
  due: (state) => (state.phase === 'requested' ? { at: state.at } : null),
  async perform(state, ports, stream) {
    if (state.phase !== 'requested') return [];
    const { request } = state;
    try {
      const token = await ports.vault.importedToken(idOf(stream), request.fingerprint);
      if (token === null) throw tokenGone();
      const access = accessWith(token, request);
      const location = await locationOf(request, asked(await ports.apple.clientConfig(access)), ports);
      if (location.kind === 'renew') await tryToWrite(location, access, ports);
      await ports.vault.keepToken(request.fingerprint, token);
      return [{ type: 'RecordLocation', location }];
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return [{ type: 'RefuseImport', refusal: keptRefusal(error) }];
    }
  },
};

/** The location is what is asked for: a reply cannot name a wrong one. */
const accessWith = (token: string, request: RequestedImport): AppleAccess => ({
  uId: '',
  token,
  mdmId: null,
  ...(request.kind === 'renew' ? { pacedAs: request.uId } : {}),
});

/** @throws Refusal where Apple refuses */
function asked<T>(result: AppleResult<T>): T {
  if (result.ok) return result.value;
  throw refusedByApple(result.failure);
}

/**
 * Only a write shows that a token may write, so our marker is written to the location once more, which changes nothing.
 * Not where another MDM has it: a takeover is for a person to order, and shows it then.
 * @throws Refusal where the token may only read
 */
async function tryToWrite(
  { uId, foreign }: LocationRead & { kind: 'renew' },
  access: AppleAccess,
  { apple, read: stateOf, settings }: LicensingPorts,
): Promise<void> {
  const account = await stateOf(accountStream(uId));
  if (foreign || isOthers(account)) return;
  asked(await apple.own(access, settings.mdmInfo));
}

/** @throws Refusal where it is seen already that the account will say no */
async function locationOf(
  request: RequestedImport,
  config: ClientConfig,
  { read: stateOf, settings }: LicensingPorts,
): Promise<LocationRead> {
  const { uId, locationName, countryCode, defaultPlatform, websiteUrl } = config;
  const { fingerprint, expiresAt, orgName } = request;
  const token = { uId, fingerprint, expiresAt: config.tokenExpiresAt ?? expiresAt };
  const foreign = foreignIn(config.mdmInfo, settings.mdmInfo);
  if (request.kind === 'renew') {
    if ((await stateOf(accountStream(request.uId))).phase !== 'imported') throw unknownAccount();
    if (uId !== request.uId) throw tokenOfOtherLocation(request.uId, uId);
    return { kind: 'renew', ...token, foreign, ifVersion: request.ifVersion };
  }
  const account = await stateOf(accountStream(uId));
  if (account.phase === 'imported') throw accountExists(uId, account.token.fingerprint === fingerprint);
  if (foreign && !request.takeOver) throw ownedByOther(foreign);
  return {
    kind: 'import',
    ...token,
    settings: request.settings,
    facts: { orgName, locationName, countryCode, defaultPlatform, websiteUrl },
    takenOverFrom: foreign,
    notificationUrl: notificationUrlOf(settings.publicUrl, uId),
  };
}

/** Deletes what was sealed for this import alone; the token of an account stays. May be done twice. */
const forget: ImportStep = {
  due(state) {
    if (state.phase !== 'accepted' && state.phase !== 'refused') return null;
    return state.forgotten ? null : { at: state.at };
  },
  async perform(state, { vault, read: stateOf }, stream) {
    if (state.phase !== 'accepted' && state.phase !== 'refused') return [];
    const { fingerprint } = state.request;
    const importId = idOf(stream);
    if (state.phase === 'accepted') {
      // A refused import of the same token may have deleted it, just before it became the account's.
      const token = await vault.importedToken(importId, fingerprint);
      if (token !== null) await vault.keepToken(fingerprint, token);
    } else if (state.uId !== null) {
      const account = await stateOf(accountStream(state.uId));
      const inUse = account.phase === 'imported' && account.token.fingerprint === fingerprint;
      if (!inUse) await vault.forgetToken(fingerprint);
    }
    await vault.forgetImportedToken(importId, fingerprint);
    return [{ type: 'RecordForgotten' }];
  },
};

export const importSteps = { read, forget } satisfies Steps<Import, LicensingPorts, ImportCommand>;

export const importWaits: LongestWaits<typeof importSteps> = { read: 0, forget: 0 };
