import { idOf, type Envelope } from '@seatbook/kernel';
import {
  assetKey,
  deviceIdOf,
  type AssetEvent,
  type InstallationEvent,
  type MdmCommandEvent,
} from '@seatbook/licensing';
import type { World } from '../world.js';

type Known = Envelope<AssetEvent | InstallationEvent | MdmCommandEvent>;

/**
 * What no installation may do: no command goes to a device of which Apple never had a licence for the app, and none to a
 * device that gets the app already, or has it.
 */
export function auditInstallations(log: readonly Envelope[]): string[] {
  const wrong: string[] = [];
  /** Pairs that were ever assigned, by asset and device. */
  const licensed = new Set<string>();
  /** Apps that a device has or is to get, by device and app. */
  const open = new Map<string, string>();
  const planned = new Map<string, string>();
  const removals = new Set<string>();
  /** Commands that a device has taken. */
  const taken = new Set<string>();
  for (const event of log as readonly Known[]) {
    const id = idOf(event.stream);
    switch (event.type) {
      case 'asset.licenses-assigned':
      case 'asset.assignments-adopted':
      case 'asset.found-held':
        for (const serial of event.data.serialNumbers) licensed.add(`${id} ${deviceIdOf(serial)}`);
        break;
      case 'asset.drift-found':
        if (event.data.kind === 'added')
          for (const serial of event.data.serialNumbers) licensed.add(`${id} ${deviceIdOf(serial)}`);
        break;
      case 'mdmCommand.planned':
        planned.set(id, assetKey(event.data.uId, event.data));
        if (event.data.removal) removals.add(id);
        break;
      case 'mdmCommand.started':
        for (const serial of event.data.serialNumbers) {
          if (!taken.has(`${id} ${deviceIdOf(serial)}`))
            wrong.push(`${serial} is sent a command that it has not taken`);
          if (!removals.has(id) && !licensed.has(`${planned.get(id)} ${deviceIdOf(serial)}`))
            wrong.push(`${serial} is told to install ${planned.get(id)}, of which it never had a licence`);
        }
        break;
      case 'installation.commanded': {
        const key = `${id} ${event.data.adamId}`;
        // An update is for those that have it.
        if (event.data.update === undefined ? open.has(key) : !open.has(key))
          wrong.push(`${id} is told twice to install ${event.data.adamId}`);
        open.set(key, event.data.uuid);
        taken.add(`${event.data.uuid} ${id}`);
        break;
      }
      case 'installation.removal-commanded':
        open.delete(`${id} ${event.data.adamId}`);
        taken.add(`${event.data.uuid} ${id}`);
        break;
      case 'installation.acknowledged':
        open.set(`${id} ${event.data.adamId}`, event.data.uuid);
        break;
      case 'installation.failed':
      case 'installation.cancelled':
        open.delete(`${id} ${event.data.adamId}`);
        break;
      case 'installation.listed':
        for (const { adamId, state } of event.data.apps) {
          if (state === 'removed' || state === 'failed') open.delete(`${id} ${adamId}`);
          else if (state !== 'absent' && state !== 'removing') open.set(`${id} ${adamId}`, event.data.uuid);
        }
        break;
      case 'installation.device-left':
        for (const adamId of [...event.data.removed, ...event.data.failed]) open.delete(`${id} ${adamId}`);
        break;
      default:
        break;
    }
  }
  return wrong;
}

/** What devices saw: each command to install is carried out once. */
export function carriedOutOnce({ virtual }: World): string[] {
  const wrong: string[] = [];
  for (const { facts, seen, knobs } of virtual.simulator.fleet.all()) {
    const uuids = seen.flatMap(({ requestType, uuid, answer }) =>
      requestType === 'InstallApplication' && answer === 'Acknowledged' ? uuid : [],
    );
    // A device that answers twice is given what it has answered once more.
    if (!knobs.answersTwice && new Set(uuids).size < uuids.length)
      wrong.push(`${facts.serialNumber} carried out a command twice`);
  }
  return wrong;
}
