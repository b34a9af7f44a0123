import type { AppSso } from './app-sso.js';

/** How an app is installed and may be used. */
export interface AppSettings {
  /** Assigning a licence of it starts its installation. */
  readonly mandatory: boolean;
  /** A newer version in the store is installed where the app is. */
  readonly automaticUpdates: boolean;
  /** What the app keeps on a device stays out of backups. */
  readonly preventBackup: boolean;
  /** The app may use mobile data; else Wi-Fi alone. iOS alone. */
  readonly cellularData: boolean;
  /** The app may use mobile data while roaming. iOS alone. */
  readonly dataRoaming: boolean;
  /** The profile of the VPN that the app uses; null for none. */
  readonly vpnProfileId: string | null;
  /** Its Single Sign-On; null for none. iOS alone. */
  readonly sso: AppSso | null;
}

/** What an account or one of its apps says; what it does not say is inherited. */
export type OwnSettings = Partial<AppSettings>;

/** Settings as an event has them: those that there were not yet when it was written are left out. */
export type RecordedSettings = Pick<AppSettings, 'mandatory' | 'automaticUpdates' | 'preventBackup'> &
  OwnSettings;

/** What holds where nobody says anything. */
export const DEFAULT_APP_SETTINGS: AppSettings = {
  mandatory: false,
  automaticUpdates: false,
  preventBackup: false,
  cellularData: true,
  dataRoaming: true,
  vpnProfileId: null,
  sso: null,
};

/** What holds for an app: its own settings, over its account's, over the product's. */
export const effectiveSettings = (ofAccount: OwnSettings, ofApp: OwnSettings): AppSettings => ({
  ...DEFAULT_APP_SETTINGS,
  ...ofAccount,
  ...ofApp,
});
