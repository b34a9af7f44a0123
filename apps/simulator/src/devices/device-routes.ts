import {
  atLeast,
  flag,
  list,
  object,
  oneOf,
  optional,
  probability,
  ShapeError,
  text,
  whole,
  type Shape,
} from '../shape.js';
import type { SimulatorRequest, SimulatorResponse } from '../transport.js';
import type { DeviceFleet } from './device-fleet.js';
import type { VirtualDevice } from './virtual-device.js';

const knobs = object({
  clientUserId: optional(text),
  notNow: optional(whole(0)),
  prompt: optional(oneOf('accept', 'reject', 'ignore')),
  failInstalls: optional(whole(0)),
  licenceNotFound: optional(whole(0)),
  licenceErrorCode: optional(whole(1)),
  refuseInstalls: optional(whole(0)),
  refuseRemovals: optional(whole(0)),
  errorCode: optional(whole(1)),
  hasUnmanaged: optional(flag),
  offline: optional(flag),
  neverUpdates: optional(flag),
  losesWebhooks: optional(whole(0)),
  answersTwice: optional(flag),
  installMs: optional(atLeast(0)),
  promptMs: optional(atLeast(0)),
});

const newDevices = object({
  devices: list(
    object({
      serialNumber: optional(text),
      udid: optional(text),
      product: optional(text),
      osVersion: optional(text),
      name: optional(text),
      supervised: optional(flag),
      knobs: optional(knobs),
    }),
  ),
});

const settings = object({ apiKey: optional(text), webhookUrl: optional(text), webhookKey: optional(text) });

const faults = object({
  loseWebhooks: optional(whole(0)),
  lose: optional(probability),
  double: optional(probability),
  shuffleMs: optional(atLeast(0)),
  failRequests: optional(whole(0)),
  loseAnswers: optional(whole(0)),
  withoutPushCertificate: optional(flag),
});

/** What can be done to one device, by the last part of the path. */
const DEEDS: Readonly<Record<string, (device: VirtualDevice, read: <T>(shape: Shape<T>) => T) => unknown>> = {
  enrol: (device) => device.enrol(),
  'check-out': (device) => device.checkOut(),
  wipe: (device) => device.wipe(),
  wake: (device) => device.wake(),
  'remove-app': (device, read) => device.userRemoves(read(object({ bundleId: text })).bundleId),
  knobs: (device, read) => void Object.assign(device.knobs, read(knobs)),
};

/** Devices by serial number or enrolment id, and the MDM server, below `/admin/devices`. */
export async function answerDevices(
  fleet: DeviceFleet,
  request: SimulatorRequest,
): Promise<SimulatorResponse> {
  const { pathname } = new URL(request.path, 'http://simulator.invalid');
  const [id, deed] = pathname.split('/').slice(3).map(decodeURIComponent);
  const read = <T>(shape: Shape<T>): T =>
    shape(request.body === '' ? {} : (JSON.parse(request.body) as unknown), '');
  try {
    if (request.method === 'GET' && id === undefined)
      return answer(200, { devices: fleet.all().map((device) => fleet.view(device)) });
    if (request.method === 'GET' && id === 'mdm') return answer(200, fleet.mdm.counts);
    if (request.method !== 'POST') return answer(404, { error: `no ${request.method} ${pathname}` });
    if (id === undefined) return answer(200, { udids: added(fleet, read) });
    if (id === 'mdm') {
      if (deed === 'faults') Object.assign(fleet.mdm.faults, read(faults));
      else Object.assign(fleet.mdm.settings, read(settings));
      return answer(200, { ok: true });
    }
    const device = fleet.find(id);
    const act = deed === undefined ? undefined : DEEDS[deed];
    if (!device || !act) return answer(404, { error: `no ${request.method} ${pathname}` });
    await act(device, read);
    return answer(200, fleet.view(device));
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError)
      return answer(400, { error: error.message });
    throw error;
  }
}

const added = (fleet: DeviceFleet, read: <T>(shape: Shape<T>) => T): readonly string[] =>
  fleet
    .add(
      read(newDevices).devices.map(({ serialNumber = null, ...device }) =>
        defined({ serialNumber, ...device }),
      ),
    )
    .map(({ facts }) => facts.udid);

/** Without members that are undefined. */
const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

const answer = (status: number, body: unknown): SimulatorResponse => ({
  status,
  headers: { 'content-type': 'application/json;charset=UTF-8' },
  body: JSON.stringify(body),
});
