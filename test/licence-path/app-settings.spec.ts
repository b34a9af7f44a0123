import {
  changeProfile,
  deleteProfile,
  getAppSettings,
  getProfile,
  getRollout,
  getWhy,
  placeOrder,
  planOrder,
  registerProfile,
  renewToken,
  setAppSettings,
  syncAccount,
  type SetAppSettings,
} from '@seatbook/application';
import {
  OWNER,
  UID,
  VirtualSeatbook,
  asset,
  serials,
  stdq,
  type VirtualOptions,
} from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const OTHER = '900000002';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let virtual: VirtualSeatbook;
afterEach(() => virtual.close());

async function withDevices(count: number, total = 100, often: VirtualOptions['timings'] = {}): Promise<void> {
  const rare = { walkAllEveryMs: 20 * DAY, metadataEveryMs: 20 * DAY, addressEveryMs: 20 * DAY, ...often };
  virtual = await VirtualSeatbook.imported([asset(APP, total), asset(OTHER, 100)], {
    mdm: {},
    timings: rare,
  });
  await virtual.enrol(serials(count).map((serialNumber) => ({ serialNumber })));
}

const set = (settings: SetAppSettings['settings'], adamId: string | null = APP, ifVersion?: number) => {
  const named = { uId: UID, asset: adamId === null ? null : stdq(adamId) };
  return virtual.until(setAppSettings(virtual.edge, { ...named, settings, ifVersion }, OWNER));
};

const settingsOf = (adamId: string | null) =>
  virtual.until(getAppSettings(virtual.edge, { uId: UID, asset: adamId === null ? null : stdq(adamId) }));

async function assign(serialNumbers: readonly string[], apps = [APP], key?: string): Promise<string> {
  const { orderId } = await virtual.until(virtual.place({ assets: apps.map(stdq), serialNumbers }, key));
  return orderId;
}

const states = async (serialNumber: string) =>
  Object.fromEntries((await virtual.installations(serialNumber)).map(({ adamId, state }) => [adamId, state]));

const why = (serialNumber: string) =>
  virtual.until(getWhy(virtual.edge, { uId: UID, asset: stdq(APP), holder: `d:${serialNumber}` }));

const [S0 = '', S1 = ''] = serials(2);

it('a20: an app says what it will, and inherits the rest; what the account says reaches those that inherit', async () => {
  await withDevices(0);
  await set({ mandatory: true }, null);
  await set({ preventBackup: true });
  expect((await settingsOf(APP)).inForce).toMatchObject({ mandatory: true, preventBackup: true });
  expect((await settingsOf(OTHER)).inForce).toMatchObject({ mandatory: true, preventBackup: false });
  await set({ mandatory: false, preventBackup: true });
  await set({ mandatory: true, preventBackup: true }, null);
  expect(await settingsOf(APP)).toMatchObject({ inForce: { mandatory: false }, own: { mandatory: false } });
  expect((await settingsOf(OTHER)).inForce).toMatchObject({ mandatory: true, preventBackup: true });
  // What an app says is cleared by saying nothing.
  await set({});
  expect(await settingsOf(APP)).toMatchObject({ inForce: { mandatory: true }, own: {}, version: 3 });
  await set({});
  expect((await settingsOf(APP)).version).toBe(3);
  await expect(set({ mandatory: true }, APP, 2)).rejects.toMatchObject({ code: 'CONFLICT_VERSION' });
  await expect(set({}, '900000099')).rejects.toMatchObject({ code: 'NOT_FOUND_ASSET' });
});

