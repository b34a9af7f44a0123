import { Refusal, type Position } from '@seatbook/kernel';
import {
  deviceAppsStream,
  deviceIdOf,
  deviceStream,
  orderedSerials,
  profileStateOf,
  queryModels,
  type DeviceCommand,
  type DeviceDocument,
  type DevicePhase,
  type InstallationState,
  type Ownership,
  type ProfileState,
  type RegisteredFacts,
} from '@seatbook/licensing';
import { deviceNameName } from '../foundation/secret-names.js';
import { rememberedOf } from './persons.js';
import { contextOf, type Caller } from './principal.js';
import type { PageOf, Reflected, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { isTaken, takenId } from './taken-key.js';
import {
  invalidRow,
  takeTable,
  type Cells,
  type TakenRow,
  type UploadOutcome,
  type UploadedTable,
} from './uploaded-table.js';

/** What the organisation says of a device. */
export interface RegisterDevice extends RegisteredFacts {
  readonly serialNumber: string;
  /** Kept sealed, apart from the history. Left out: it stays as it is. */
  readonly name?: string | undefined;
}

export interface NamedDevice {
  readonly serialNumber: string;
  /** It must be registered or have enrolled before. */
  readonly position?: Position | undefined;
}

export interface ChangedDevice {
  readonly serialNumber: string;
  readonly position: Position;
  /** The same request had been made before. */
  readonly repeated: boolean;
}

/** A device as the registry knows it. */
export interface RegisteredDevice {
  readonly document: DeviceDocument;
  /** As the organisation or the device itself names it. */
  readonly name: string | null;
  readonly installations: Readonly<Partial<Record<InstallationState, number>>>;
  /** How the profile stands that holds what settings of its apps ask for. */
  readonly profile: ProfileState;
  readonly asOf: Reflected;
}

export interface WantedRegistry extends WantedPage {
  readonly state?: DevicePhase | undefined;
}

/**
 * Makes a device known, before it enrols or afterwards; what is said of one that is known replaces what was said before.
 * @throws Refusal INVALID_SERIAL_NUMBER, NOT_FOUND_PERSON for an owner whom nobody knows, CONFLICT_IDEMPOTENCY_KEY
 */
export async function registerDevice(
  seatbook: SeatbookEdge,
  { serialNumber, name, ...facts }: RegisterDevice,
  caller: Caller,
): Promise<ChangedDevice> {
  const [device = ''] = orderedSerials([serialNumber], 'assign');
  await mustKnowOwner(seatbook, facts.userId);
  const body = { serialNumber: device, ...facts };
  await takeName(seatbook, device, name, caller);
  const id = await takenId(seatbook, caller, 'RegisterDevice', body);
  const registering = { type: 'RegisterDevice', facts } as const;
  const context = contextOf(caller, `${id}/device`, body);
  const { position, repeated } = await seatbook.execute(deviceStream(device), registering, context);
  return { serialNumber: device, position, repeated };
}

/** The same of a device that is known. @throws Refusal NOT_FOUND_DEVICE, NOT_FOUND_PERSON, CONFLICT_IDEMPOTENCY_KEY */
export async function changeDevice(
  seatbook: SeatbookEdge,
  { serialNumber, name, ...facts }: RegisterDevice,
  caller: Caller,
): Promise<ChangedDevice> {
  const device = await mustBeKnown(seatbook, serialNumber);
  await mustKnowOwner(seatbook, facts.userId);
  await takeName(seatbook, device, name, caller);
  return tell(seatbook, device, caller, { name: 'ChangeDevice', command: { type: 'RegisterDevice', facts } });
}

/**
 * Says that a device was wiped, or is used no more: its installations end, and its licences stay or go back as the
 * deployment has it.
 * @throws Refusal NOT_FOUND_DEVICE
 */
export async function leaveDevice(
  seatbook: SeatbookEdge,
  { serialNumber, how }: NamedDevice & { readonly how: 'wiped' | 'retired' },
  caller: Caller,
): Promise<ChangedDevice> {
  const device = await mustBeKnown(seatbook, serialNumber);
  return tell(seatbook, device, caller, { name: 'LeaveDevice', command: { type: 'LeaveDevice', how } });
}

/** Has a device asked what it is. @throws Refusal NOT_FOUND_DEVICE, REJECTED_NOT_ENROLLED, REJECTED_NO_MDM */
export async function describeDevice(
  seatbook: SeatbookEdge,
  { serialNumber }: NamedDevice,
  caller: Caller,
): Promise<ChangedDevice> {
  if (seatbook.options.mdm === undefined)
    throw new Refusal('REJECTED_NO_MDM', 'no MDM server is configured, so that no device can be asked');
  const device = await mustBeKnown(seatbook, serialNumber);
  return tell(seatbook, device, caller, { name: 'DescribeDevice', command: { type: 'WantFacts' } });
}

async function tell(
  seatbook: SeatbookEdge,
  device: string,
  caller: Caller,
  { name, command }: { readonly name: string; readonly command: DeviceCommand },
): Promise<ChangedDevice> {
  const body = { serialNumber: device, ...command };
  const id = await takenId(seatbook, caller, name, body);
  const context = contextOf(caller, `${id}/device`, body);
  const { position, repeated } = await seatbook.execute(deviceStream(device), command, context);
  return { serialNumber: device, position, repeated };
}

async function mustBeKnown({ runner }: SeatbookEdge, serialNumber: string): Promise<string> {
  const device = deviceIdOf(serialNumber);
  const { state } = await runner.load(deviceStream(device));
  if (state.phase === 'unknown') throw new Refusal('NOT_FOUND_DEVICE', 'there is no such device');
  return device;
}

/**
 * Keeps a name before the request is taken. The log has no hash of it, so that of a request that is sent again the name
 * that is kept tells whether it is the same one.
 */
async function takeName(
  seatbook: SeatbookEdge,
  device: string,
  name: string | undefined,
  caller: Caller,
): Promise<void> {
  if (name === undefined) return;
  if (!(await isTaken(seatbook, caller))) return keepName(seatbook, device, name);
  if (((await seatbook.stores.secrets.get(deviceNameName(device))) ?? '') === name) return;
  throw new Refusal(
    'CONFLICT_IDEMPOTENCY_KEY',
    'this Idempotency-Key was used for another request, or the device has got another name since',
  );
}

/** A name is personal: it goes nowhere but among the secrets. */
async function keepName({ stores }: SeatbookEdge, device: string, name: string): Promise<void> {
  if (name === '') await stores.secrets.delete(deviceNameName(device));
  else await stores.secrets.put(deviceNameName(device), name);
}

async function mustKnowOwner(seatbook: SeatbookEdge, userId: string | null): Promise<void> {
  if (userId !== null && !(await knownOwners(seatbook, [userId])).has(userId)) throw unknownOwner();
}

const knownOwners = (
  seatbook: SeatbookEdge,
  owners: readonly (string | null)[],
): ReturnType<typeof rememberedOf> =>
  rememberedOf(
    seatbook,
    owners.filter((userId) => userId !== null),
  );

const unknownOwner = (): Refusal => new Refusal('NOT_FOUND_PERSON', 'nobody knows the owner of the device');

/** Columns of a table of devices. */
export const DEVICE_COLUMNS = ['serialNumber', 'platform', 'ownership', 'userId', 'name'] as const;

const PLATFORMS: ReadonlyMap<string, RegisteredFacts['platform']> = new Map([
  ['', null],
  ...(['iOS', 'macOS', 'tvOS', 'watchOS', 'visionOS'] as const).map(
    (platform) => [platform.toLowerCase(), platform] as const,
  ),
]);

const OWNERSHIPS: ReadonlyMap<string, Ownership> = new Map([
  ['', 'organisation'],
  ['organisation', 'organisation'],
  ['personal', 'personal'],
]);

/** Longest name of a device, in characters. */
const MAX_NAME = 255;

/** A row is a device; an empty cell says nothing. @throws Refusal INVALID_ROW, INVALID_SERIAL_NUMBER */
function deviceIn(cells: Cells): RegisterDevice {
  const [serialNumber = ''] = orderedSerials([cells['serialNumber'] ?? ''], 'assign');
  const platform = PLATFORMS.get((cells['platform'] ?? '').toLowerCase());
  if (platform === undefined)
    throw invalidRow('the platform is none of iOS, macOS, tvOS, watchOS and visionOS');
  const ownership = OWNERSHIPS.get((cells['ownership'] ?? '').toLowerCase());
  if (ownership === undefined) throw invalidRow('the ownership is neither organisation nor personal');
  const name = cells['name'] ?? '';
  if (name.length > MAX_NAME) throw invalidRow(`the name has more than ${MAX_NAME} characters`);
  const userId = cells['userId'] ?? '';
  const facts = { platform, ownership, userId: userId === '' ? null : userId };
  return { serialNumber, ...facts, ...(name === '' ? {} : { name }) };
}

/** Registers the devices of a table; what is so already changes nothing, so that it may be sent again. */
export async function importDevices(
  seatbook: SeatbookEdge,
  { table }: { readonly table: UploadedTable },
  caller: Caller,
): Promise<UploadOutcome> {
  await takenId(seatbook, caller, 'ImportDevices', {});
  return takeTable(table, {
    read: deviceIn,
    async take(rows) {
      const known = await knownOwners(
        seatbook,
        rows.map(({ userId }) => userId),
      );
      return Promise.all(
        rows.map(async (row) =>
          row.userId === null || known.has(row.userId) ? takeRow(seatbook, row, caller) : unknownOwner(),
        ),
      );
    },
  });
}

async function takeRow(
  seatbook: SeatbookEdge,
  { serialNumber, name, ...facts }: RegisterDevice,
  caller: Caller,
): Promise<TakenRow> {
  const { secrets } = seatbook.stores;
  // The table may be sent again under its key: then each row is looked at once more.
  const context = contextOf(caller, seatbook.ids.next(), {});
  const registering = { type: 'RegisterDevice', facts } as const;
  const { events, revision } = await seatbook.execute(deviceStream(serialNumber), registering, context);
  const renamed = name !== undefined && name !== (await secrets.get(deviceNameName(serialNumber)));
  if (renamed) await keepName(seatbook, serialNumber, name);
  if (events > 0 && revision === 0) return 'created';
  return events > 0 || renamed ? 'changed' : 'unchanged';
}

/** Devices that are registered or have enrolled, by their ids. */
export const listRegistry = (
  { reader }: SeatbookEdge,
  { state, ...page }: WantedRegistry,
): PageOf<'devices'> =>
  reader.page(
    queryModels.devices,
    state === undefined ? { index: 'by-device', equals: [] } : { index: 'by-state', equals: [state] },
    page,
  );

/** A device of the registry, with its apps by state. @throws Refusal NOT_FOUND_DEVICE */
export async function getRegistered(
  { reader, runner, stores }: SeatbookEdge,
  { serialNumber, position }: NamedDevice,
): Promise<RegisteredDevice> {
  const device = deviceIdOf(serialNumber);
  const { document, asOf } = await reader.get(queryModels.devices, device, position);
  if (!document) throw new Refusal('NOT_FOUND_DEVICE', 'there is no such device');
  const installations: Partial<Record<InstallationState, number>> = {};
  const rows = { index: 'by-device', equals: [device] } as const;
  for await (const { state } of reader.all(queryModels.installations, rows))
    installations[state] = (installations[state] ?? 0) + 1;
  const name = await stores.secrets.get(deviceNameName(device));
  const profile = await runner.look(deviceAppsStream(device), (apps) => profileStateOf(apps.profile));
  return { document, name, installations, profile, asOf };
}

export const registryCommands = {
  RegisterDevice: registerDevice,
  ChangeDevice: changeDevice,
  LeaveDevice: leaveDevice,
  DescribeDevice: describeDevice,
  ImportDevices: importDevices,
};

export const registryQueries = { ListRegistry: listRegistry, GetRegistered: getRegistered };
