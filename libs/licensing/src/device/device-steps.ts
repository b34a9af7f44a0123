import { idOf, type Step, type Steps } from '@seatbook/kernel';
import { newCommandUuid } from '../command-uuid.js';
import type { LicensingPorts } from '../ports.js';
import { timingTable, type LongestWaits, type Timings } from '../timings.js';
import type { Device, DeviceCommand } from './device-decider.js';

/** Licences of a device that has left go back, whatever it holds by then. */
const returnLicences: Step<Device, LicensingPorts, DeviceCommand> = {
  due: ({ returnAt }) => (returnAt === null ? null : { at: returnAt }),
  async begin(_device, ports, stream) {
    const returns = await ports.heldBy(`d:${idOf(stream)}`);
    return returns && { type: 'AskReturns', returns };
  },
  perform: async () => [],
};

/** All that is asked of a device: what the registry shows. Its name is kept apart from the history. */
const QUERIES = ['DeviceName', 'ProductName', 'OSVersion', 'IsSupervised'];

/** A device is asked what it is when it can be reached, and when somebody wants to know. */
const askFacts: Step<Device, LicensingPorts, DeviceCommand> = {
  due({ phase, question }) {
    const at = question?.at ?? null;
    return phase !== 'enrolled' || at === null ? null : { at };
  },
  async begin(_device, ports) {
    return ports.mdm && { type: 'AskFacts', uuid: newCommandUuid('facts', ports.random) };
  },
  async perform({ enrolmentId, question }, ports) {
    if (!ports.mdm || enrolmentId === null || question?.uuid == null) return [];
    const command = { requestType: 'DeviceInformation', queries: QUERIES } as const;
    // Where the MDM server does not take it, the device is asked again as one that has not answered.
    await ports.mdm.enqueue(question.uuid, command, [enrolmentId]);
    return [];
  },
};

export const deviceSteps = { return: returnLicences, 'ask-facts': askFacts } satisfies Steps<
  Device,
  LicensingPorts,
  DeviceCommand
>;

export const deviceWaits = ({ maxLookMs }: Timings): LongestWaits<typeof deviceSteps> => ({
  // What was said when the device left holds, also where licences are to stay or to go back sooner from now on.
  return: timingTable.deviceReturnMs.max,
  'ask-facts': maxLookMs,
});
