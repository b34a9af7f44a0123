import type { SimulatorClock, Timers } from '../clock.js';
import { deviceTarget, userTarget } from '../asset.js';
import type { Identifiers } from '../identifiers.js';
import type { Deliver } from '../transport.js';
import type { World } from '../world.js';
import { NanoMdm } from './nano-mdm.js';
import { VirtualDevice, type DeviceFacts, type DeviceKnobs, type DeviceServer } from './virtual-device.js';

export interface NewDevice extends Partial<DeviceFacts> {
  /** Null for an enrolment that hides it. */
  readonly serialNumber: string | null;
  readonly knobs?: Partial<DeviceKnobs>;
}

/** What a device shows to whoever looks at the simulator. */
export interface DeviceView {
  readonly udid: string;
  readonly serialNumber: string | null;
  readonly enrolled: boolean;
  readonly queued: number;
  readonly apps: readonly {
    readonly bundleId: string;
    readonly adamId: string;
    readonly status: string;
    readonly version: number;
  }[];
  /** Apps that came to be installed or updated, by adamId: one entry for each time. */
  readonly installs: readonly string[];
}

/** The devices of the organisation, and the MDM server that they are enrolled at. */
export class DeviceFleet {
  readonly mdm: NanoMdm;
  readonly #devices = new Map<string, VirtualDevice>();

  constructor(
    private readonly world: Pick<World, 'locations' | 'catalogue'>,
    clock: SimulatorClock,
    private readonly timers: Timers,
    random: () => number,
    private readonly ids: Identifiers,
    deliver: Deliver,
  ) {
    this.mdm = new NanoMdm(clock, timers, random, ids, deliver);
    this.mdm.onPush = (id) => void this.#devices.get(id)?.wake();
    this.mdm.losesAnswer = (id) => {
      const device = this.#devices.get(id);
      if (!device || device.knobs.losesWebhooks === 0) return false;
      device.knobs.losesWebhooks -= 1;
      return true;
    };
  }

  /** Adds devices without enrolling them. `serverOf`: what they enrol at by their ids; the façade when absent. */
  add(
    devices: readonly NewDevice[],
    serverOf: (udid: string) => DeviceServer = () => this.mdm.server(),
  ): readonly VirtualDevice[] {
    return devices.map(({ knobs, udid = this.ids.uuid().toUpperCase(), ...facts }) => {
      const device = new VirtualDevice(
        { udid, ...facts },
        {
          server: serverOf(udid),
          after: (delayMs, run) => this.timers.after(delayMs, run),
          hasLicence: (adamId, serialNumber, clientUserId) =>
            this.#hasLicence(adamId, serialNumber, clientUserId),
          app: (adamId) => {
            const item = this.world.catalogue.find(adamId);
            return item ? { bundleId: item.bundleId, version: item.externalVersionId } : null;
          },
        },
      );
      Object.assign(device.knobs, knobs);
      this.#devices.set(udid, device);
      return device;
    });
  }

  /** A device by its serial number, or by the id of its enrolment. */
  find(id: string): VirtualDevice | null {
    const known = this.#devices.get(id);
    if (known) return known;
    for (const device of this.#devices.values()) if (device.facts.serialNumber === id) return device;
    return null;
  }

  all(): readonly VirtualDevice[] {
    return [...this.#devices.values()];
  }

  view(device: VirtualDevice): DeviceView {
    const { installs, enrolled } = device;
    const { udid, serialNumber } = device.facts;
    const apps = [...device.apps].map(([bundleId, { adamId, status, version }]) => ({
      bundleId,
      adamId,
      status,
      version,
    }));
    return { udid, serialNumber, enrolled, queued: this.mdm.queued(udid), apps, installs };
  }

  /** InstallApplication commands that reached a device of which Apple had no licence then: there should be none. */
  unlicensedInstalls(): number {
    return this.all().reduce(
      (sum, { seen }) =>
        sum +
        seen.filter(({ requestType, licensed }) => requestType === 'InstallApplication' && !licensed).length,
      0,
    );
  }

  /** Apple's rule: what a person holds can be installed as soon as the person is associated. */
  #hasLicence(adamId: string, serialNumber: string | null, clientUserId: string | null): boolean {
    for (const location of this.world.locations.values()) {
      const user = clientUserId === null ? undefined : location.users.find(clientUserId);
      const targets = [
        ...(serialNumber === null ? [] : [deviceTarget(serialNumber)]),
        ...(user?.status === 'Associated' ? [userTarget(user)] : []),
      ];
      for (const asset of location.assets.values())
        if (asset.facts.adamId === adamId && targets.some((target) => asset.isAssigned(target))) return true;
    }
    return false;
  }
}
