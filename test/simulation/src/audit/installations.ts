import { idOf, type Envelope, type Instant } from '@seatbook/kernel';
import {
  assetKey,
  type ActivationEvent,
  deviceIdOf,
  type AssetEvent,
  type DeviceEvent,
  type HolderKey,
  type Holders,
  type InstallationEvent,
  type MdmCommandEvent,
  type Timings,
} from '@seatbook/licensing';
import type { World } from '../world.js';

type Known = Envelope<ActivationEvent | AssetEvent | DeviceEvent | InstallationEvent | MdmCommandEvent>;

/** An app of a device, as an auditor follows it. */
interface Followed {
  /** The command whose answer is waited for, or that was answered last. */
  readonly uuid: string;
  giveUpAt: Instant;
  phase: 'under-way' | 'installed' | 'removing' | 'over';
  /** The device has accepted the command. */
  readonly accepted: boolean;
  /** The version that it was to be updated to last; 0 for never. */
  readonly update: number;
}

/** What had failed, and is to be tried again. */
interface Again {
  readonly orderId: string;
  readonly attempt: number;
  readonly at: Instant;
}

/** A command, from its plan on. */
interface Planned {
  readonly asset: string;
  readonly removal: boolean;
  /** Who had the licence when it was planned, or got it since. */
  readonly licensed: Set<HolderKey>;
  /** Persons of whom Apple had said at the location that they have accepted; and since. */
  readonly accepted: Set<string>;
  /** Devices with the persons who had them when it was planned, or since. */
  readonly owned: Set<string>;
  /** Devices that had no licence of their own then, or one that goes back, or have lost it since. */
  readonly unlicensed: Set<HolderKey>;
}

const holdersIn = ({ serialNumbers, userIds }: Holders): readonly HolderKey[] => [
  ...serialNumbers.map((serial) => `d:${deviceIdOf(serial)}`),
  ...userIds.map((userId) => `u:${userId}`),
];

/**
 * What no installation may do, event by event. No command goes to a device that has not taken it, or whose licence was
 * gone all the while; none by the licence of a person who has not accepted, or does not have the device; none to install to a device that gets the app already, or has it. What is under way has a next moment and a
 * deadline. An answer counts for the command that it answers, once.
 */
class AuditedInstallations {
  readonly wrong: string[] = [];
  /** Who holds a licence, by asset. */
  readonly #licensed = new Map<string, Set<HolderKey>>();
  /** Persons who have accepted, by account. */
  readonly #accepted = new Map<string, Set<string>>();
  /** By device. */
  readonly #owners = new Map<string, string>();
  /** The persons by whose licences devices have taken commands, by command and device. */
  readonly #persons = new Map<string, string>();
  /** Pairs whose licence goes back, by asset and holder. */
  readonly #going = new Set<string>();
  /** By device and app. */
  readonly #apps = new Map<string, Map<string, Followed>>();
  readonly #again = new Map<string, Again>();
  readonly #planned = new Map<string, Planned>();
  /** Commands that a device has taken: by command and device, with the app. */
  readonly #taken = new Map<string, string>();
  /** Of those: what was sent, or not sent for a reason that is told. */
  readonly #told = new Set<string>();
  readonly #leftOut = new Set<string>();
  /** Devices that were pushed last, and not asked since. */
  readonly #reminded = new Set<string>();
  #latest: Instant = 0;
  /** A clock was put back: moments cannot be compared any more. */
  #putBack = false;

  constructor(private readonly timings: Timings) {}

  follow(event: Known): void {
    const { recordedAt } = event.metadata;
    this.#putBack ||= recordedAt < this.#latest;
    this.#latest = Math.max(this.#latest, recordedAt);
    this.#licences(event);
    this.#ofPersons(event);
    this.#commands(event);
    if (!event.stream.startsWith('deviceApps-')) return;
    this.#installation(event);
    this.#waits(event);
  }

