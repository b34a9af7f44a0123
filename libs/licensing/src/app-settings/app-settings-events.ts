import { firstVersions } from '@seatbook/kernel';
import type { OwnSettings } from '../app-settings.js';

type Event<T extends string, D> = { readonly type: `appSettings.${T}`; readonly data: D };

/** Settings of an app over those of its account: `appSettings-{uId}.{adamId}`, and `appSettings-{uId}` of all its apps. */
export type AppSettingsEvent =
  /** All that is said from now on; what is left out is inherited. `adamId`: null for the account's own. */
  Event<'set', { readonly uId: string; readonly adamId: string | null; readonly settings: OwnSettings }>;

export const appSettingsEventTypes = firstVersions<AppSettingsEvent>({ 'appSettings.set': true });
