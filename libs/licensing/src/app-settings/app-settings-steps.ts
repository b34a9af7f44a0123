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

export const appSettingsSteps = { update } satisfies Steps<
  AppSettingsState,
  LicensingPorts,
  AppSettingsCommand
>;

export const appSettingsWaits = ({ updatesEveryMs }: Timings): LongestWaits<typeof appSettingsSteps> => ({
  update: updatesEveryMs,
});
