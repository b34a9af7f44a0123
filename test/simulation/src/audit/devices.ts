import { idOf, type Envelope } from '@seatbook/kernel';
import {
  commandAnswered,
  deviceIdOf,
  queryModels,
  type DeviceEvent,
  type DevicePhase,
  type InstallationDocument,
  type InstallationEvent,
  type MdmCommandEvent,
} from '@seatbook/licensing';
import type { VirtualDevice } from '@seatbook/simulator';
import { speaks } from '../actions/devices.js';
import type { World } from '../world.js';

type Known = Envelope<DeviceEvent | InstallationEvent | MdmCommandEvent>;

/** A removal that is given up may leave the app. */
const MAY_BE_THERE: ReadonlySet<InstallationDocument['state'] | undefined> = new Set([
  'installed',
  'not-removed',
] as const);

const LEFT: readonly (DevicePhase | undefined)[] = ['checked-out', 'wiped', 'retired'];

const devicesOf = ({ virtual }: World): ReadonlyMap<string, VirtualDevice> =>
  new Map(
    virtual.simulator.fleet.all().flatMap((device) => {
      const { serialNumber } = device.facts;
      return serialNumber === null ? [] : [[deviceIdOf(serialNumber), device] as const];
    }),
  );

/** What is told of a device is what the device itself knows: it carries out each command once, and is not taken at another's word. */
export function auditDevices(log: readonly Envelope[], world: World): string[] {
  const wrong: string[] = [];
  const devices = devicesOf(world);
  const accepted = new Set<string>();
  for (const [id, { seen, apps, knobs }] of devices) {
    const uuids = seen.flatMap(({ requestType, uuid, answer }) =>
      requestType === 'InstallApplication' && answer === 'Acknowledged' ? uuid : [],
    );
    // A device that answers twice is given what it has answered once more.
    if (!knobs.answersTwice && new Set(uuids).size < uuids.length)
      wrong.push(`${id} carried out a command twice`);
    for (const { uuid, adamId, answer } of seen)
      if (answer !== 'NotNow') accepted.add(`${id} ${commandAnswered(uuid)} ${adamId ?? ''}`);
    for (const { adamId, status } of apps.values())
      if (status === 'PromptingForLogin') wrong.push(`${id} asks for an Apple Account to install ${adamId}`);
  }
  for (const event of log as readonly Known[]) {
    const id = idOf(event.stream);
    if (event.type === 'installation.acknowledged') {
      const { uuid, adamId } = event.data;
      if (!accepted.has(`${id} ${uuid} ${adamId}`)) wrong.push(`${id} never accepted ${adamId} by ${uuid}`);
    }
    if (event.type !== 'installation.listed') continue;
    if (!accepted.has(`${id} ${event.data.uuid} `))
      wrong.push(`${id} never answered the list ${event.data.uuid}`);
    for (const { adamId, state } of event.data.apps)
      if (state === 'installed' && !devices.get(id)?.installs.includes(adamId))
        wrong.push(`${id} is said to have ${adamId}, which never came to be installed there`);
  }
  return wrong;
}

/**
 * What must come right in the end: each command is sent or given up, what a device that has left holds goes back, and
 * where no word of a device was lost, it is known what is on it.
 */
export async function devicesOpen(
  log: readonly Envelope[],
  rows: readonly InstallationDocument[],
  world: World,
): Promise<string[]> {
  const wrong: string[] = [];
  const commands = new Set<string>();
  const owing = new Set<string>();
  /** Devices that were away for a while: what is on them was not asked for again. */
  const everLeft = new Set<string>();
  for (const event of log as readonly Known[]) {
    const id = idOf(event.stream);
    if (event.type === 'mdmCommand.planned') commands.add(id);
    else if (event.type === 'mdmCommand.queued' || event.type === 'mdmCommand.given-up') commands.delete(id);
    else if (event.type === 'mdmCommand.started' && event.data.serialNumbers.length === 0)
      commands.delete(id);
    else if (event.type === 'device.left') {
      owing.add(id);
      everLeft.add(id);
    } else if (event.type === 'device.enrolled' || event.type === 'device.ready') owing.delete(id);
    else if (event.type === 'device.returns-asked') owing.delete(id);
  }
  for (const uuid of commands) wrong.push(`the command ${uuid} is neither sent nor given up`);
  for (const id of owing) wrong.push(`${id} has left, and what it holds does not go back`);

  const { fleet } = world.virtual.simulator;
  const nothingLost = fleet.mdm.counts.lost === 0;
  const registry = await world.virtual.stores.reads.getMany(queryModels.devices, [
    ...devicesOf(world).keys(),
  ]);
  const phaseOf = (id: string): DevicePhase | undefined => registry.get(id)?.document?.state;
  for (const { device: id, adamId, state } of rows) {
    if (id !== null && state === 'installed' && LEFT.includes(phaseOf(id)))
      wrong.push(`${adamId} is said to be on ${id}, which has left`);
  }
  if (!nothingLost) return wrong;
  for (const [id, device] of devicesOf(world)) {
    const phase = phaseOf(id);
    if (phase === 'enrolling') wrong.push(`${id} is said to be enrolling for ever`);
    if (phase !== 'enrolled' || !device.enrolled || everLeft.has(id) || !speaks(device)) continue;
    const there = new Map([...device.apps.values()].map(({ adamId, status }) => [adamId, status]));
    const ofDevice = rows.filter((row) => row.device === id);
    const told = new Map(ofDevice.map(({ adamId, state }) => [adamId, state]));
    // An update that fails leaves the older version.
    const updated = new Set(
      ofDevice.flatMap(({ adamId, askedVersion }) => (askedVersion === null ? [] : adamId)),
    );
    for (const [adamId, state] of told)
      if (state === 'installed' && !there.has(adamId))
        wrong.push(`${adamId} is said to be on ${id}, and is not`);
    for (const [adamId, status] of there)
      if (status === 'Managed' && !MAY_BE_THERE.has(told.get(adamId)) && !updated.has(adamId))
        wrong.push(`${adamId} is on ${id}, and is said to be ${told.get(adamId)}`);
  }
  return wrong;
}
