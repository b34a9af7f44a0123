import {
  appSettingsStream,
  baseUrlsOf,
  assetKey,
  effectiveSettings,
  idOfAsset,
  mdmCommandStream,
  profileStream,
  queryModels,
  settingsInForce,
  type AppSettings,
  type AssetId,
  type InstallationDocument,
  type OrderTerms,
  type OwnSettings,
} from '@seatbook/licensing';
import type { Receipt } from '@seatbook/runtime';
import { mustBeImported, mustExist } from './accounts.js';
import { noSuchAsset } from './assets.js';
import type { Caller } from './principal.js';
import type { Reflected } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenContext } from './taken-key.js';

/** An app of an account, or (null) all its apps. */
export interface NamedApp {
  readonly uId: string;
  readonly asset: AssetId | null;
}

export interface SetAppSettings extends NamedApp {
  /** All that is said from now on; the rest is inherited. */
  readonly settings: OwnSettings;
  /** Refused where the settings have another version; left out: whatever they are. */
  readonly ifVersion?: number | undefined;
}

/** Settings as they are in force, and whose they are. */
export interface AppSettingsFound extends NamedApp {
  readonly inForce: AppSettings;
  /** What is said here itself. */
  readonly own: OwnSettings;
  readonly version: number;
  readonly asOf: Reflected;
}

/** @throws Refusal NOT_FOUND_ACCOUNT, NOT_FOUND_ASSET, NOT_FOUND_PROFILE, INVALID_BASE_URL, CONFLICT_VERSION */
export async function setAppSettings(
  seatbook: SeatbookEdge,
  { uId, asset, settings: said, ifVersion }: SetAppSettings,
  caller: Caller,
): Promise<Receipt> {
  const settings = withBaseUrls(said);
  await mustBeImported(seatbook, uId);
  await mustBeKnown(seatbook, uId, asset);
  const adamId = asset?.adamId ?? null;
  const context = await takenContext(seatbook, caller, 'SetAppSettings', { uId, adamId, settings });
  // Whoever deletes a profile sees who may name it by then.
  const named = [
    [settings.vpnProfileId, 'VPN'],
    [settings.sso?.profileId, 'SSO'],
  ] as const;
  for (const [profileId, kind] of named)
    if (profileId != null)
      await seatbook.execute(profileStream(profileId), { type: 'NoteUse', uId, adamId, kind }, context);
  const command = { type: 'SetAppSettings', uId, adamId, settings, ifVersion } as const;
  return seatbook.execute(appSettingsStream(uId, adamId), command, context);
}

/** Addresses as devices compare them. */
const withBaseUrls = ({ sso, ...settings }: OwnSettings): OwnSettings => {
  if (sso === undefined) return settings;
  if (sso === null || sso.baseUrlMatches === null) return { ...settings, sso };
  return { ...settings, sso: { ...sso, baseUrlMatches: baseUrlsOf(sso.baseUrlMatches) } };
};

/** As they are in the log now. @throws Refusal NOT_FOUND_ACCOUNT, NOT_FOUND_ASSET */
export async function getAppSettings(
  seatbook: SeatbookEdge,
  { uId, asset }: NamedApp,
): Promise<AppSettingsFound> {
  await mustExist(seatbook, uId);
  await mustBeKnown(seatbook, uId, asset);
  const ofAccount = await loaded(seatbook, uId, null);
  const ofApp = asset && (await loaded(seatbook, uId, asset.adamId));
  const { settings: own, version } = ofApp ?? ofAccount;
  const effective = effectiveSettings(ofAccount.settings, ofApp?.settings ?? {});
  return { uId, asset, inForce: effective, own, version, asOf: await seatbook.reader.head() };
}

const loaded = async ({ runner }: SeatbookEdge, uId: string, adamId: string | null) =>
  (await runner.load(appSettingsStream(uId, adamId))).state;

async function mustBeKnown({ stores }: SeatbookEdge, uId: string, asset: AssetId | null): Promise<void> {
  if (asset && !(await stores.reads.get(queryModels.assets, assetKey(uId, asset)))) throw noSuchAsset(asset);
}

/** The settings that the last command for an installation was sent with; null where none was sent. */
export const sentWith = async (
  { runner }: SeatbookEdge,
  installation: InstallationDocument | null,
): Promise<AppSettings | null> =>
  installation?.uuid == null
    ? null
    : runner.look(mdmCommandStream(installation.uuid), (command) =>
        'settings' in command && command.settings ? { ...command.settings } : null,
      );

/** What is in force for an app now. */
export const inForce = ({ runner }: SeatbookEdge, uId: string, { adamId }: AssetId): Promise<AppSettings> =>
  settingsInForce((stream, at) => runner.look(stream, at), uId, adamId);

/**
 * Which of the assets of an order are installed as soon as their licence has come: those of mandatory apps, as their
 * settings are now. Of an order that was placed already, the first answer holds.
 */
export async function installedBy(
  seatbook: SeatbookEdge,
  { kind, uId, assets }: OrderTerms,
): Promise<Pick<OrderTerms, 'install'>> {
  if (kind !== 'AssignLicense' || seatbook.options.mdm === undefined) return {};
  const install: string[] = [];
  for (const asset of assets) {
    if ((await inForce(seatbook, uId, asset)).mandatory) install.push(idOfAsset(asset));
  }
  return install.length === 0 ? {} : { install };
}

export const appSettingsCommands = { SetAppSettings: setAppSettings };

export const appSettingsQueries = { GetAppSettings: getAppSettings };
