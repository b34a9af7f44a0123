import { categoryOf } from '@seatbook/kernel';
import { licensingStreams, type Category } from '../concepts.js';
import type { LicensingPorts } from '../ports.js';
import { mdmCommandStream } from '../streams.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import type { MdmCommandState } from './mdm-command-decider.js';

const AT = 1_700_000_000_000;
const { claimWithinMs } = DEFAULT_TIMINGS;
const streams = licensingStreams(DEFAULT_TIMINGS);
const { enqueue } = streams.mdmCommand.steps;

/** The command of a device that has heard nothing of it, as nothing else that there is. */
function begun(claimBy: number, now: number) {
  const asset = { uId: 'berlin', adamId: '900000001', pricingParam: 'STDQ' };
  const devices = [{ serialNumber: 'C02XK0AAHV29', orderId: 'order' }];
  const plan = { ...asset, attempt: 1, devices, removal: false };
  const planned: MdmCommandState = { phase: 'planned', plan, claimBy };
  const ports = {
    mdm: {},
    clock: { now: () => now },
    look: async (stream: string, at: (state: unknown) => unknown) =>
      at(streams[categoryOf(stream) as Category].decider.initial()),
  } as unknown as LicensingPorts;
  return enqueue.begin?.(planned, ports, mdmCommandStream('uuid'));
}

describe('devices that have not taken a command', () => {
  it('are waited for until its deadline, and left out then', async () => {
    expect(await begun(AT + claimWithinMs, AT)).toBeNull();
    expect(await begun(AT, AT)).toMatchObject({ type: 'StartSending', serialNumbers: [] });
  });

  it('keep nobody waiting for a deadline that a clock noted which was ahead', async () => {
    expect(await begun(AT + 14 * 24 * 3_600_000, AT)).toMatchObject({ type: 'StartSending' });
  });
});
