import { idOf, type Step, type Steps } from '@seatbook/kernel';
import { bundleIdOf } from '../asset-description.js';
import type { LicensingPorts } from '../ports.js';
import { assetStream, deviceStream } from '../streams.js';
import type { LongestWaits, Timings } from '../timings.js';
import { newCommandUuid } from '../command-uuid.js';
import type { InstallationCommand } from './installation-decider.js';
import { nextLook, type DeviceApps } from './installation-state.js';

/**
 * Asks the device what has become of its apps, all that are due in one list. A device that has not answered the list
 * before is pushed, which may be done twice.
 */
const look: Step<DeviceApps, LicensingPorts, InstallationCommand> = {
  due(device) {
    const at = nextLook(device);
    return at === null ? null : { at };
  },
  async begin({ apps }, ports) {
    const bundleIds: Record<string, string> = {};
    for (const { uId, adamId, pricingParam, bundleId, lookAt } of apps.values()) {
      if (bundleId !== null || lookAt === null) continue;
      const found = await ports.look(assetStream(uId, { adamId, pricingParam }), bundleIdOf);
      if (found !== null) bundleIds[adamId] = found;
    }
    return { type: 'Look', uuid: newCommandUuid('list', ports.random), bundleIds };
  },
  async perform({ list, apps, reminded }, ports, stream) {
    if (list === null || !ports.mdm) return [];
    const { phase, enrolmentId } = await ports.read(deviceStream(idOf(stream)));
    // It is waited for until the deadline; nothing can be sent to it meanwhile.
    if (phase !== 'enrolled' || enrolmentId === null) return [];
    if (reminded) {
      await ports.mdm.push([enrolmentId]);
      return [];
    }
    const bundleIds = list.adamIds.flatMap((adamId) => apps.get(adamId)?.bundleId ?? []);
    // Where one is not known, the device tells of all that it has.
    const wanted = bundleIds.length === list.adamIds.length ? bundleIds : [];
    const command = { requestType: 'ManagedApplicationList', bundleIds: wanted } as const;
    const result = await ports.mdm.enqueue(list.uuid, command, [enrolmentId]);
    return result.ok ? [] : [{ type: 'RecordListFailure', uuid: list.uuid, reason: result.reason }];
  },
};

export const installationSteps = { look } satisfies Steps<DeviceApps, LicensingPorts, InstallationCommand>;

export const installationWaits = (timings: Timings): LongestWaits<typeof installationSteps> => {
  const { firstLookMs, lookAgainMs, maxLookMs, unansweredMs } = timings;
  return { look: Math.max(firstLookMs, lookAgainMs, maxLookMs, 4 * unansweredMs) };
};