it('a15: assigning a mandatory app installs it, with no rollout', async () => {
  await withDevices(2, 1);
  await set({ mandatory: true });
  const orderId = await assign([S0, S1], [APP, OTHER]);
  await virtual.advance(2 * MINUTE);
  expect([await states(S0), await states(S1)]).toEqual([{ [APP]: 'installed' }, { [APP]: 'licence-coming' }]);
  expect(await why(S1)).toMatchObject({ reason: 'licence-waiting' });
  virtual.simulator.admin.purchase(UID, { adamId: APP, count: 1 });
  await virtual.finished(orderId);
  await virtual.advance(2 * MINUTE);
  expect(await states(S1)).toEqual({ [APP]: 'installed' });
  expect(virtual.simulator.fleet.unlicensedInstalls()).toBe(0);
  // Turned on later, what is missing is planned first, and rolled out to those who have the licence already.
  await set({ mandatory: true }, OTHER);
  await virtual.advance(2 * MINUTE);
  expect(await states(S0)).toEqual({ [APP]: 'installed' });
  const terms = {
    uId: UID,
    assets: [stdq(OTHER)],
    serialNumbers: [S0, S1],
    ifShort: 'wait',
    platform: null,
  } as const;
  const plan = await virtual.until(planOrder(virtual.edge, { ...terms, kind: 'RolloutApp' }));
  expect(plan.assets).toMatchObject([{ adamId: OTHER, starting: 2, coming: 0, refused: 0 }]);
  const expected = [{ ...stdq(OTHER), starting: 2, coming: 0, refused: 0 }];
  const rollout = await virtual.until(
    placeOrder(virtual.edge, { ...terms, kind: 'RolloutApp', expect: expected }, OWNER),
  );
  await virtual.advance(2 * MINUTE);
  expect(await virtual.until(getRollout(virtual.edge, rollout))).toMatchObject({ states: { installed: 2 } });
});

it('a15: who waits for a return, and who is assigned anew, gets it too; a repeat of a request is the same request', async () => {
  await withDevices(1);
  await virtual.finished(await assign([S0]));
  const returning = { kind: 'ReturnLicense', assets: [stdq(APP)], serialNumbers: [S0] } as const;
  await virtual.until(virtual.place(returning));
  await set({ mandatory: true });
  const wanted = {
    assets: [stdq(APP), stdq(OTHER)],
    serialNumbers: [S0],
    ifShort: 'wait',
    platform: null,
  } as const;
  const plan = await virtual.until(planOrder(virtual.edge, { kind: 'AssignLicense', uId: UID, ...wanted }));
  expect(plan.assets).toMatchObject([
    { adamId: APP, installations: 1 },
    { adamId: OTHER, installations: 0 },
  ]);
  const orderId = await assign([S0], [APP], 'again');
  await virtual.finished(orderId);
  await virtual.advance(2 * MINUTE);
  expect(await states(S0)).toEqual({ [APP]: 'installed' });
  await set({});
  expect(await assign([S0], [APP], 'again')).toBe(orderId);
});

it('a17, a28: backups are prevented by the flags of the command, and the settings of the time stay with the installation', async () => {
  await withDevices(1);
  await set({ mandatory: true, preventBackup: true });
  await virtual.finished(await assign([S0]));
  await virtual.advance(2 * MINUTE);
  const [app] = virtual.simulator.fleet.find(S0)?.apps.values() ?? [];
  expect(app).toMatchObject({ status: 'Managed', managementFlags: 5 });
  await set({ mandatory: true });
  expect(await why(S0)).toMatchObject({
    settings: { preventBackup: false },
    sentWith: { mandatory: true, preventBackup: true },
  });
  // Nothing is sent again because of it: the next installation has the new ones, and the log those of each.
  await virtual.advance(10 * MINUTE);
  const device = virtual.simulator.fleet.find(S0);
  const installs = () => device?.seen.filter(({ requestType }) => requestType === 'InstallApplication');
  expect(installs()).toHaveLength(1);
  device?.wipe();
  if (device) await virtual.until(device.enrol());
  await virtual.advanceUntil('it is gone', async () => (await states(S0))[APP] === 'removed', 60 * MINUTE);
  const terms = {
    uId: UID,
    assets: [stdq(APP)],
    serialNumbers: [S0],
    ifShort: 'wait',
    platform: null,
  } as const;
  await virtual.until(placeOrder(virtual.edge, { ...terms, kind: 'RolloutApp' }, OWNER));
  await virtual.advance(2 * MINUTE);
  expect(await states(S0)).toEqual({ [APP]: 'installed' });
  const sent = (await virtual.events()).filter(({ type }) => type === 'mdmCommand.started');
  const settings = sent.flatMap(
    ({ data }) => (data as { settings?: { preventBackup: boolean } }).settings ?? [],
  );
  expect(settings.map(({ preventBackup }) => preventBackup)).toEqual([true, false]);
});

