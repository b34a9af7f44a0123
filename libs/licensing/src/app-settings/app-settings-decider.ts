import { Refusal, chunksOf, type Command, type Decider, type Instant } from '@seatbook/kernel';
import type { OwnSettings } from '../app-settings.js';
import { MAX_HOLDERS } from '../holder.js';
import { MAX_TOLD, type OutdatedApp } from '../ports.js';
import type { Timings } from '../timings.js';
import type { AppSettingsEvent } from './app-settings-events.js';

export type AppSettingsCommand =
  /** Replaces all that is said. `ifVersion`: refused where the settings have another version. */
  | (Command<'SetAppSettings'> & {
      readonly uId: string;
      readonly adamId: string | null;
      readonly settings: OwnSettings;
      readonly ifVersion?: number | undefined;
    })
  /** Devices that are to be told next, those after `after`; fewer than are told at once are the last ones. */
  /** A profile has another payload. */
  | (Command<'ReplacePayload'> & { readonly profileId: string })
  | (Command<'TellDevices'> & { readonly serialNumbers: readonly string[] })
  /** Updates were looked for: these devices have an older version than the store. */
  | (Command<'AskUpdates'> & { readonly outdated: readonly OutdatedApp[] });

export interface AppSettingsState {
  readonly uId: string;
  /** Null for what an account says of all its apps. */
  readonly adamId: string | null;
  readonly settings: OwnSettings;
  /** Grows with each change. */
  readonly version: number;
  /** When updates are looked for; null: they are not. */
  readonly lookAt: Instant | null;
  /** Devices after this one are still to be told that their profile asks for another thing; null: all were. */
  readonly tellAfter: string | null;
}

/** So many lists of devices are asked for updates at once; the others with the next look. */
const MAX_LISTS = 20;

export const appSettingsDecider = ({
  updatesEveryMs,
}: Timings): Decider<AppSettingsCommand, AppSettingsState, AppSettingsEvent> => ({
  initial: () => ({ uId: '', adamId: null, settings: {}, version: 0, lookAt: null, tellAfter: null }),

  decide(command, state, at) {
    switch (command.type) {
      case 'SetAppSettings':
        return set(command, state, at);
      case 'ReplacePayload': {
        const { uId, adamId, settings } = state;
        const { profileId } = command;
        const names = settings.vpnProfileId === profileId || settings.sso?.profileId === profileId;
        return names ? [{ type: 'appSettings.payload-replaced', data: { uId, adamId, profileId } }] : [];
      }
      case 'TellDevices':
        return told(command.serialNumbers, state);
      case 'AskUpdates': {
        const { uId, lookAt } = state;
        if (lookAt === null) return [];
        const asked = command.outdated.flatMap(({ adamId, pricingParam, version, serialNumbers }) =>
          chunksOf(serialNumbers, MAX_HOLDERS).map((some): AppSettingsEvent => ({
            type: 'appSettings.updates-asked',
            data: { uId, adamId, pricingParam, version, serialNumbers: some },
          })),
        );
        const next = { uId, lookAt: at + updatesEveryMs };
        return [...asked.slice(0, MAX_LISTS), { type: 'appSettings.updates-looked', data: next }];
      }
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'appSettings.set': {
        const { uId, adamId, settings, lookAt } = event.data;
        const same = inProfiles(settings) === inProfiles(state.settings);
        const tellAfter = same ? state.tellAfter : '';
        return { uId, adamId, settings, version: state.version + 1, lookAt, tellAfter };
      }
      case 'appSettings.payload-replaced':
        return { ...state, tellAfter: '' };
      case 'appSettings.devices-told':
        return { ...state, tellAfter: event.data.after };
      case 'appSettings.updates-asked':
        return state;
      case 'appSettings.updates-looked':
        return { ...state, lookAt: event.data.lookAt };
    }
  },
});

/** What is said of what stands in the profiles of devices. */
const inProfiles = ({ cellularData, dataRoaming, vpnProfileId, sso }: OwnSettings): string =>
  JSON.stringify({ cellularData, dataRoaming, vpnProfileId, sso });

function told(
  serialNumbers: readonly string[],
  { uId, adamId, tellAfter }: AppSettingsState,
): AppSettingsEvent[] {
  if (tellAfter === null) return [];
  const chunks = serialNumbers.length === 0 ? [[]] : chunksOf(serialNumbers, MAX_HOLDERS);
  const isLast = serialNumbers.length < MAX_TOLD;
  return chunks.map((some, index): AppSettingsEvent => {
    const after = isLast && index === chunks.length - 1 ? null : (some.at(-1) ?? null);
    return { type: 'appSettings.devices-told', data: { uId, adamId, serialNumbers: some, after } };
  });
}

function set(
  { uId, adamId, settings, ifVersion }: AppSettingsCommand & { type: 'SetAppSettings' },
  state: AppSettingsState,
  at: Instant,
): AppSettingsEvent[] {
  if (ifVersion !== undefined && ifVersion !== state.version) {
    throw new Refusal('CONFLICT_VERSION', 'the settings have changed since you have read them', {
      version: state.version,
    });
  }
  const after = sorted(settings);
  if (JSON.stringify(after) === JSON.stringify(state.settings)) return [];
  const lookAt = after.automaticUpdates === true ? at : null;
  return [{ type: 'appSettings.set', data: { uId, adamId, settings: after, lookAt } }];
}

/** In one order, whatever the order in which somebody said it; without what is not said. */
const sorted = (settings: OwnSettings): OwnSettings =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => value !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
