import {
  changeProfile,
  deleteProfile,
  getProfile,
  registerProfile,
  setAppSettings,
  type SetAppSettings,
} from '@seatbook/application';
import { queryModels, type ProfileDocument, type ProfileKind } from '@seatbook/licensing';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { World } from '../world.js';
import type { Action } from './action.js';

const VPNUUIDS = [1, 2, 3].map((digit) => `${String(digit).repeat(8)}-2222-4333-8444-555555555555`);

/** A configuration profile with one payload, and in it something that nobody may see. */
function payloadOf(kind: ProfileKind, { dice }: World, vpnUuid = dice.of(VPNUUIDS)): string {
  const secret = `<key>SharedSecret</key><string>profile-canary-${dice.between(0, 1_000_000)}</string>`;
  const payload =
    kind === 'VPN'
      ? `<key>PayloadType</key><string>com.apple.vpn.managed.applayer</string><key>VPNUUID</key><string>${vpnUuid}</string>${secret}`
      : `<key>PayloadType</key><string>com.apple.sso</string><key>Kerberos</key><dict><key>Realm</key><string>EXAMPLE.COM</string></dict>${secret}`;
  return `<?xml version="1.0"?><plist version="1.0"><dict><key>PayloadType</key><string>Configuration</string><key>PayloadContent</key><array><dict>${payload}</dict></array></dict></plist>`;
}

/** A profile of a kind, where there is one. */
async function anyProfile({ virtual, dice }: World, kind: ProfileKind): Promise<ProfileDocument | null> {
  const query = { index: 'by-kind', equals: [kind], limit: 10 } as const;
  const { rows } = await virtual.stores.reads.query(queryModels.profiles, query);
  return rows.length === 0 ? null : dice.of(rows);
}

async function settingsBy(world: World): Promise<SetAppSettings['settings']> {
  const { dice } = world;
  const vpn = dice.chance(0.25) ? 'nobody' : ((await anyProfile(world, 'VPN'))?.profileId ?? null);
  const profileId = (await anyProfile(world, 'SSO'))?.profileId ?? null;
  const urls = [['https://a.example'], ['http://b.example:80/x', 'https://a.example/'], null];
  const sso = profileId === null ? null : { profileId, baseUrlMatches: dice.of(urls) ?? null };
  const noAddress = { profileId: profileId ?? 'nobody', baseUrlMatches: ['b.example'] };
  const said = {
    mandatory: dice.chance(0.8),
    automaticUpdates: dice.chance(0.7),
    preventBackup: dice.chance(0.5),
    cellularData: dice.chance(0.5),
    dataRoaming: dice.chance(0.4),
    vpnProfileId: dice.chance(0.8) ? vpn : null,
    sso: dice.chance(0.2) ? noAddress : dice.chance(0.7) ? sso : null,
  };
  return Object.fromEntries(Object.entries(said).filter(() => dice.chance(0.6)));
}

/** What administrators say of apps, and what their devices make of it. */
export const deviceSettings: readonly Action[] = [
  {
    name: 'settings of apps are changed',
    weight: 30,
    async run(world) {
      const { dice, virtual } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const asset = dice.chance(0.4) ? null : stdq(dice.of(adamIds));
      const settings = await settingsBy(world);
      world.tell(`settings of ${asset?.adamId ?? 'all apps'}: ${JSON.stringify(settings)}`);
      world.send('set', (caller) => setAppSettings(virtual.edge, { uId, asset, settings }, caller));
    },
  },
  {
    name: 'a profile is registered',
    weight: 12,
    run(world) {
      const { dice, virtual } = world;
      const kind = dice.of(['VPN', 'SSO'] as const);
      const wrong = dice.chance(0.1);
      const payload = payloadOf(wrong ? (kind === 'VPN' ? 'SSO' : 'VPN') : kind, world);
      world.tell(`a profile (${kind}) is registered`);
      world.send('register a profile', (caller) =>
        registerProfile(virtual.edge, { kind, name: kind, payload }, caller),
      );
    },
  },
  {
    name: 'a profile is changed or deleted',
    weight: 12,
    async run(world) {
      const { dice, virtual } = world;
      const profile = await anyProfile(world, dice.of(['VPN', 'SSO'] as const));
      if (!profile) return;
      const { profileId, kind, vpnUuid } = profile;
      const payload = payloadOf(kind, world, vpnUuid ?? undefined);
      const deletes = dice.chance(0.3);
      world.tell(`the profile ${profileId.slice(0, 8)} is ${deletes ? 'deleted' : 'changed'}`);
      world.send('look', () => getProfile(virtual.edge, { profileId }));
      world.send('change a profile', (caller) =>
        deletes
          ? deleteProfile(virtual.edge, { profileId }, caller)
          : changeProfile(virtual.edge, { profileId, name: 'Other', payload }, caller),
      );
    },
  },
  {
    name: 'the store has a newer version',
    weight: 8,
    run(world) {
      const { dice, virtual } = world;
      const adamId = dice.of(dice.of(world.sites).adamIds);
      world.tell(`the store has a newer version of ${adamId}`);
      virtual.simulator.admin.setContent(adamId, {
        externalVersionId: 850_000_000 + dice.between(1, 1_000_000),
      });
    },
  },
  {
    name: 'a device refuses its profile',
    weight: 6,
    run(world) {
      const all = world.virtual.simulator.fleet.all();
      if (all.length === 0) return;
      const device = world.dice.of(all);
      world.tell(`${device.facts.serialNumber} refuses profiles`);
      device.knobs.refuseProfiles = world.dice.between(1, 2);
    },
  },
];