it('a20: what an app says survives another token and a sync, and can be cleared afterwards', async () => {
  await withDevices(0);
  await set({ mandatory: true }, null);
  await set({ mandatory: false, preventBackup: true });
  const before = await settingsOf(APP);
  const { token } = virtual.simulator.admin.issueToken(UID);
  await virtual.until(renewToken(virtual.edge, { uId: UID, file: token }, OWNER));
  await virtual.until(syncAccount(virtual.edge, { uId: UID, full: true }, OWNER));
  await virtual.advance(20 * MINUTE);
  expect(await settingsOf(APP)).toMatchObject({
    inForce: before.inForce,
    own: { mandatory: false, preventBackup: true },
    version: before.version,
  });
  await set({ preventBackup: true });
  expect((await settingsOf(APP)).inForce).toMatchObject({ mandatory: true, preventBackup: true });
});

const VPNUUID = '11111111-2222-4333-8444-555555555555';

/** A configuration profile with one payload. */
const configuration = (payload: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>PayloadType</key><string>Configuration</string><key>PayloadContent</key><array><dict>${payload}</dict></array></dict></plist>`;
const vpnPayload = (secret: string): string =>
  configuration(
    `<key>PayloadType</key><string>com.apple.vpn.managed.applayer</string><key>VPNUUID</key><string>${VPNUUID}</string><key>SharedSecret</key><string>${secret}</string>`,
  );

const register = async (kind: 'VPN' | 'SSO', payload: string): Promise<string> =>
  (await virtual.until(registerProfile(virtual.edge, { kind, name: kind, payload }, OWNER))).profileId;

it('a21: an app uses the VPN that its settings name, on iOS alone; its profile is not deleted while they do', async () => {
  await withDevices(2);
  await virtual.enrol([{ serialNumber: 'MAC0000001', product: 'Mac14,2' }]);
  const profileId = await register('VPN', vpnPayload('secret-canary'));
  await set({ mandatory: true, vpnProfileId: profileId }, null);
  await set({ mandatory: true, vpnProfileId: null }, OTHER);
  const all = [S0, S1, 'MAC0000001'];
  await virtual.finished(await assign(all, [APP, OTHER]));
  await virtual.advance(2 * MINUTE);
  const onDevice = (serialNumber: string) =>
    Object.fromEntries(
      [...(virtual.simulator.fleet.find(serialNumber)?.apps.values() ?? [])].map((app) => [
        app.adamId,
        `${app.status} ${app.vpnUuid}`,
      ]),
    );
  const bound = { [APP]: `Managed ${VPNUUID}`, [OTHER]: 'Managed null' };
  expect([onDevice(S0), onDevice(S1)]).toEqual([bound, bound]);
  expect(onDevice('MAC0000001')).toEqual({ [APP]: 'Managed null', [OTHER]: 'Managed null' });
  expect(await why(S0)).toMatchObject({ sentWith: { vpnProfileId: profileId } });
  const found = () => virtual.until(getProfile(virtual.edge, { profileId }));
  expect((await found()).usedBy).toEqual([{ uId: UID, adamId: null }]);
  const remove = () => virtual.until(deleteProfile(virtual.edge, { profileId }, OWNER));
  await expect(remove()).rejects.toMatchObject({
    code: 'REJECTED_PROFILE_IN_USE',
    facts: { usedBy: [{ accountId: UID, adamId: null }] },
  });
  await set({}, null);
  expect((await found()).usedBy).toEqual([]);
  await remove();
  await virtual.advance(MINUTE);
  expect(await virtual.stores.secrets.names(`profile/${profileId}/`)).toEqual([]);
  await expect(set({ vpnProfileId: profileId })).rejects.toMatchObject({ code: 'NOT_FOUND_PROFILE' });
});

it('a21: what a profile has is kept sealed and told nobody; a repeat of a request is the same request', async () => {
  await withDevices(0);
  const profileId = await register('VPN', vpnPayload('secret-canary'));
  const renamed = { profileId, name: 'Head office' };
  await virtual.until(
    changeProfile(virtual.edge, { ...renamed, payload: vpnPayload('other-canary') }, OWNER),
  );
  const caller = { ...OWNER, idempotencyKey: 'again' };
  const again = (secret: string) =>
    virtual.until(
      registerProfile(virtual.edge, { kind: 'VPN', name: 'A', payload: vpnPayload(secret) }, caller),
    );
  const first = await again('one-canary');
  expect(await again('one-canary')).toMatchObject({ profileId: first.profileId, repeated: true });
  await expect(again('two-canary')).rejects.toMatchObject({ code: 'CONFLICT_IDEMPOTENCY_KEY' });
  const other = VPNUUID.replace('1', '9');
  await expect(
    virtual.until(
      changeProfile(virtual.edge, { ...renamed, payload: vpnPayload('x').replace(VPNUUID, other) }, OWNER),
    ),
  ).rejects.toMatchObject({ code: 'INVALID_PROFILE' });
  await virtual.advance(MINUTE);
  const { profile } = await virtual.until(getProfile(virtual.edge, { profileId }));
  expect(profile).toMatchObject({ name: 'Head office', kind: 'VPN', vpnUuid: VPNUUID });
  const log = JSON.stringify(await virtual.events());
  expect(log).toContain('profile.changed');
  expect(log).not.toContain('canary');
});

/** The rules for networks that a device has, by its profile; null for none. */
function rulesOn(serialNumber: string): unknown {
  const profiles = [...(virtual.simulator.fleet.find(serialNumber)?.profiles.values() ?? [])].flat();
  return profiles.find((payload) => payload['PayloadType'] === 'com.apple.networkusagerules')?.[
    'ApplicationRules'
  ];
}

const bundleId = (adamId: string): string =>
  virtual.simulator.fleet
    .all()
    .flatMap(({ apps }) => [...apps])
    .find(([, app]) => app.adamId === adamId)?.[0] ?? '';

const sent = (serialNumber: string) =>
  (virtual.simulator.fleet.find(serialNumber)?.seen ?? []).flatMap(({ requestType }) =>
    requestType.endsWith('Profile') ? requestType : [],
  );

const rule = (cellular: boolean, roaming: boolean, ...apps: readonly string[]) => ({
  AppIdentifierMatches: apps.map(bundleId).sort(),
  AllowCellularData: cellular,
  AllowRoamingCellularData: roaming,
});

it('a18, a19: what apps may do with mobile data is one profile of the device, sent again only when that changes', async () => {
  await withDevices(2);
  await virtual.enrol([{ serialNumber: 'MAC0000001', product: 'Mac14,2' }]);
  await set({ mandatory: true, dataRoaming: false }, null);
  await set({ cellularData: false }, OTHER);
  await virtual.finished(await assign([S0, 'MAC0000001'], [APP, OTHER]));
  await virtual.advance(5 * MINUTE);
  expect(rulesOn(S0)).toEqual([rule(false, false, OTHER), rule(true, false, APP)]);
  expect([sent(S0), sent(S1), sent('MAC0000001')]).toEqual([['InstallProfile'], [], []]);
  // What concerns no network changes no profile; what an app says itself is not the account's matter (a20).
  await set({ mandatory: true, dataRoaming: false, preventBackup: true }, null);
  await set({ cellularData: false, dataRoaming: true }, OTHER);
  await virtual.advance(5 * MINUTE);
  expect(sent(S0)).toEqual(['InstallProfile']);
  await set({ mandatory: true }, null);
  await virtual.advance(5 * MINUTE);
  expect(rulesOn(S0)).toEqual([rule(false, false, OTHER)]);
  expect(sent(S0)).toHaveLength(2);
  await set({ cellularData: true }, OTHER);
  await virtual.advance(5 * MINUTE);
  expect(virtual.simulator.fleet.find(S0)?.profiles.size).toBe(0);
  expect(sent(S0)).toEqual(['InstallProfile', 'InstallProfile', 'RemoveProfile']);
  expect(await why(S0)).toMatchObject({ sentWith: { dataRoaming: false, cellularData: true } });
});

it('a18: a device that puts its profile off, refuses it, loses the answer or enrols again gets it in the end', async () => {
  await withDevices(4);
  const all = serials(4);
  const device = (index: number) => {
    const found = virtual.simulator.fleet.find(all[index] ?? '');
    if (!found) throw new Error('no device');
    return found;
  };
  await virtual.finished(await assign(all));
  const terms = {
    uId: UID,
    assets: [stdq(APP)],
    serialNumbers: all,
    ifShort: 'wait',
    platform: null,
  } as const;
  await virtual.until(placeOrder(virtual.edge, { ...terms, kind: 'RolloutApp' }, OWNER));
  await virtual.advance(2 * MINUTE);
  device(0).knobs.notNow = 2;
  device(1).knobs.refuseProfiles = 2;
  device(2).knobs.losesWebhooks = 1;
  await set({ dataRoaming: false });
  await virtual.advance(30 * MINUTE);
  await virtual.until(device(3).enrol());
  expect(rulesOn(all[3] ?? '')).toBeUndefined();
  await virtual.advance(30 * MINUTE);
  for (const serialNumber of all) expect(rulesOn(serialNumber)).toEqual([rule(true, false, APP)]);
  expect(all.map((serialNumber) => sent(serialNumber).length)).toEqual([4, 3, 2, 2]);
});

const ssoPayload = (realm: string): string =>
  configuration(
    `<key>PayloadType</key><string>com.apple.sso</string><key>Kerberos</key><dict><key>Realm</key><string>${realm}</string></dict>`,
  );

/** What a device has of one type of payload. */
const payloadsOn = (serialNumber: string, type: string) =>
  [...(virtual.simulator.fleet.find(serialNumber)?.profiles.values() ?? [])]
    .flat()
    .filter((payload) => payload['PayloadType'] === type);

const kerberosOn = (serialNumber: string) =>
  payloadsOn(serialNumber, 'com.apple.sso').map((payload) => payload['Kerberos']);

it('a22: apps sign on by the profile that their settings name, for the addresses named there, or for all where that is said', async () => {
  await withDevices(1);
  const profileId = await register('SSO', ssoPayload('REALM-canary'));
  const sso = (baseUrlMatches: readonly string[] | null) => ({ profileId, baseUrlMatches });
  await expect(set({ sso: sso([]) })).rejects.toMatchObject({ code: 'INVALID_BASE_URL' });
  await expect(set({ sso: sso(['intranet']) })).rejects.toMatchObject({ code: 'INVALID_BASE_URL' });
  const vpnProfileId = await register('VPN', vpnPayload('vpn-canary'));
  await expect(set({ sso: { ...sso(null), profileId: vpnProfileId } })).rejects.toMatchObject({
    code: 'NOT_FOUND_PROFILE',
  });
  await set({ mandatory: true, sso: sso(['https://a.example', 'http://b.example:80/x/']) }, null);
  await virtual.finished(await assign([S0], [APP, OTHER]));
  await virtual.advance(5 * MINUTE);
  const both = [APP, OTHER].map(bundleId).sort();
  const urls = ['http://b.example:80/x/', 'https://a.example/'];
  const realm = { Realm: 'REALM-canary', AppIdentifierMatches: both };
  expect(kerberosOn(S0)).toEqual([{ ...realm, URLPrefixMatches: urls }]);
  expect(sent(S0)).toEqual(['InstallProfile']);
  // An app with another one is refused it: a device has one.
  const other = await register('SSO', ssoPayload('OTHER'));
  await set({ sso: { profileId: other, baseUrlMatches: null }, vpnProfileId, dataRoaming: false }, OTHER);
  await set({ sso: sso(null) }, APP);
  await virtual.advance(5 * MINUTE);
  expect(kerberosOn(S0)).toHaveLength(1);
  await set({ sso: null, vpnProfileId, dataRoaming: false }, OTHER);
  await virtual.advance(5 * MINUTE);
  expect(kerberosOn(S0)).toEqual([{ Realm: 'REALM-canary', AppIdentifierMatches: [bundleId(APP)] }]);
  expect(rulesOn(S0)).toEqual([rule(true, false, OTHER)]);
  expect(payloadsOn(S0, 'com.apple.vpn.managed.applayer')).toMatchObject([{ VPNUUID: VPNUUID }]);
  expect(virtual.simulator.fleet.find(S0)?.profiles.size).toBe(1);
  // Another payload goes to who has it.
  const replaced = { profileId, name: 'SSO', payload: ssoPayload('NEW-canary') };
  await virtual.until(changeProfile(virtual.edge, replaced, OWNER));
  await virtual.advance(5 * MINUTE);
  expect(kerberosOn(S0)).toMatchObject([{ Realm: 'NEW-canary' }]);
  const remove = (id: string) => virtual.until(deleteProfile(virtual.edge, { profileId: id }, OWNER));
  await expect(remove(profileId)).rejects.toMatchObject({ code: 'REJECTED_PROFILE_IN_USE' });
  await remove(other);
  await set({}, null);
  await set({});
  await set({}, OTHER);
  await virtual.advance(5 * MINUTE);
  expect(virtual.simulator.fleet.find(S0)?.profiles.size).toBe(0);
  const log = JSON.stringify(await virtual.events());
  expect(log).toContain('installation.profile-taken');
  expect(log).not.toContain('canary');
});

it('a16: a newer version in the store is installed once on each device that has an older one', async () => {
  const often = { metadataEveryMs: 4 * MINUTE, updatesEveryMs: 4 * MINUTE, totalsEveryMs: 20 * DAY };
  await withDevices(2, 100, often);
  await set({ mandatory: true, automaticUpdates: true }, null);
  await set({ automaticUpdates: false }, OTHER);
  await virtual.finished(await assign([S0, S1], [APP, OTHER]));
  await virtual.advance(2 * MINUTE);
  const stubborn = virtual.simulator.fleet.find(S1);
  if (stubborn) stubborn.knobs.neverUpdates = true;
  const versions = () =>
    [S0, S1].map((serial) =>
      [...(virtual.simulator.fleet.find(serial)?.apps.values() ?? [])].map((app) => app.version),
    );
  const installs = () =>
    [S0, S1].map((serial) =>
      (virtual.simulator.fleet.find(serial)?.seen ?? []).flatMap(({ requestType, adamId }) =>
        requestType === 'InstallApplication' ? (adamId ?? []) : [],
      ),
    );
  const [[before = 0] = []] = versions();
  for (const adamId of [APP, OTHER])
    virtual.simulator.admin.setContent(adamId, { externalVersionId: before + 5 });
  await virtual.advance(25 * MINUTE);
  expect(versions()).toEqual([
    [before + 5, before],
    [before, before],
  ]);
  const once = [APP, OTHER, APP];
  expect(installs().map((apps) => apps.sort())).toEqual([once.sort(), once.sort()]);
  expect([await states(S0), await states(S1)]).toEqual([
    { [APP]: 'installed', [OTHER]: 'installed' },
    { [APP]: 'installed', [OTHER]: 'installed' },
  ]);
  // An update is no new order: whose the app is stays.
  const [row] = await virtual.installations(S0);
  expect(row).toMatchObject({ askedVersion: before + 5, version: before + 5 });
  expect(row?.orderId).not.toBe('');
  virtual.simulator.admin.setContent(APP, { externalVersionId: before + 6 });
  await virtual.advance(12 * MINUTE);
  expect(installs().map((apps) => apps.length)).toEqual([4, 4]);
});

it('without an MDM server a mandatory app is assigned, and nothing is installed', async () => {
  virtual = await VirtualSeatbook.imported([asset(APP, 1)]);
  await set({ mandatory: true });
  await virtual.finished(await assign([S0]));
  expect(await states(S0)).toEqual({});
});
