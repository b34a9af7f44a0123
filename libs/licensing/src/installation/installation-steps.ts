import { idOf, type Step, type Steps } from '@seatbook/kernel';
import { bundleIdOf } from '../asset-description.js';
import {
  asksForProfile,
  composedProfile,
  sealedIn,
  type AppTerms,
  type DeviceProfile,
  type SealedPayload,
} from '../device-profile.js';
import type { LicensingPorts } from '../ports.js';
import { settingsInForce } from '../settings-in-force.js';
import { assetStream, deviceStream, profileStream } from '../streams.js';
import type { LongestWaits, Timings } from '../timings.js';
import { newCommandUuid } from '../command-uuid.js';
import type { InstallationCommand } from './installation-decider.js';
import { nextOfProfile } from './device-profile-state.js';
import { isCarried, nextLook, type DeviceApps } from './installation-state.js';

/**
 * Asks the device what has become of its apps, all that are due in one list. A device that has not answered the list
 * before is pushed, which may be done twice.
 */
const look: Step<DeviceApps, LicensingPorts, InstallationCommand> = {
  due(device) {
    const at = nextLook(device);
    return at === null ? null : { at };
  },
  async begin({ apps }, ports) {
    const bundleIds: Record<string, string> = {};
    for (const { uId, adamId, pricingParam, bundleId, lookAt } of apps.values()) {
      if (bundleId !== null || lookAt === null) continue;
      const found = await ports.look(assetStream(uId, { adamId, pricingParam }), bundleIdOf);
      if (found !== null) bundleIds[adamId] = found;
    }
    return { type: 'Look', uuid: newCommandUuid('list', ports.random), bundleIds };
  },
  async perform({ list, apps, reminded }, ports, stream) {
    if (list === null || !ports.mdm) return [];
    const { phase, enrolmentId } = await ports.read(deviceStream(idOf(stream)));
    // It is waited for until the deadline; nothing can be sent to it meanwhile.
    if (phase !== 'enrolled' || enrolmentId === null) return [];
    if (reminded) {
      await ports.mdm.push([enrolmentId]);
      return [];
    }
    const bundleIds = list.adamIds.flatMap((adamId) => apps.get(adamId)?.bundleId ?? []);
    // Where one is not known, the device tells of all that it has.
    const wanted = bundleIds.length === list.adamIds.length ? bundleIds : [];
    const command = { requestType: 'ManagedApplicationList', bundleIds: wanted } as const;
    const result = await ports.mdm.enqueue(list.uuid, command, [enrolmentId]);
    return result.ok ? [] : [{ type: 'RecordListFailure', uuid: list.uuid, reason: result.reason }];
  },
};

/**
 * Composes what settings of the device's apps ask for, and sends it where the device has another content. A command that
 * is sent twice is taken once.
 */
const profile: Step<DeviceApps, LicensingPorts, InstallationCommand> = {
  due(device) {
    const at = nextOfProfile(device.profile);
    return at === null ? null : { at };
  },
  async begin(device, ports, stream) {
    if (!ports.mdm) return null;
    const { terms, unnamed } = await termsOf(device, ports, stream);
    const uuid = newCommandUuid('profile', ports.random);
    return { type: 'ComposeProfile', uuid, profile: composedProfile(terms), unnamed };
  },
  async perform({ profile: { asked } }, ports, stream) {
    if (asked === null || !ports.mdm) return [];
    const { phase, enrolmentId } = await ports.read(deviceStream(idOf(stream)));
    if (phase !== 'enrolled' || enrolmentId === null) return [];
    const { uuid, digest } = asked;
    const sealed = await unsealed(asked.profile, ports);
    // It was replaced or deleted meanwhile: it is composed anew.
    if (sealed === null) return [{ type: 'RecordProfileUnsent', uuid }];
    const result = await ports.mdm.enqueue(
      uuid,
      asked.profile === null
        ? { requestType: 'RemoveProfile' }
        : { requestType: 'InstallProfile', digest, profile: asked.profile, sealed },
      [enrolmentId],
    );
    return result.ok && result.refused.length === 0 ? [] : [{ type: 'RecordProfileUnsent', uuid }];
  },
};

/** The sealed payloads of a profile by their ids; null where one of them is gone. Secrets. */
async function unsealed(
  profile: DeviceProfile | null,
  { vault }: LicensingPorts,
): Promise<Readonly<Record<string, string>> | null> {
  const sealed: Record<string, string> = {};
  for (const { profileId, fingerprint } of profile === null ? [] : sealedIn(profile)) {
    const payload = await vault.profilePayload(profileId, fingerprint);
    if (payload === null) return null;
    sealed[profileId] = payload;
  }
  return sealed;
}

/** Null for none, and for a profile that was deleted as it was chosen. */
const payloadOf = async (
  profileId: string | null | undefined,
  { look }: LicensingPorts,
): Promise<SealedPayload | null> =>
  profileId == null
    ? null
    : look(profileStream(profileId), ({ phase, payload: { fingerprint } }) =>
        phase === 'registered' ? { profileId, fingerprint } : null,
      );

/** What the settings in force ask for, of each app that is on the device or on its way. */
async function termsOf(
  { apps }: DeviceApps,
  ports: LicensingPorts,
  stream: string,
): Promise<{ readonly terms: readonly AppTerms[]; readonly unnamed: boolean }> {
  const terms: AppTerms[] = [];
  let unnamed = false;
  const platform = await ports.look(
    deviceStream(idOf(stream)),
    ({ facts, registered }) => facts.platform ?? registered?.platform ?? null,
  );
  // Other systems do not know these payloads.
  for (const { uId, adamId, pricingParam, bundleId } of platform === 'iOS'
    ? [...apps.values()].filter(isCarried)
    : []) {
    const settings = await settingsInForce(ports.look, uId, adamId);
    if (!asksForProfile(settings)) continue;
    const named = bundleId ?? (await ports.look(assetStream(uId, { adamId, pricingParam }), bundleIdOf));
    if (named === null) unnamed = true;
    else {
      const { cellularData, dataRoaming, vpnProfileId } = settings;
      const payload = await payloadOf(settings.sso?.profileId, ports);
      const sso = payload && { ...payload, baseUrlMatches: settings.sso?.baseUrlMatches ?? null };
      const vpn = await payloadOf(vpnProfileId, ports);
      terms.push({ bundleId: named, cellularData, dataRoaming, sso, vpn });
    }
  }
  return { terms, unnamed };
}

export const installationSteps = { look, profile } satisfies Steps<
  DeviceApps,
  LicensingPorts,
  InstallationCommand
>;

export const installationWaits = (timings: Timings): LongestWaits<typeof installationSteps> => {
  const { firstLookMs, lookAgainMs, maxLookMs, unansweredMs, rolloutQuietMs } = timings;
  return {
    look: Math.max(firstLookMs, lookAgainMs, maxLookMs, 4 * unansweredMs),
    profile: Math.max(rolloutQuietMs, maxLookMs, 4 * unansweredMs),
  };
};
