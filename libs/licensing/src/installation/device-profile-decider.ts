import type { Command, Instant } from '@seatbook/kernel';
import { digestOf, type DeviceProfile } from '../device-profile.js';
import type { DeviceAnswer } from '../ports.js';
import type { Timings } from '../timings.js';
import type { DeviceProfileEvent, ProfileFailure } from './device-profile-events.js';
import type { DeviceProfileState } from './device-profile-state.js';

export type DeviceProfileCommand =
  /** What apps of the device ask for may have changed. */
  | Command<'DoubtProfile'>
  /** What they ask for now, and the id of the command where one is needed. */
  | (Command<'ComposeProfile'> & {
      readonly uuid: string;
      readonly profile: DeviceProfile | null;
      readonly unnamed: boolean;
    })
  /** The MDM server did not take it. */
  | (Command<'RecordProfileUnsent'> & { readonly uuid: string });

/** So many times in a row the same content is sent; with the longest pauses between them that is about a week. */
const MAX_ATTEMPTS = 14;
/** So many times where the device does not take it: it would say the same again. */
const MAX_REFUSED = 3;

const pauseAfter = (attempts: number, { unansweredMs, maxLookMs }: Timings): number =>
  Math.min(maxLookMs, unansweredMs * 2 ** Math.min(attempts, 30));

export function decideProfile(
  command: DeviceProfileCommand,
  state: DeviceProfileState,
  at: Instant,
  timings: Timings,
): DeviceProfileEvent[] {
  switch (command.type) {
    case 'DoubtProfile':
      if (state.composeAt !== null) return [];
      // Apps of one rollout come soon after each other: one profile is for all of them.
      return [{ type: 'installation.profile-doubted', data: { composeAt: at + timings.rolloutQuietMs } }];
    case 'ComposeProfile':
      return composed(command, state, at, timings);
    case 'RecordProfileUnsent':
      return state.asked?.uuid === command.uuid
        ? [failed(command.uuid, 'not-queued', state, at, timings)]
        : [];
  }
}

function composed(
  { uuid, profile, unnamed }: DeviceProfileCommand & { type: 'ComposeProfile' },
  state: DeviceProfileState,
  at: Instant,
  timings: Timings,
): DeviceProfileEvent[] {
  const { asked, inForce } = state;
  const digest = digestOf(profile);
  // Where nobody doubts it, it is due because the device has not answered.
  const known = asked === null ? inForce === digest : asked.digest === digest && state.composeAt !== null;
  if (known) return [{ type: 'installation.profile-kept', data: { unnamed } }];
  if (asked?.digest === digest && state.attempts >= MAX_ATTEMPTS)
    return [failed(asked.uuid, 'unanswered', state, at, timings)];
  const attempts = state.digest === digest ? state.attempts : 0;
  const lookAt = at + pauseAfter(attempts, timings);
  return [{ type: 'installation.profile-asked', data: { uuid, digest, profile, unnamed, lookAt } }];
}

function failed(
  uuid: string,
  reason: ProfileFailure,
  { attempts }: DeviceProfileState,
  at: Instant,
  timings: Timings,
  code: number | null = null,
): DeviceProfileEvent {
  const most = reason === 'refused' ? MAX_REFUSED : MAX_ATTEMPTS;
  const again = attempts >= most ? null : at + pauseAfter(attempts - 1, timings);
  return { type: 'installation.profile-failed', data: { uuid, reason, code, again } };
}

/** What a device answers to a command for its profile; null where the command is not one. */
export function profileAnswered(
  uuid: string,
  { status, errors }: DeviceAnswer,
  state: DeviceProfileState,
  at: Instant,
  timings: Timings,
): DeviceProfileEvent[] | null {
  const { asked, inForce, earlier, digest } = state;
  if (asked?.uuid === uuid) {
    if (status === 'NotNow') {
      const lookAt = at + pauseAfter(2, timings);
      return asked.putOff ? [] : [{ type: 'installation.profile-put-off', data: { uuid, lookAt } }];
    }
    // What cannot be removed is not there.
    if (status === 'Acknowledged' || asked.profile === null)
      return [{ type: 'installation.profile-taken', data: { uuid, digest: asked.digest } }];
    return [failed(uuid, 'refused', state, at, timings, errors[0]?.code ?? null)];
  }
  const late = earlier.find((command) => command.uuid === uuid);
  if (!late) return null;
  if (status !== 'Acknowledged') return [];
  if (late.digest !== digest) return [{ type: 'installation.profile-overtaken', data: { uuid } }];
  // It was given up, and has come to the device all the same.
  return asked === null && inForce === null
    ? [{ type: 'installation.profile-taken', data: { uuid, digest } }]
    : [];
}
