import { sha256 } from '@seatbook/kernel';
import type { AppSettings } from './app-settings.js';

/** How some managed apps may use networks. Each app is in one rule: what overlapping ones mean, Apple does not say. */
export interface UsageRule {
  readonly bundleIds: readonly string[];
  readonly cellularData: boolean;
  /** Data while roaming. Without cellular data there is none. */
  readonly dataRoaming: boolean;
}

/** A payload that is kept sealed, by what the history knows of it. */
export interface SealedPayload {
  readonly profileId: string;
  readonly fingerprint: string;
}

/** The Single Sign-On of some apps: a device has one. */
export interface DeviceSso extends SealedPayload {
  readonly bundleIds: readonly string[];
  /** Null: all addresses. */
  readonly baseUrlMatches: readonly string[] | null;
  /** Apps whose settings name another one, which the device cannot have as well. */
  readonly without: readonly string[];
}

/**
 * What a device is told by a profile: all that its apps ask for, since Apple allows one payload of each type on a device,
 * but for VPNs. iOS alone.
 */
export interface DeviceProfile {
  readonly rules: readonly UsageRule[];
  readonly sso?: DeviceSso;
  /** VPNs that its apps are bound to. */
  readonly vpns?: readonly SealedPayload[];
}

/** Whether settings ask for anything that stands in the profile of a device. */
export const asksForProfile = ({
  cellularData,
  dataRoaming,
  sso = null,
  vpnProfileId = null,
}: Partial<AppSettings>): boolean =>
  cellularData === false || dataRoaming === false || sso !== null || vpnProfileId !== null;

/** An app on a device, and what its settings ask for. */
export interface AppTerms extends Pick<AppSettings, 'cellularData' | 'dataRoaming'> {
  readonly bundleId: string;
  readonly sso: (SealedPayload & { readonly baseUrlMatches: readonly string[] | null }) | null;
  readonly vpn: SealedPayload | null;
}

/** The profile of a device that has these apps, whatever their order; null where nobody asks for anything. */
export function composedProfile(apps: readonly AppTerms[]): DeviceProfile | null {
  // A rule without apps would be one for all apps.
  const rules: readonly UsageRule[] = [
    { bundleIds: named(apps, (app) => !app.cellularData), cellularData: false, dataRoaming: false },
    {
      bundleIds: named(apps, (app) => app.cellularData && !app.dataRoaming),
      cellularData: true,
      dataRoaming: false,
    },
  ].filter(({ bundleIds }) => bundleIds.length > 0);
  const sso = ssoOf(apps);
  const used = new Map(apps.flatMap(({ vpn }) => (vpn === null ? [] : [[vpn.profileId, vpn] as const])));
  const vpns = [...used.values()]
    .map(({ profileId, fingerprint }) => ({ profileId, fingerprint }))
    .sort((one, other) => (one.profileId < other.profileId ? -1 : 1));
  if (rules.length === 0 && sso === null && vpns.length === 0) return null;
  return { rules, ...(sso && { sso }), ...(vpns.length > 0 && { vpns }) };
}

const named = (apps: readonly AppTerms[], choose: (app: AppTerms) => boolean): readonly string[] =>
  [...new Set(apps.filter(choose).map(({ bundleId }) => bundleId))].sort();

/** The one that most apps name. */
function ssoOf(apps: readonly AppTerms[]): DeviceSso | null {
  const counts = new Map<string, number>();
  for (const { sso } of apps) if (sso) counts.set(sso.profileId, (counts.get(sso.profileId) ?? 0) + 1);
  const [chosen] = [...counts].sort(([one, many], [other, more]) => more - many || (one < other ? -1 : 1));
  if (!chosen) return null;
  const [profileId] = chosen;
  const theirs = apps.flatMap(({ sso }) => (sso?.profileId === profileId ? [sso] : []));
  const [{ fingerprint } = { fingerprint: '' }] = theirs;
  const forAll = theirs.some(({ baseUrlMatches }) => baseUrlMatches === null);
  return {
    profileId,
    fingerprint,
    bundleIds: named(apps, ({ sso }) => sso?.profileId === profileId),
    baseUrlMatches: forAll
      ? null
      : [...new Set(theirs.flatMap(({ baseUrlMatches }) => baseUrlMatches ?? []))].sort(),
    without: named(apps, ({ sso }) => sso !== null && sso.profileId !== profileId),
  };
}

/** The payloads that are sealed. */
export const sealedIn = ({ sso, vpns = [] }: DeviceProfile): readonly SealedPayload[] =>
  sso ? [sso, ...vpns] : vpns;

/** The same for the same content; empty for none. */
export const digestOf = (profile: DeviceProfile | null): string =>
  profile === null ? '' : sha256(JSON.stringify(profile)).slice(0, 32);
