import { firstVersions, type Instant } from '@seatbook/kernel';
import type { OwnSettings } from '../app-settings.js';
import type { AssetId } from '../ports.js';

type Event<T extends string, D> = { readonly type: `appSettings.${T}`; readonly data: D };

/** Settings of an app over those of its account: `appSettings-{uId}.{adamId}`, and `appSettings-{uId}` of all its apps. */
export type AppSettingsEvent =
  /**
   * All that is said from now on; what is left out is inherited. `adamId`: null for the account's own. `lookAt`: when
   * updates are looked for; null: they are not.
   */
  | Event<
      'set',
      {
        readonly uId: string;
        readonly adamId: string | null;
        readonly settings: OwnSettings;
        readonly lookAt: Instant | null;
      }
    >
  /** The store has a newer version than these devices, which are to get it. */
  | Event<
      'updates-asked',
      AssetId & { readonly uId: string; readonly version: number; readonly serialNumbers: readonly string[] }
    >
  /** These devices have apps that it is about, or may get them: what they ask for is another thing now. `after`: the last
   * device that was told; null: all were. */
  | Event<
      'devices-told',
      {
        readonly uId: string;
        readonly adamId: string | null;
        readonly serialNumbers: readonly string[];
        readonly after: string | null;
      }
    >
  /** A profile that they name has another payload. */
  | Event<
      'payload-replaced',
      { readonly uId: string; readonly adamId: string | null; readonly profileId: string }
    >
  /** Updates were looked for. */
  | Event<'updates-looked', { readonly uId: string; readonly lookAt: Instant }>;

export const appSettingsEventTypes = firstVersions<AppSettingsEvent>({
  'appSettings.set': true,
  'appSettings.devices-told': true,
  'appSettings.payload-replaced': true,
  'appSettings.updates-asked': true,
  'appSettings.updates-looked': true,
});
