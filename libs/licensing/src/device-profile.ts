import { sha256 } from '@seatbook/kernel';
import type { AppSettings } from './app-settings.js';

/** How some managed apps may use networks. Each app is in one rule: what overlapping ones mean, Apple does not say. */
export interface UsageRule {
  readonly bundleIds: readonly string[];
  readonly cellularData: boolean;
  /** Data while roaming. Without cellular data there is none. */
  readonly dataRoaming: boolean;
}

/**
 * What a device is told by a profile: all that its apps ask for, since Apple allows one payload of each type on a device.
 * iOS alone.
 */
export interface DeviceProfile {
  readonly rules: readonly UsageRule[];
}

/** What the settings of an app ask for. */
export type ProfileTerms = Pick<AppSettings, 'cellularData' | 'dataRoaming'>;

/** Whether settings ask for anything that stands in the profile of a device. */
export const asksForProfile = ({ cellularData, dataRoaming }: Partial<ProfileTerms>): boolean =>
  cellularData === false || dataRoaming === false;

/** An app on a device, and what its settings ask for. */
export interface AppTerms extends ProfileTerms {
  readonly bundleId: string;
}

/** The profile of a device that has these apps, whatever their order; null where nobody asks for anything. */
export function composedProfile(apps: readonly AppTerms[]): DeviceProfile | null {
  const named = (choose: (app: AppTerms) => boolean): readonly string[] =>
    [...new Set(apps.filter(choose).map(({ bundleId }) => bundleId))].sort();
  // A rule without apps would be one for all apps.
  const rules: readonly UsageRule[] = [
    { bundleIds: named((app) => !app.cellularData), cellularData: false, dataRoaming: false },
    {
      bundleIds: named((app) => app.cellularData && !app.dataRoaming),
      cellularData: true,
      dataRoaming: false,
    },
  ].filter(({ bundleIds }) => bundleIds.length > 0);
  return rules.length === 0 ? null : { rules };
}

/** The same for the same content; empty for none. */
export const digestOf = (profile: DeviceProfile | null): string =>
  profile === null ? '' : sha256(JSON.stringify(profile)).slice(0, 32);
