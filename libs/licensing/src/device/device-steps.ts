import { idOf, type Step, type Steps } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { Device, DeviceCommand } from './device-decider.js';

/** Licences of a device that has left go back, whatever it holds by then. */
const returnLicences: Step<Device, LicensingPorts, DeviceCommand> = {
  due: ({ returnAt }) => (returnAt === null ? null : { at: returnAt }),
  async perform(_device, ports, stream) {
    return [{ type: 'AskReturns', returns: await ports.heldBy(idOf(stream)) }];
  },
};

export const deviceSteps = { return: returnLicences } satisfies Steps<Device, LicensingPorts, DeviceCommand>;

export const deviceWaits = ({ deviceReturnMs }: Timings): LongestWaits<typeof deviceSteps> => ({
  return: deviceReturnMs,
});
