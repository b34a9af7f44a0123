import { Refusal } from '@seatbook/kernel';
import type { ProfileKind } from '@seatbook/licensing';
import { dictionaryOf, listOf, textOf } from './dictionary.js';
import { parsedPlist, PlistError, type PlistDictionary } from './plist.js';

/** In characters. Certificates are what is long in a profile. */
export const MAX_PROFILE_LENGTH = 128 * 1024;

/** What a profile of a kind is about; it has exactly one of these. */
const MAIN_TYPES: Readonly<Record<ProfileKind, string>> = {
  VPN: 'com.apple.vpn.managed.applayer',
  SSO: 'com.apple.sso',
};

/** Certificates, which the other payload may name. */
const CERTIFICATES: ReadonlySet<string> = new Set([
  'com.apple.security.pem',
  'com.apple.security.pkcs1',
  'com.apple.security.pkcs12',
  'com.apple.security.root',
  'com.apple.security.scep',
]);

/** What is in a profile of one of our kinds. */
export interface ProfileContent {
  readonly main: PlistDictionary;
  readonly certificates: readonly PlistDictionary[];
  /** What apps name that use the VPN, in capitals; null for a Single Sign-On. */
  readonly vpnUuid: string | null;
}

/**
 * What a configuration profile holds: an unsigned property list with one payload of its kind, and certificates.
 * @throws Refusal INVALID_PROFILE, which quotes nothing of it: it may hold secrets
 */
export function readProfile(text: string, kind: ProfileKind): ProfileContent {
  if (text.length > MAX_PROFILE_LENGTH) throw invalid(`it is longer than ${MAX_PROFILE_LENGTH} characters`);
  const profile = profileIn(text);
  if (profile?.['PayloadType'] !== 'Configuration')
    throw invalid('it is no unsigned configuration profile in XML');
  const payloads = listOf(profile['PayloadContent']).map(dictionaryOf);
  const mains: PlistDictionary[] = [];
  const certificates: PlistDictionary[] = [];
  for (const payload of payloads) {
    const type = payload?.['PayloadType'];
    if (payload && type === MAIN_TYPES[kind]) mains.push(payload);
    else if (payload && typeof type === 'string' && CERTIFICATES.has(type)) certificates.push(payload);
    else throw invalid(`beside certificates it may have one payload, of type ${MAIN_TYPES[kind]}`);
  }
  const [main] = mains;
  if (!main || mains.length > 1) throw invalid(`it has one payload of type ${MAIN_TYPES[kind]}`);
  return { main, certificates, vpnUuid: kind === 'VPN' ? vpnUuidOf(main) : checkedRealm(main) };
}

function profileIn(text: string): PlistDictionary | null {
  try {
    return dictionaryOf(parsedPlist(text));
  } catch (error) {
    if (!(error instanceof PlistError)) throw error;
    return null;
  }
}

const UUID = /^[\dA-F]{8}(?:-[\dA-F]{4}){3}-[\dA-F]{12}$/;

function vpnUuidOf(payload: PlistDictionary): string {
  const uuid = textOf(payload['VPNUUID'])?.toUpperCase() ?? '';
  if (!UUID.test(uuid)) throw invalid('its payload has a VPNUUID');
  return uuid;
}

function checkedRealm(payload: PlistDictionary): null {
  if (textOf(dictionaryOf(payload['Kerberos'])?.['Realm']) === null)
    throw invalid('its payload has a Realm of Kerberos');
  return null;
}

const invalid = (message: string): Refusal =>
  new Refusal('INVALID_PROFILE', `this profile cannot be used: ${message}`);
