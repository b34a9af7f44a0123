import { idOf, type Step, type Steps } from '@seatbook/kernel';
import { hasAccepted } from '../accepted-person.js';
import type { AppSettings } from '../app-settings.js';
import { bundleIdOf } from '../asset-description.js';
import { commandForOthers } from '../command-uuid.js';
import type { HolderKey } from '../holder.js';
import { settingsInForce } from '../settings-in-force.js';
import type { DeviceRequest, LicensingPorts, MdmApi, MdmResult } from '../ports.js';
import { deviceIdOf } from '../serial-number.js';
import {
  activationStream,
  assetStream,
  deviceAppsStream,
  deviceStream,
  profileStream,
  type AssetLedger,
  type DeviceState,
} from '../streams.js';
import { isAhead, type LongestWaits, type Timings } from '../timings.js';
import type { MdmCommandCommand, MdmCommandState } from './mdm-command-decider.js';

type Plan = Extract<MdmCommandState, { phase: 'planned' }>['plan'];

/** Each app is removed with the profile that manages it; what it keeps may be left out of backups. */
const flagsOf = ({ preventBackup }: AppSettings): 1 | 5 => (preventBackup ? 5 : 1);

const installing = (adamId: string, settings: AppSettings, vpnUuid: string | null): DeviceRequest => ({
  requestType: 'InstallApplication',
  adamId,
  managementFlags: flagsOf(settings),
  takeOver: true,
  vpnUuid,
});

type Started = Extract<MdmCommandState, { phase: 'started' | 'waiting' }>;

/** One command, or two where only some of the devices can use the VPN of the app. */
async function enqueued(uuid: string, { plan, to, settings }: Started, mdm: MdmApi): Promise<MdmResult> {
  if (plan.removal)
    return mdm.enqueue(
      uuid,
      { requestType: 'RemoveApplication', bundleId: to.bundleId ?? '' },
      to.enrolmentIds,
    );
  const vpn = new Set(to.vpn?.enrolmentIds);
  const requests = [
    {
      uuid,
      command: installing(plan.adamId, settings, to.vpn?.uuid ?? null),
      ids: to.vpn === null ? to.enrolmentIds : to.enrolmentIds.filter((id) => vpn.has(id)),
    },
    {
      uuid: commandForOthers(uuid),
      command: installing(plan.adamId, settings, null),
      ids: to.vpn === null ? [] : to.enrolmentIds.filter((id) => !vpn.has(id)),
    },
  ];
  const both: Extract<MdmResult, { ok: true }> = { ok: true, refused: [], unpushed: [] };
  let all = both;
  for (const request of requests) {
    if (request.ids.length === 0) continue;
    const result = await mdm.enqueue(request.uuid, request.command, request.ids);
    if (!result.ok) return result;
    all = {
      ok: true,
      refused: [...all.refused, ...result.refused],
      unpushed: [...all.unpushed, ...result.unpushed],
    };
  }
  return all;
}

/**
 * Hands the command to the MDM server: for the devices that have claimed it, are enrolled, and have their licence at
 * Apple at this moment; of a removal, that have none. Its id makes it safe to send again.
 */
