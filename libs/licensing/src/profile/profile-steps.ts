import { idOf, type Step, type Steps } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
import type { Profile, ProfileCommand } from './profile-decider.js';

/** Payloads of a deleted profile are deleted, those that were replaced included. */
const forget: Step<Profile, LicensingPorts, ProfileCommand> = {
  due: ({ phase }) => (phase === 'deleted' ? { at: 0 } : null),
  async perform(_profile, { vault }, stream) {
    await vault.forgetProfile(idOf(stream));
    return [{ type: 'RecordPayloadForgotten' }];
  },
};

export const profileSteps = { forget } satisfies Steps<Profile, LicensingPorts, ProfileCommand>;
