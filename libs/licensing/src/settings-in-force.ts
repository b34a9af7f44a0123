import type { StreamName } from '@seatbook/kernel';
import { effectiveSettings, type AppSettings, type OwnSettings } from './app-settings.js';
import type { AppSettingsCommand, AppSettingsState } from './app-settings/app-settings-decider.js';
import type { LookAtStream } from './ports.js';
import { appSettingsStream } from './streams.js';

const own = (
  look: LookAtStream,
  stream: StreamName<AppSettingsCommand, AppSettingsState>,
): Promise<OwnSettings> => look(stream, ({ settings }) => ({ ...settings }));

/** The settings that are in force for an app now. */
export async function settingsInForce(look: LookAtStream, uId: string, adamId: string): Promise<AppSettings> {
  return effectiveSettings(
    await own(look, appSettingsStream(uId, null)),
    await own(look, appSettingsStream(uId, adamId)),
  );
}
