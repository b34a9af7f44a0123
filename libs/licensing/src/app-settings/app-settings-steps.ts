import type { Step, Steps } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
import { appSettingsStream } from '../streams.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { AppSettingsCommand, AppSettingsState } from './app-settings-decider.js';

/**
 * Looks which devices have an older version of an app than the store. What an account says is for those of its apps that
 * say nothing of it themselves.
 */
const update: Step<AppSettingsState, LicensingPorts, AppSettingsCommand> = {
  due: ({ lookAt }) => (lookAt === null ? null : { at: lookAt }),
  async perform({ uId, adamId }, { outdated, look, mdm }) {
    const found = mdm ? await outdated(uId, adamId) : [];
    if (adamId !== null) return [{ type: 'AskUpdates', outdated: found }];
    const inherited = [];
    for (const app of found) {
      const own = await look(
        appSettingsStream(uId, app.adamId),
        ({ settings }) => settings.automaticUpdates ?? null,
      );
      if (own === null) inherited.push(app);
    }
    return [{ type: 'AskUpdates', outdated: inherited }];
  },
};

/** Devices whose apps ask for another thing now get another profile, thousands at a time. */
const tellDevices: Step<AppSettingsState, LicensingPorts, AppSettingsCommand> = {
  due: ({ tellAfter }) => (tellAfter === null ? null : { at: 0 }),
  async begin({ uId, adamId, tellAfter }, { devicesWith, mdm }) {
    const serialNumbers = mdm ? await devicesWith(uId, adamId, tellAfter ?? '') : [];
    return serialNumbers && { type: 'TellDevices', serialNumbers };
  },
  perform: async () => [],
};

export const appSettingsSteps = { update, 'tell-devices': tellDevices } satisfies Steps<
  AppSettingsState,
  LicensingPorts,
  AppSettingsCommand
>;

export const appSettingsWaits = ({ updatesEveryMs }: Timings): LongestWaits<typeof appSettingsSteps> => ({
  update: updatesEveryMs,
  'tell-devices': 0,
});