const enqueue = (timings: Timings): Step<MdmCommandState, LicensingPorts, MdmCommandCommand> => ({
  due(command) {
    if (command.phase === 'planned') return { at: 0 };
    return command.phase === 'started' || command.phase === 'waiting' ? { at: command.at } : null;
  },
  async begin(command, ports, stream) {
    if (!ports.mdm) return null;
    if (command.phase === 'planned') return startOf(idOf(stream), command, timings, ports);
    return command.phase === 'new' || command.phase === 'over' ? null : { type: 'StartAgain' };
  },
  async perform(state, ports, stream) {
    // All of its devices were left out.
    if (state.phase !== 'started' || !ports.mdm) return [];
    const { plan, to, sendings: attempt } = state;
    if (plan.removal && to.bundleId === null) {
      const reason = 'what devices call the app is not known';
      return [{ type: 'RecordSendingFailed', attempt, final: true, reason }];
    }
    const result = await enqueued(idOf(stream), state, ports.mdm);
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
});

/** Null while some of the devices have not been asked yet, and may be soon. */
async function startOf(
  uuid: string,
  { plan, claimBy }: Extract<MdmCommandState, { phase: 'planned' }>,
  { claimWithinMs }: Timings,
  ports: LicensingPorts,
): Promise<MdmCommandCommand | null> {
  const claimed: Claimed[] = [];
  const phase = plan.removal ? 'removing' : 'commanded';
  let bundleId: string | null = null;
  for (const { serialNumber } of plan.devices) {
    const claim = await ports.look(deviceAppsStream(deviceIdOf(serialNumber)), ({ apps, asked }) => {
      if (asked.get(plan.adamId) !== uuid) return 'not-asked';
      const app = apps.get(plan.adamId);
      return app?.uuid === uuid && app.phase === phase
        ? { bundleId: app.bundleId, userId: app.userId }
        : 'not-needed';
    });
    if (claim === 'not-asked' && isAhead(claimBy, ports.clock.now(), claimWithinMs)) return null;
    if (typeof claim === 'string') continue;
    claimed.push({ serialNumber, userId: claim.userId });
    bundleId ??= claim.bundleId;
  }
  const left = plan.removal ? await unwanted(claimed, plan, ports) : await licensed(claimed, plan, ports);
  if (left === null) return null;
  const others = claimed.flatMap(({ serialNumber }) => (left.has(serialNumber) ? [] : serialNumber));
  const serialNumbers: string[] = [];
  const enrolmentIds: string[] = [];
  const unreachable: string[] = [];
  const withVpn: string[] = [];
  for (const serialNumber of left) {
    const { enrolled, enrolmentId, usesVpn } = await ports.look(
      deviceStream(deviceIdOf(serialNumber)),
      (device) => ({
        enrolled: device.phase === 'enrolled',
        enrolmentId: device.enrolmentId,
        usesVpn: mayUseVpn(device),
      }),
    );
    if (enrolled && enrolmentId !== null) {
      serialNumbers.push(serialNumber);
      enrolmentIds.push(enrolmentId);
      if (usesVpn) withVpn.push(enrolmentId);
    } else unreachable.push(serialNumber);
  }
  const settings = await settingsInForce(ports.look, plan.uId, plan.adamId);
  const to = { serialNumbers, enrolmentIds, unreachable, settings };
  if (plan.removal) {
    bundleId ??= await ports.look(assetStream(plan.uId, plan), bundleIdOf);
    return { type: 'StartSending', ...to, unlicensed: [], kept: others, bundleId };
  }
  const vpnUuid = await vpnUuidOf(settings, ports);
  const vpn = vpnUuid !== null && withVpn.length > 0 ? { uuid: vpnUuid, enrolmentIds: withVpn } : undefined;
  return { type: 'StartSending', ...to, unlicensed: others, vpn };
}

/** Apps are bound to a VPN by an attribute there; other systems do not know it. */
const mayUseVpn = ({ facts, registered }: DeviceState): boolean => {
  const platform = facts.platform ?? registered?.platform ?? null;
  return platform === 'iOS' || platform === 'visionOS';
};

/** Null for no VPN, or one whose profile was deleted as it was chosen. */
const vpnUuidOf = async ({ vpnProfileId }: AppSettings, { look }: LicensingPorts): Promise<string | null> =>
  vpnProfileId === null
    ? null
    : look(profileStream(vpnProfileId), ({ phase, payload }) =>
        phase === 'registered' ? payload.vpnUuid : null,
      );

/** A device that takes the command, by its own licence or by that of the person who has it. */
interface Claimed {
  readonly serialNumber: string;
  readonly userId: string | undefined;
}

const holderOf = ({ serialNumber, userId }: Claimed): HolderKey =>
  userId === undefined ? `d:${serialNumber}` : `u:${userId}`;

/**
 * Those of them that have no licence of the app, and are to have none: of any account, neither their own nor of the person
 * who has them. Null while that cannot be known.
 */
async function unwanted(
  devices: readonly Claimed[],
  plan: Plan,
  { look, heldBy }: LicensingPorts,
): Promise<ReadonlySet<string> | null> {
  const found = new Set<string>();
  for (const { serialNumber } of devices) {
    const id = deviceIdOf(serialNumber);
    const owner = await look(deviceStream(id), ({ registered }) => registered?.userId ?? null);
    const holders: HolderKey[] = [`d:${id}`];
    if (owner !== null) holders.push(`u:${owner}`);
    let stays = await look(assetStream(plan.uId, plan), (ledger) =>
      holders.some((key) => isLicensed(key, ledger)),
    );
    for (const holder of holders) {
      const held = await heldBy(holder);
      if (held === null) return null;
      for (const { uId, assets } of held)
        for (const asset of assets)
          if (asset.adamId === plan.adamId)
            stays ||= await look(assetStream(uId, asset), (ledger) => isLicensed(holder, ledger));
    }
    if (!stays) found.add(serialNumber);
  }
  return found;
}

/** There is a licence, or one that comes, and it does not go back. */
function isLicensed(holder: HolderKey, { pairs, spellings }: AssetLedger): boolean {
  const pair = pairs.get(holder) ?? pairs.get(spellings.get(holder)?.[0] ?? holder);
  return !(!pair || pair.state === 'failed' || (pair.state === 'returning' && pair.followUp === null));
}

/** Those for whom the ledger has a licence that stays; that of a person counts on devices that the person has. */
async function licensed(
  devices: readonly Claimed[],
  { uId, adamId, pricingParam }: Plan,
  { look }: LicensingPorts,
): Promise<ReadonlySet<string>> {
  const held = await look(assetStream(uId, { adamId, pricingParam }), ({ pairs }) =>
    devices.filter((device) => {
      const pair = pairs.get(holderOf(device));
      return pair?.state === 'assigned' && pair.followUp === null;
    }),
  );
  const found = new Set<string>();
  for (const { serialNumber, userId } of held) {
    if (userId !== undefined) {
      const owner = await look(
        deviceStream(deviceIdOf(serialNumber)),
        ({ registered }) => registered?.userId ?? null,
      );
      const accepted = await look(activationStream(uId), (activation) => hasAccepted(activation, userId));
      if (owner !== userId || !accepted) continue;
    }
    found.add(serialNumber);
  }
  return found;
}

export const mdmCommandSteps = (timings: Timings) =>
  ({ enqueue: enqueue(timings) }) satisfies Steps<MdmCommandState, LicensingPorts, MdmCommandCommand>;

export const mdmCommandWaits = (timings: Timings): LongestWaits<ReturnType<typeof mdmCommandSteps>> => ({
  enqueue: Math.max(timings.doubtfulAfterMs, timings.maxRetryMs, timings.claimWithinMs),
});
