import { SimulatorAdmin } from './admin.js';
import { answerAdmin } from './admin-routes.js';
import { answerDevices } from './devices/device-routes.js';
import { type SimulatorClock, Timers } from './clock.js';
import { DeviceFleet } from './devices/device-fleet.js';
import { MDM_PATH } from './devices/nano-mdm.js';
import { ContentCatalogue } from './content-catalogue.js';
import { ErrorRules } from './error-rules.js';
import { EventQueue } from './event-queue.js';
import { defaultFaults, type FaultsPatch, patchFaults } from './faults.js';
import { FrontDoor } from './front-door.js';
import { Identifiers } from './identifiers.js';
import { Notifier } from './notifier.js';
import { PairRules } from './pair-rules.js';
import { TokenRegistry } from './token.js';
import { Traffic } from './traffic.js';
import type { Deliver, SimulatorRequest, SimulatorResponse } from './transport.js';
import type { World } from './world.js';

export interface SimulatorOptions {
  clock: SimulatorClock;
  /** Numbers in [0, 1); a seeded source makes a run reproducible, ids included. */
  random: () => number;
  /** Posts a notification to the client. */
  deliver: Deliver;
  /** Where clients reach it, without a slash at the end; used in the urls of service/config. */
  baseUrl: string;
  /** Initial switches, restored by a reset. Default: no faults. */
  faults?: FaultsPatch;
  /** Writes a token file and returns its path; without it tokens appear only in the answers. */
  saveToken?: (fileName: string, text: string) => string;
}

export interface Simulator {
  /** Answers one request, of Apple's API, of NanoMDM's below `/nanomdm`, or of `/admin`. Resolves when the answer must be sent. */
  handle(request: SimulatorRequest): Promise<SimulatorResponse>;
  readonly admin: SimulatorAdmin;
  /** Devices and the MDM server that they are enrolled at. */
  readonly fleet: DeviceFleet;
  /** Cancels all timers; pending events and notifications never happen. */
  stop(): void;
}

/** A simulated Apple "Apps and Books" API, empty at first. */
export function createSimulator(options: SimulatorOptions): Simulator {
  const { clock, random, baseUrl } = options;
  const timers = new Timers(clock);
  const ids = new Identifiers(random);
  const faults = defaultFaults();
  patchFaults(faults, options.faults ?? {});
  const traffic = new Traffic(() => clock.now());
  const notifier = new Notifier(clock, timers, random, ids, options.deliver, faults, traffic);
  const world: World = {
    clock,
    timers,
    random,
    ids,
    baseUrl,
    faults,
    initialFaults: structuredClone(faults),
    errorRules: new ErrorRules(random),
    pairRules: new PairRules(),
    tokens: new TokenRegistry(ids),
    locations: new Map(),
    catalogue: new ContentCatalogue(),
    traffic,
    notifier,
    events: new EventQueue(timers, random, faults, notifier),
  };
  const frontDoor = new FrontDoor(world);
  const admin = new SimulatorAdmin(world, options.saveToken);
  const fleet = new DeviceFleet(world, clock, timers, random, ids, options.deliver);
  return {
    admin,
    fleet,
    handle: async (request) => {
      if (request.path.startsWith('/admin/devices')) return answerDevices(fleet, request);
      if (request.path.startsWith('/admin/')) return answerAdmin(admin, request);
      return request.path.startsWith(`${MDM_PATH}/`) ? fleet.mdm.handle(request) : frontDoor.handle(request);
    },
    stop: () => {
      notifier.stop();
      timers.stop();
    },
  };
}
