import { effectiveAt, idOf, readModel, type Envelope, type Instant } from '@seatbook/kernel';
import type { DeviceFacts } from '../ports.js';
import type { DevicePhase } from './device-decider.js';
import type { DeviceEvent, Ownership } from './device-events.js';

/** A device as the registry knows it; its licences and apps are elsewhere. */
export interface DeviceDocument extends DeviceFacts {
  /** Its serial number, or the id of its enrolment where that hides it. */
  readonly device: string;
  state: DevicePhase;
  enrolmentId: string | null;
  ownership: Ownership | null;
  userId: string | null;
  /** When its licences go back, where they do. */
  returnAt: Instant | null;
  since: Instant;
}

const change = (event: Envelope<DeviceEvent>, made: Partial<DeviceDocument>) => {
  const device = idOf(event.stream);
  const since = effectiveAt(event.metadata);
  return [
    {
      key: device,
      evolve: (row: DeviceDocument | null): DeviceDocument => {
        const before: DeviceDocument = row ?? {
          device,
          state: 'unknown',
          platform: null,
          osVersion: null,
          supervised: null,
          enrolmentId: null,
          ownership: null,
          userId: null,
          returnAt: null,
          since,
        };
        const moved = made.state !== undefined && made.state !== before.state;
        return { ...before, ...made, since: moved ? since : before.since };
      },
    },
  ];
};

export const devicesModel = readModel<DeviceDocument, DeviceEvent>()({
  name: 'devices',
  version: 3,
  on: {
    'device.registered'(event) {
      const { platform, ownership, userId } = event.data;
      const device = idOf(event.stream);
      const since = effectiveAt(event.metadata);
      return [
        {
          key: device,
          evolve: (row) =>
            row
              ? { ...row, ownership, userId, platform: row.platform ?? platform }
              : {
                  device,
                  state: 'registered',
                  platform,
                  osVersion: null,
                  supervised: null,
                  enrolmentId: null,
                  ownership,
                  userId,
                  returnAt: null,
                  since,
                },
        },
      ];
    },
    'device.enrolled': (event) => change(event, { ...event.data, state: 'enrolling', returnAt: null }),
    'device.ready'(event) {
      const { enrolmentId } = event.data;
      return change(event, { enrolmentId, state: 'enrolled', returnAt: null });
    },
    'device.described'(event) {
      const { platform, osVersion, supervised } = event.data;
      return change(event, { platform, osVersion, supervised });
    },
    'device.left': (event) => change(event, { state: event.data.how, returnAt: event.data.returnAt }),
    'device.returns-asked': (event) => change(event, { returnAt: null }),
  },
  indexes: [
    { name: 'by-device', fields: ['device'] },
    { name: 'by-state', fields: ['state', 'device'] },
    { name: 'by-owner', fields: ['userId', 'device'] },
  ],
});
