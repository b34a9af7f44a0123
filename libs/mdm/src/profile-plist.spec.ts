import type { DeviceProfile } from '@seatbook/licensing';
import { dictionaryOf, listOf } from './dictionary.js';
import { parsedPlist, plistOf, type PlistDictionary } from './plist.js';
import { PROFILE_IDENTIFIER, profilePlist } from './profile-plist.js';

const VPN = {
  PayloadType: 'com.apple.vpn.managed.applayer',
  VPNUUID: '11111111-2222-4333-8444-555555555555',
};
const SSO = {
  PayloadType: 'com.apple.sso',
  PayloadUUID: 'OWN',
  Kerberos: { Realm: 'EXAMPLE.COM', URLPrefixMatches: ['http://old/'], AppIdentifierMatches: ['com.old'] },
};
const CERTIFICATE = { PayloadType: 'com.apple.security.root', PayloadUUID: 'CERTIFICATE' };
const configuration = (...payloads: readonly PlistDictionary[]): string =>
  plistOf({ PayloadType: 'Configuration', PayloadContent: payloads });
const SEALED = { v: configuration(VPN), s: configuration(SSO, CERTIFICATE) };

const read = (profile: DeviceProfile) => {
  const text = profilePlist('digest', profile, SEALED);
  const list = dictionaryOf(parsedPlist(text)) ?? {};
  return { list, payloads: listOf(list['PayloadContent']).map((one) => dictionaryOf(one) ?? {}) };
};

const sso = { profileId: 's', fingerprint: 'f', bundleIds: ['com.example.a'], without: [] };

it('is one profile with one payload for networks, one Single Sign-On, and each VPN with its certificates', () => {
  const rule = { bundleIds: ['com.example.a'], cellularData: true, dataRoaming: false };
  const { list, payloads } = read({
    rules: [rule],
    sso: { ...sso, baseUrlMatches: ['https://a.example/'] },
    vpns: [{ profileId: 'v', fingerprint: 'f' }],
  });
  expect(list).toMatchObject({ PayloadIdentifier: PROFILE_IDENTIFIER, PayloadVersion: 1 });
  expect(payloads).toMatchObject([
    {
      PayloadType: 'com.apple.networkusagerules',
      ApplicationRules: [
        { AppIdentifierMatches: rule.bundleIds, AllowCellularData: true, AllowRoamingCellularData: false },
      ],
    },
    {
      PayloadUUID: 'OWN',
      Kerberos: {
        Realm: 'EXAMPLE.COM',
        AppIdentifierMatches: ['com.example.a'],
        URLPrefixMatches: ['https://a.example/'],
      },
    },
    CERTIFICATE,
    VPN,
  ]);
  expect(new Set(payloads.map((payload) => payload['PayloadUUID'])).size).toBe(4);
});

it('is for all addresses only where that is said', () => {
  const [payload] = read({ rules: [], sso: { ...sso, baseUrlMatches: null } }).payloads;
  expect(payload?.['Kerberos']).toEqual({ Realm: 'EXAMPLE.COM', AppIdentifierMatches: ['com.example.a'] });
});
