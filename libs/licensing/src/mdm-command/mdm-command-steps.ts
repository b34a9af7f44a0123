import { idOf, type Step, type Steps } from '@seatbook/kernel';
import type { AppSettings } from '../app-settings.js';
import { settingsInForce } from '../settings-in-force.js';
import type { DeviceRequest, LicensingPorts } from '../ports.js';
import { deviceIdOf } from '../serial-number.js';
import { assetStream, deviceAppsStream, deviceStream } from '../streams.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { MdmCommandCommand, MdmCommandState } from './mdm-command-decider.js';

type Plan = Extract<MdmCommandState, { phase: 'planned' }>['plan'];

/** Each app is removed with the profile that manages it; what it keeps may be left out of backups. */
const flagsOf = ({ preventBackup }: AppSettings): 1 | 5 => (preventBackup ? 5 : 1);

const installing = (adamId: string, settings: AppSettings): DeviceRequest => ({
  requestType: 'InstallApplication',
  adamId,
  managementFlags: flagsOf(settings),
  takeOver: true,
});

/**
 * Hands the command to the MDM server: for the devices that have claimed it, are enrolled, and have their licence at
 * Apple at this moment. Its id makes it safe to send again.
 */
const enqueue: Step<MdmCommandState, LicensingPorts, MdmCommandCommand> = {
  due(command) {
    if (command.phase === 'planned') return { at: 0 };
    return command.phase === 'started' || command.phase === 'waiting' ? { at: command.at } : null;
  },
  async begin(command, ports, stream) {
    if (!ports.mdm) return null;
    if (command.phase === 'planned') return startOf(idOf(stream), command, ports);
    return command.phase === 'new' || command.phase === 'over' ? null : { type: 'StartAgain' };
  },
  async perform(state, ports, stream) {
    // All of its devices were left out.
    if (state.phase !== 'started' || !ports.mdm) return [];
    const { plan, to, sendings: attempt } = state;
    const result = await ports.mdm.enqueue(
      idOf(stream),
      installing(plan.adamId, state.settings),
      to.enrolmentIds,
    );
    if (!result.ok) {
      const { kind, reason } = result;
      return [{ type: 'RecordSendingFailed', attempt, final: kind === 'refused', reason }];
    }
    const refused = new Set(result.refused.map(({ enrolmentId }) => enrolmentId));
    return [
      {
        type: 'RecordQueued',
        attempt,
        refused: to.serialNumbers.filter((_serial, index) => refused.has(to.enrolmentIds[index] ?? '')),
      },
    ];
  },
};

/** Null while some of the devices have not been asked yet, and may be soon. */
async function startOf(
  uuid: string,
  { plan, claimBy }: Extract<MdmCommandState, { phase: 'planned' }>,
  ports: LicensingPorts,
): Promise<MdmCommandCommand | null> {
  const claimed: string[] = [];
  for (const { serialNumber } of plan.devices) {
    const claim = await ports.look(deviceAppsStream(deviceIdOf(serialNumber)), ({ apps, asked }) => {
      if (asked.get(plan.adamId) !== uuid) return 'not-asked';
      const app = apps.get(plan.adamId);
      return app?.uuid === uuid && app.phase === 'commanded' ? 'claimed' : 'not-needed';
    });
    if (claim === 'not-asked' && ports.clock.now() < claimBy) return null;
    if (claim === 'claimed') claimed.push(serialNumber);
  }
  const held = await licensed(claimed, plan, ports);
  const unlicensed = claimed.filter((serialNumber) => !held.has(serialNumber));
  const serialNumbers: string[] = [];
  const enrolmentIds: string[] = [];
  const unreachable: string[] = [];
  for (const serialNumber of held) {
    const { phase, enrolmentId } = await ports.look(deviceStream(deviceIdOf(serialNumber)), (device) => ({
      phase: device.phase,
      enrolmentId: device.enrolmentId,
    }));
    if (phase === 'enrolled' && enrolmentId !== null) {
      serialNumbers.push(serialNumber);
      enrolmentIds.push(enrolmentId);
    } else unreachable.push(serialNumber);
  }
  const settings = await settingsInForce(ports.look, plan.uId, plan.adamId);
  return { type: 'StartSending', serialNumbers, enrolmentIds, unlicensed, unreachable, settings };
}

/** Those for whom the ledger has a licence that stays. */
const licensed = (
  serialNumbers: readonly string[],
  { uId, adamId, pricingParam }: Plan,
  { look }: LicensingPorts,
): Promise<ReadonlySet<string>> =>
  look(
    assetStream(uId, { adamId, pricingParam }),
    ({ pairs }) =>
      new Set(
        serialNumbers.filter((serialNumber) => {
          const pair = pairs.get(`d:${serialNumber}`);
          return pair?.state === 'assigned' && pair.followUp === null;
        }),
      ),
  );

export const mdmCommandSteps = { enqueue } satisfies Steps<
  MdmCommandState,
  LicensingPorts,
  MdmCommandCommand
>;

export const mdmCommandWaits = (timings: Timings): LongestWaits<typeof mdmCommandSteps> => ({
  enqueue: Math.max(timings.doubtfulAfterMs, timings.maxRetryMs, timings.claimWithinMs),
});
