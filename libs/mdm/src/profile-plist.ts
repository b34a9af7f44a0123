import { uuidOf } from '@seatbook/kernel';
import type { DeviceProfile, DeviceSso } from '@seatbook/licensing';
import { dictionaryOf } from './dictionary.js';
import { plistOf, type PlistDictionary } from './plist.js';
import { readProfile, type ProfileContent } from './profile-payload.js';

/** By it a device replaces the profile that it has from us, or removes it. */
export const PROFILE_IDENTIFIER = 'seatbook.device-profile';

/** The same for the same content: a device that has it changes nothing. */
const uuidFor = (digest: string, part: string): string => uuidOf(`${digest}/${part}`).toUpperCase();

/** A configuration profile in XML, unsigned: it comes by the MDM. `sealed`: registered profiles by their ids. Secret. */
export function profilePlist(
  digest: string,
  profile: DeviceProfile,
  sealed: Readonly<Record<string, string>>,
): string {
  const payloads = payloadsOf(profile, sealed);
  const named = payloads.map((payload, index) => ({
    PayloadVersion: 1,
    PayloadIdentifier: `${PROFILE_IDENTIFIER}.${index}`,
    PayloadUUID: uuidFor(digest, String(index)),
    // Certificates and what names them keep their own names.
    ...payload,
  }));
  return plistOf({
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: PROFILE_IDENTIFIER,
    PayloadUUID: uuidFor(digest, 'profile'),
    PayloadDisplayName: 'Seatbook',
    PayloadContent: named,
  });
}

function payloadsOf(
  { rules, sso, vpns = [] }: DeviceProfile,
  sealed: Readonly<Record<string, string>>,
): readonly PlistDictionary[] {
  const payloads: PlistDictionary[] = [];
  if (rules.length > 0)
    payloads.push({
      PayloadType: 'com.apple.networkusagerules',
      ApplicationRules: rules.map(({ bundleIds, cellularData, dataRoaming }) => ({
        AppIdentifierMatches: bundleIds,
        AllowCellularData: cellularData,
        AllowRoamingCellularData: dataRoaming,
      })),
    });
  if (sso) payloads.push(...ssoPayloads(sso, readProfile(sealed[sso.profileId] ?? '', 'SSO')));
  for (const { profileId } of vpns) {
    const { main, certificates } = readProfile(sealed[profileId] ?? '', 'VPN');
    payloads.push(main, ...certificates);
  }
  return payloads;
}

function ssoPayloads(
  { bundleIds, baseUrlMatches }: DeviceSso,
  { main, certificates }: ProfileContent,
): readonly PlistDictionary[] {
  // Whom and what it is for is said by the settings of apps: a list that is missing would be one of all addresses.
  const own = Object.entries(dictionaryOf(main['Kerberos']) ?? {});
  const kerberos = Object.fromEntries(own.filter(([name]) => name !== 'URLPrefixMatches'));
  const of = { AppIdentifierMatches: bundleIds, ...(baseUrlMatches && { URLPrefixMatches: baseUrlMatches }) };
  return [{ ...main, Kerberos: { ...kerberos, ...of } }, ...certificates];
}