  /** What is wrong when all has ended. */
  over(): readonly string[] {
    for (const [key, adamId] of this.#taken)
      if (!this.#told.has(key)) this.wrong.push(`${key} is to change ${adamId}, and nobody told it`);
    return this.wrong;
  }

  #licences(event: Known): void {
    const asset = idOf(event.stream);
    switch (event.type) {
      case 'asset.licenses-assigned':
      case 'asset.assignments-adopted':
      case 'asset.found-held':
        this.#license(asset, event.data);
        break;
      case 'asset.drift-found':
        if (event.data.kind === 'added') this.#license(asset, event.data);
        break;
      case 'asset.licenses-returning':
        this.#goes(asset, event.data.returning);
        break;
      case 'asset.returns-started':
        this.#goes(asset, event.data);
        break;
      case 'asset.licenses-returned':
        this.#goes(asset, event.data);
        for (const holder of holdersIn(event.data)) this.#licensed.get(asset)?.delete(holder);
        break;
      case 'asset.licenses-failed':
        if (event.data.action === 'disassociate') this.#license(asset, event.data);
        break;
      case 'asset.reservations-ended':
        if (event.data.was === 'returning') this.#license(asset, event.data);
        break;
      default:
        break;
    }
  }

  #license(asset: string, holders: Holders): void {
    const licensed = this.#licensed.get(asset) ?? new Set();
    this.#licensed.set(asset, licensed);
    for (const holder of holdersIn(holders)) {
      licensed.add(holder);
      this.#going.delete(`${asset} ${holder}`);
      for (const planned of this.#planned.values()) if (planned.asset === asset) planned.licensed.add(holder);
    }
  }

  /** Who has accepted, and who has which device. */
  #ofPersons(event: Known): void {
    switch (event.type) {
      case 'activation.associated': {
        const { uId, userIds } = event.data;
        const accepted = this.#accepted.get(uId) ?? new Set();
        this.#accepted.set(uId, accepted);
        for (const userId of userIds) {
          accepted.add(userId);
          for (const planned of this.#planned.values())
            if (planned.asset.startsWith(`${uId}.`)) planned.accepted.add(userId);
        }
        break;
      }
      case 'activation.ordered':
      case 'activation.retired':
      case 'activation.found-retired':
        for (const userId of event.data.userIds) this.#accepted.get(event.data.uId)?.delete(userId);
        break;
      case 'device.registered': {
        const device = idOf(event.stream);
        const { userId } = event.data;
        this.#owners.delete(device);
        if (userId === null) break;
        this.#owners.set(device, userId);
        for (const { owned } of this.#planned.values()) owned.add(`${device} ${userId}`);
        break;
      }
      default:
        break;
    }
  }

  /** A licence is there until Apple has taken it, and is nobody's to use from the moment it goes back. */
  #goes(asset: string, holders: Holders): void {
    for (const holder of holdersIn(holders)) {
      this.#going.add(`${asset} ${holder}`);
      for (const planned of this.#planned.values())
        if (planned.asset === asset) planned.unlicensed.add(holder);
    }
  }

  #commands(event: Known): void {
    const uuid = idOf(event.stream);
    if (event.type === 'mdmCommand.planned') {
      const asset = assetKey(event.data.uId, event.data);
      const licensed = new Set(this.#licensed.get(asset));
      const devices = event.data.devices.map(
        ({ serialNumber }): HolderKey => `d:${deviceIdOf(serialNumber)}`,
      );
      this.#planned.set(uuid, {
        asset,
        removal: event.data.removal ?? false,
        licensed,
        unlicensed: new Set(
          devices.filter((device) => !licensed.has(device) || this.#going.has(`${asset} ${device}`)),
        ),
        accepted: new Set(this.#accepted.get(event.data.uId)),
        owned: new Set([...this.#owners].map(([device, userId]) => `${device} ${userId}`)),
      });
    }
    // Whom the server did not take it for is told so at once.
    const untaken =
      event.type === 'mdmCommand.queued'
        ? event.data.refused
        : event.type === 'mdmCommand.given-up'
          ? event.data.serialNumbers
          : [];
    for (const device of untaken.map(deviceIdOf)) this.#leftOut.add(`${uuid} ${device}`);
    if (event.type !== 'mdmCommand.started') return;
    const { serialNumbers, unlicensed, unreachable, kept = [], attempt } = event.data;
    const planned = this.#planned.get(uuid);
    for (const device of serialNumbers.map(deviceIdOf)) {
      if (!this.#taken.has(`${uuid} ${device}`))
        this.wrong.push(`${device} is sent a command that it has not taken`);
      const userId = this.#persons.get(`${uuid} ${device}`);
      const holder = userId === undefined ? `d:${device}` : `u:${userId}`;
      const installs = attempt === 1 && planned?.removal === false;
      if (installs && !planned.licensed.has(holder))
        this.wrong.push(`${device} is told to install ${planned.asset}, of which ${holder} has no licence`);
      if (installs && userId !== undefined && !planned.accepted.has(userId))
        this.wrong.push(`${device} is told to install ${planned.asset} of ${userId}, who has not accepted`);
      if (installs && userId !== undefined && !planned.owned.has(`${device} ${userId}`))
        this.wrong.push(`${device} is told to install ${planned.asset} of ${userId}, whose it is not`);
      if (attempt === 1 && planned?.removal && !planned.unlicensed.has(`d:${device}`))
        this.wrong.push(`${device} is told to remove ${planned.asset}, of which it has its licence`);
      this.#told.add(`${uuid} ${device}`);
    }
    for (const device of [...unlicensed, ...unreachable, ...kept].map(deviceIdOf)) {
      this.#told.add(`${uuid} ${device}`);
      this.#leftOut.add(`${uuid} ${device}`);
    }
    this.#planned.delete(uuid);
  }

  #installation(event: Known): void {
    const device = idOf(event.stream);
    const { recordedAt } = event.metadata;
    const apps = this.#apps.get(device) ?? new Map<string, Followed>();
    this.#apps.set(device, apps);
    if (event.type !== 'installation.reminded') this.#reminded.delete(device);
    switch (event.type) {
      case 'installation.commanded': {
        const { adamId, uuid, giveUpAt, orderId, attempt, update, userId } = event.data;
        const { phase = 'over', update: before = 0 } = apps.get(adamId) ?? {};
        if (update !== undefined && update <= before)
          this.wrong.push(`${device} is told again to update ${adamId} to ${update}`);
        if (update === undefined ? phase === 'installed' || phase === 'under-way' : phase !== 'installed')
          this.wrong.push(`${device} is told to install ${adamId}, which is ${phase}`);
        this.#ended(device, adamId);
        const latest = update ?? before;
        apps.set(adamId, { uuid, giveUpAt, phase: 'under-way', accepted: false, update: latest });
        this.#taken.set(`${uuid} ${device}`, adamId);
        if (userId !== undefined) this.#persons.set(`${uuid} ${device}`, userId);
        // An update is no try of what had failed.
        if (update !== undefined) this.#again.delete(`${device} ${adamId}`);
        else this.#tried(`${device} ${adamId}`, { orderId, attempt, at: recordedAt });
        break;
      }
      case 'installation.removal-commanded': {
        const { adamId, uuid, giveUpAt, orderId, attempt } = event.data;
        this.#ended(device, adamId);
        const update = apps.get(adamId)?.update ?? 0;
        apps.set(adamId, { uuid, giveUpAt, phase: 'removing', accepted: false, update });
        this.#taken.set(`${uuid} ${device}`, adamId);
        this.#tried(`${device} ${adamId}`, { orderId, attempt, at: recordedAt });
        break;
      }
      case 'installation.removal-answered': {
        const { adamId, uuid, giveUpAt } = event.data;
        const app = apps.get(adamId);
        if (app?.uuid === uuid && app.accepted) this.wrong.push(`${device} answers ${uuid} twice`);
        const update = app?.update ?? 0;
        apps.set(adamId, { uuid, giveUpAt, phase: 'removing', accepted: true, update });
        break;
      }
      case 'installation.acknowledged': {
        const { adamId, uuid, giveUpAt } = event.data;
        const app = apps.get(adamId);
        if (app?.uuid === uuid && app.accepted && app.phase !== 'over')
          this.wrong.push(`${device} accepts ${adamId} twice by one command`);
        const update = app?.update ?? 0;
        apps.set(adamId, { uuid, giveUpAt, phase: 'under-way', accepted: true, update });
        break;
      }
      case 'installation.cancelled':
        this.#ended(device, event.data.adamId);
        this.#again.delete(`${device} ${event.data.adamId}`);
        break;
      case 'installation.failed':
      case 'installation.removal-failed': {
        const { adamId, uuid, orderId, attempt, again, reason } = event.data;
        this.#ended(device, adamId);
        const app = apps.get(adamId);
        // Its removal was not sent.
        if (app && reason === 'licensed-again') app.phase = 'installed';
        if (again !== null) this.#again.set(`${device} ${adamId}`, { orderId, attempt, at: again });
        if (reason === 'offline' && this.#leftOut.has(`${uuid} ${device}`))
          this.wrong.push(`${device} was left out, and is waited for`);
        break;
      }
      case 'installation.list-asked':
        this.#asked(device, recordedAt);
        for (const { adamId, giveUpAt } of event.data.apps) {
          const app = apps.get(adamId);
          if (app && giveUpAt !== undefined) app.giveUpAt = giveUpAt;
        }
        break;
      case 'installation.reminded':
        this.#asked(device, recordedAt);
        // Its answer may have been lost.
        if (this.#reminded.has(device)) this.wrong.push(`${device} is pushed again, and not asked`);
        this.#reminded.add(device);
        break;
      case 'installation.listed':
        for (const { adamId, state } of event.data.apps) {
          const app = apps.get(adamId);
          if (!app) this.wrong.push(`${device} tells of ${adamId}, which it was not asked for`);
          else if (state === 'removed' || state === 'failed') this.#ended(device, adamId);
          else if (state === 'installed' || state === 'removing') app.phase = state;
          else if (state !== 'absent') app.phase = 'under-way';
        }
        break;
      case 'installation.device-left':
        for (const adamId of [...event.data.removed, ...event.data.failed]) this.#ended(device, adamId);
        for (const [adamId, { phase }] of apps)
          if (phase !== 'over') this.wrong.push(`${adamId} is ${phase} on ${device}, which has left`);
        break;
      default:
        break;
    }
  }

  /** A command that was not sent yet needs not be sent any more. */
  #ended(device: string, adamId: string): void {
    const app = this.#apps.get(device)?.get(adamId);
    if (!app) return;
    app.phase = 'over';
    if (this.#planned.has(app.uuid)) this.#told.add(`${app.uuid} ${device}`);
  }

  /** Another attempt counts one more, and does not come before its time. */
  #tried(key: string, { orderId, attempt, at }: Again): void {
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again?.orderId !== orderId) return;
    if (attempt !== again.attempt + 1)
      this.wrong.push(`${key} is tried as attempt ${attempt} after attempt ${again.attempt}`);
    if (!this.#putBack && at < again.at && again.at <= at + this.timings.maxLookMs)
      this.wrong.push(`${key} is tried again ${(again.at - at) / 1_000} s too early`);
  }

  /** Whoever looks at a device ends what is overdue. */
  #asked(device: string, at: Instant): void {
    for (const [adamId, { phase, giveUpAt }] of this.#apps.get(device) ?? [])
      if ((phase === 'under-way' || phase === 'removing') && giveUpAt <= at)
        this.wrong.push(`${adamId} on ${device} was to end ${(at - giveUpAt) / 1_000} s ago`);
  }

  /** What is under way is looked at again, soon enough. */
  #waits({ stream, metadata: { next, recordedAt } }: Known): void {
    if (next === undefined) return;
    for (const [adamId, { phase }] of this.#apps.get(idOf(stream)) ?? []) {
      if (phase !== 'under-way' && phase !== 'removing') continue;
      if (next === null) this.wrong.push(`nobody looks again at ${adamId} on ${idOf(stream)}`);
      else if (!this.#putBack && next.at > recordedAt + this.timings.maxLookMs)
        this.wrong.push(`${adamId} on ${idOf(stream)} is looked at too late`);
    }
  }
}

export function auditInstallations(log: readonly Envelope[], { timings }: World['virtual']): string[] {
  const audited = new AuditedInstallations(timings);
  for (const event of log as readonly Known[]) audited.follow(event);
  return [...audited.over()];
}
