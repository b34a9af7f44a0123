import type { StreamName } from '@seatbook/kernel';
import {
  deviceAppsStream,
  deviceIdOf,
  deviceStream,
  profileStream,
  settingsInForce,
  type AppSettings,
} from '@seatbook/licensing';
import type { VirtualDevice } from '@seatbook/simulator';
import { speaks } from '../actions/devices.js';
import type { World } from '../world.js';

const CARRIED: ReadonlySet<string> = new Set([
  'commanded',
  'put-off',
  'installing',
  'prompting',
  'installed',
  'removing',
  'not-removed',
]);

interface Asked {
  readonly bundleId: string;
  readonly settings: AppSettings;
}

/** In the end each device has what the settings of its apps ask for, and nothing else. */
export async function profilesAreAsAsked(world: World): Promise<string[]> {
  const { fleet } = world.virtual.simulator;
  const wrong: string[] = [];
  for (const device of fleet.all()) {
    const { udid, serialNumber, product = 'iPhone' } = device.facts;
    // Of what the server never told, nobody can know: what a device lost by it is seen with its next enrolment.
    if (serialNumber === null || !device.enrolled || !speaks(device) || fleet.mdm.unheard.has(udid)) continue;
    const { phase, enrolmentId } = await stateOf(world, deviceStream(deviceIdOf(serialNumber)));
    if (phase !== 'enrolled' || enrolmentId !== udid || !product.startsWith('iPhone')) continue;
    const asked = await askedOf(world, deviceIdOf(serialNumber), device);
    const expected = JSON.stringify(await expectedOf(world, asked));
    const has = JSON.stringify(contentOf(device));
    if (has !== expected)
      wrong.push(`the profile of ${serialNumber} is ${has}, its apps ask for ${expected}`);
  }
  return wrong;
}

const stateOf = async <S>({ virtual }: World, stream: StreamName<never, S>): Promise<S> =>
  (await virtual.until(virtual.edge.runner.load(stream))).state;

async function askedOf(world: World, deviceId: string, device: VirtualDevice): Promise<Asked[]> {
  const { runner } = world.virtual.edge;
  const { apps } = await stateOf(world, deviceAppsStream(deviceId));
  const asked: Asked[] = [];
  for (const { uId, adamId, phase, bundleId } of apps.values()) {
    if (!CARRIED.has(phase)) continue;
    const known = bundleId ?? [...device.apps].find(([, app]) => app.adamId === adamId)?.[0];
    const settings = await world.virtual.until(
      settingsInForce((stream, at) => runner.look(stream, at), uId, adamId),
    );
    if (known !== undefined) asked.push({ bundleId: known, settings });
  }
  return asked;
}

interface Content {
  readonly limited: readonly string[];
  readonly sso: string | null;
  readonly vpns: readonly string[];
}

async function expectedOf(world: World, asked: readonly Asked[]): Promise<Content> {
  const limited = asked.flatMap(({ bundleId, settings: { cellularData, dataRoaming } }) =>
    cellularData && dataRoaming ? [] : [`${bundleId} ${cellularData ? 'at home' : 'never'}`],
  );
  const secrets = async (profileId: string): Promise<string | null> => {
    const { phase, payload } = await stateOf(world, profileStream(profileId));
    if (phase !== 'registered') return null;
    const text = await world.virtual.stores.secrets.get(`profile/${profileId}/${payload.fingerprint}`);
    return /profile-canary-\d+/.exec(text ?? '')?.[0] ?? null;
  };
  const vpns = new Set<string>();
  const sso = new Map<string, Asked[]>();
  for (const app of asked) {
    const { vpnProfileId, sso: named } = app.settings;
    const vpn = vpnProfileId === null ? null : await secrets(vpnProfileId);
    if (vpn !== null) vpns.add(vpn);
    if (named !== null && (await secrets(named.profileId)) !== null)
      sso.set(named.profileId, [...(sso.get(named.profileId) ?? []), app]);
  }
  let most: readonly [string, readonly Asked[]] | null = null;
  for (const one of [...sso].sort(([a], [b]) => (a < b ? -1 : 1)))
    if (most === null || one[1].length > most[1].length) most = one;
  const urls = (most?.[1] ?? []).map(({ settings }) => settings.sso?.baseUrlMatches ?? null);
  const all = urls.includes(null) ? 'all' : [...new Set(urls.flat())].sort().join(' ');
  const apps = (most?.[1] ?? []).map(({ bundleId }) => bundleId).sort();
  return {
    limited: limited.sort(),
    sso: most && `${await secrets(most[0])} ${apps.join(' ')} for ${all}`,
    vpns: [...vpns].sort(),
  };
}

interface Rule {
  readonly AppIdentifierMatches: readonly string[];
  readonly AllowCellularData: boolean;
}

interface Kerberos {
  readonly AppIdentifierMatches: readonly string[];
  readonly URLPrefixMatches?: readonly string[];
}

const secretOf = (payload?: Readonly<Record<string, unknown>>): string => {
  const secret = payload?.['SharedSecret'];
  return typeof secret === 'string' ? secret : '';
};

function contentOf({ profiles }: VirtualDevice): Content {
  const payloads = [...profiles.values()].flat();
  const typed = (type: string) => payloads.filter((payload) => payload['PayloadType'] === type);
  const rules = typed('com.apple.networkusagerules').flatMap(
    (payload) => payload['ApplicationRules'] as unknown as readonly Rule[],
  );
  const limited = rules.flatMap(({ AppIdentifierMatches: apps, AllowCellularData: home }) =>
    apps.map((app) => `${app} ${home ? 'at home' : 'never'}`),
  );
  const [sso] = typed('com.apple.sso');
  const kerberos = sso?.['Kerberos'] as unknown as Kerberos | undefined;
  const urls = kerberos?.URLPrefixMatches?.join(' ') ?? 'all';
  return {
    limited: limited.sort(),
    sso: kerberos ? `${secretOf(sso)} ${kerberos.AppIdentifierMatches.join(' ')} for ${urls}` : null,
    vpns: typed('com.apple.vpn.managed.applayer').map(secretOf).sort(),
  };
}
