import { Refusal, type Command, type Decider } from '@seatbook/kernel';
import type { OwnSettings } from '../app-settings.js';
import type { AppSettingsEvent } from './app-settings-events.js';

export type AppSettingsCommand =
  /** Replaces all that is said. `ifVersion`: refused where the settings have another version. */
  Command<'SetAppSettings'> & {
    readonly uId: string;
    readonly adamId: string | null;
    readonly settings: OwnSettings;
    readonly ifVersion?: number | undefined;
  };

export interface AppSettingsState {
  readonly settings: OwnSettings;
  /** Grows with each change. */
  readonly version: number;
}

export const appSettingsDecider: Decider<AppSettingsCommand, AppSettingsState, AppSettingsEvent> = {
  initial: () => ({ settings: {}, version: 0 }),

  decide({ uId, adamId, settings, ifVersion }, state) {
    if (ifVersion !== undefined && ifVersion !== state.version) {
      throw new Refusal('CONFLICT_VERSION', 'the settings have changed since you have read them', {
        version: state.version,
      });
    }
    const after = sorted(settings);
    if (JSON.stringify(after) === JSON.stringify(state.settings)) return [];
    return [{ type: 'appSettings.set', data: { uId, adamId, settings: after } }];
  },

  evolve: ({ version }, { data: { settings } }) => ({ settings, version: version + 1 }),
};

/** In one order, whatever the order in which somebody said it; without what is not said. */
const sorted = (settings: OwnSettings): OwnSettings =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => value !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
