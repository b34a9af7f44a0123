import { idOf, messageTo, reaction, type Reaction } from '@seatbook/kernel';
import type { ProfileEvent } from '../profile/profile-events.js';
import { appSettingsStream } from '../streams.js';

/** Another payload of a profile goes to all devices that have it. */
const replacePayload = reaction<ProfileEvent>('appSettings.replace-payload', {
  'profile.changed': ({ stream, data: { users } }) =>
    users.map(({ uId, adamId }) =>
      messageTo(appSettingsStream(uId, adamId), { type: 'ReplacePayload', profileId: idOf(stream) }),
    ),
});

export const appSettingsReactions: readonly Reaction[] = [replacePayload];
