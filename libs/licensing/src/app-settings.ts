/** How an app is installed and may be used. */
export interface AppSettings {
  /** Assigning a licence of it starts its installation. */
  readonly mandatory: boolean;
  /** A newer version in the store is installed where the app is. */
  readonly automaticUpdates: boolean;
  /** What the app keeps on a device stays out of backups. */
  readonly preventBackup: boolean;
}

/** What an account or one of its apps says; what it does not say is inherited. */
export type OwnSettings = Partial<AppSettings>;

/** What holds where nobody says anything. */
export const DEFAULT_APP_SETTINGS: AppSettings = {
  mandatory: false,
  automaticUpdates: false,
  preventBackup: false,
};

/** What holds for an app: its own settings, over its account's, over the product's. */
export const effectiveSettings = (ofAccount: OwnSettings, ofApp: OwnSettings): AppSettings => ({
  ...DEFAULT_APP_SETTINGS,
  ...ofAccount,
  ...ofApp,
});
