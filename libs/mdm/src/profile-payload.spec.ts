import { plistOf, type PlistDictionary } from './plist.js';
import { MAX_PROFILE_LENGTH, readProfile } from './profile-payload.js';

const UUID = '11111111-2222-4333-8444-55555555abcd';
const VPN = { PayloadType: 'com.apple.vpn.managed.applayer', VPNUUID: UUID, SharedSecret: 'secret-canary' };
const CERTIFICATE = { PayloadType: 'com.apple.security.root', PayloadContent: Buffer.from('certificate') };
const SSO = { PayloadType: 'com.apple.sso', Kerberos: { Realm: 'EXAMPLE.COM' } };

const profile = (...payloads: readonly PlistDictionary[]): string =>
  plistOf({ PayloadType: 'Configuration', PayloadIdentifier: 'test', PayloadContent: payloads });

it('reads a VPN with its certificates, and its VPNUUID in capitals', () => {
  const read = readProfile(profile(CERTIFICATE, VPN), 'VPN');
  expect(read).toMatchObject({ main: VPN, vpnUuid: UUID.toUpperCase() });
  expect(read.certificates).toHaveLength(1);
});

it('reads a Single Sign-On, which has no VPNUUID', () => {
  expect(readProfile(profile(SSO), 'SSO')).toMatchObject({ main: SSO, vpnUuid: null, certificates: [] });
});

it.each([
  ['of another kind', profile(VPN), 'SSO'],
  ['without a payload', profile(CERTIFICATE), 'VPN'],
  ['with two', profile(VPN, VPN), 'VPN'],
  ['with one of a third kind', profile(VPN, { PayloadType: 'com.apple.wifi.managed' }), 'VPN'],
  [
    'with none that is one',
    plistOf({ PayloadType: 'Configuration', PayloadContent: ['secret-canary'] }),
    'VPN',
  ],
  ['whose VPN has no VPNUUID', profile({ ...VPN, VPNUUID: 'secret-canary' }), 'VPN'],
  ['whose Single Sign-On has no realm', profile({ ...SSO, Kerberos: {} }), 'SSO'],
  ['that is a payload alone', plistOf(VPN), 'VPN'],
  ['that is signed', 'MIIsecret-canary', 'VPN'],
  ['that is too long', profile(VPN) + ' '.repeat(MAX_PROFILE_LENGTH), 'VPN'],
] as const)('refuses one %s, and quotes nothing of it', (_what, text, kind) => {
  let message = '';
  try {
    readProfile(text, kind);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_PROFILE' });
    message = String(error);
  }
  expect(message).toContain('this profile cannot be used');
  expect(message).not.toContain('canary');
});
