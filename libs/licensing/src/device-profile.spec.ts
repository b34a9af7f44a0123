import { asksForProfile, composedProfile, digestOf, sealedIn, type AppTerms } from './device-profile.js';

const app = (bundleId: string, cellularData: boolean, dataRoaming: boolean): AppTerms => ({
  bundleId,
  cellularData,
  dataRoaming,
  sso: null,
  vpn: null,
});

it('puts each app into one rule, and those that may do all into none', () => {
  const apps = [
    app('com.example.maps', true, false),
    app('com.example.video', false, true),
    app('com.example.audio', false, false),
    app('com.example.notes', true, true),
  ];
  expect(composedProfile(apps)).toEqual({
    rules: [
      { bundleIds: ['com.example.audio', 'com.example.video'], cellularData: false, dataRoaming: false },
      { bundleIds: ['com.example.maps'], cellularData: true, dataRoaming: false },
    ],
  });
  expect(composedProfile([...apps].reverse())).toEqual(composedProfile(apps));
});

it('is none where nobody asks for anything, and has another digest for another content', () => {
  expect(composedProfile([app('com.example.notes', true, true)])).toBeNull();
  expect(digestOf(null)).toBe('');
  const one = digestOf(composedProfile([app('com.example.a', true, false)]));
  expect(digestOf(composedProfile([app('com.example.a', true, false)]))).toBe(one);
  expect(digestOf(composedProfile([app('com.example.a', false, false)]))).not.toBe(one);
});

it('asks for nothing where settings say nothing of it, as those of earlier versions do', () => {
  expect(asksForProfile({})).toBe(false);
  expect(asksForProfile({ cellularData: true, dataRoaming: true })).toBe(false);
  expect([{ cellularData: false }, { dataRoaming: false }].every(asksForProfile)).toBe(true);
  expect(asksForProfile({ vpnProfileId: null, sso: null })).toBe(false);
  expect(asksForProfile({ vpnProfileId: 'p1' })).toBe(true);
  expect(asksForProfile({ sso: { profileId: 'p1', baseUrlMatches: null } })).toBe(true);
});

it('has one Single Sign-On, of all apps that name it; those that name another one go without', () => {
  const on = (bundleId: string, profileId: string, baseUrlMatches: readonly string[] | null): AppTerms => ({
    ...app(bundleId, true, true),
    sso: { profileId, fingerprint: `f-${profileId}`, baseUrlMatches },
  });
  const apps = [
    on('com.example.b', 'p2', ['https://b/']),
    on('com.example.a', 'p2', ['https://a/', 'https://b/']),
    on('com.example.c', 'p1', null),
  ];
  const sso = {
    profileId: 'p2',
    fingerprint: 'f-p2',
    bundleIds: ['com.example.a', 'com.example.b'],
    baseUrlMatches: ['https://a/', 'https://b/'],
    without: ['com.example.c'],
  };
  expect(composedProfile(apps)).toEqual({ rules: [], sso });
  expect(composedProfile([...apps].reverse())).toEqual({ rules: [], sso });
  // One that is for all addresses makes it one for all.
  expect(composedProfile([...apps, on('com.example.d', 'p2', null)])?.sso?.baseUrlMatches).toBeNull();
  expect(
    composedProfile([on('com.example.a', 'p2', null), on('com.example.b', 'p1', null)])?.sso?.profileId,
  ).toBe('p1');
});

it('has each VPN once, and another digest for another payload', () => {
  const vpn = (bundleId: string, fingerprint: string): AppTerms => ({
    ...app(bundleId, true, true),
    vpn: { profileId: 'v1', fingerprint },
  });
  const profile = composedProfile([vpn('com.example.a', 'f1'), vpn('com.example.b', 'f1')]);
  expect(profile).toEqual({ rules: [], vpns: [{ profileId: 'v1', fingerprint: 'f1' }] });
  expect(profile && sealedIn(profile)).toEqual([{ profileId: 'v1', fingerprint: 'f1' }]);
  expect(digestOf(composedProfile([vpn('com.example.a', 'f2')]))).not.toBe(digestOf(profile));
});
