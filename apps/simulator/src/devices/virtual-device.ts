import { fromPlist, textOf, toPlist, type Plist, type PlistDict } from './plist.js';

/** The server as a device sees it: NanoMDM's façade here, or a real one over HTTP. */
export interface DeviceServer {
  /** A check-in message, such as Authenticate. Rejects where the server refuses it. */
  checkIn(body: string): Promise<void>;
  /** An answer to a command, or that the device is idle; the next command, or '' for none. */
  connect(body: string): Promise<string>;
}

export interface DeviceFacts {
  /** The enrolment's id. */
  readonly udid: string;
  /** Null: the enrolment hides it, as account-driven ones do. */
  readonly serialNumber: string | null;
  /** Default iPhone15,2. */
  readonly product?: string;
  readonly osVersion?: string;
  readonly name?: string;
  /** Supervised devices install without asking; default true. */
  readonly supervised?: boolean;
}

/** How a device behaves. Counts are used up one by one. */
export interface DeviceKnobs {
  /** The person whose Apple Account is signed in, as the location knows this person; null: nobody's is. */
  clientUserId: string | null;
  /** So many next commands are answered NotNow. */
  notNow: number;
  /** What the user does when asked, on a device that is not supervised. */
  prompt: 'accept' | 'reject' | 'ignore';
  /** So many next installations fail after they were accepted. */
  failInstalls: number;
  /** So many next installations are answered "licence not found", whatever Apple says. */
  licenceNotFound: number;
  /** The number of that error: 12064, or 9610 as Macs say. */
  licenceErrorCode: number;
  /** So many next installations are answered with this error instead; `errorCode` in MCMDMErrorDomain. */
  refuseInstalls: number;
  /** The same of removals. */
  refuseRemovals: number;
  errorCode: number;
  /** So many next profiles are refused. */
  refuseProfiles: number;
  /** The user has every app already, not managed. */
  hasUnmanaged: boolean;
  /** Does not connect, whoever pushes. */
  offline: boolean;
  /** Installs the version that it has again. */
  neverUpdates: boolean;
  /** So many next answers of it never reach the client of the MDM server. */
  losesWebhooks: number;
  /** Every answer is sent twice. */
  answersTwice: boolean;
  /** From acceptance to installed, and from the question to the user's answer. */
  installMs: number;
  promptMs: number;
}

const KNOBS: DeviceKnobs = {
  notNow: 0,
  prompt: 'accept',
  failInstalls: 0,
  clientUserId: null,
  licenceNotFound: 0,
  licenceErrorCode: 12064,
  refuseInstalls: 0,
  refuseRemovals: 0,
  errorCode: 12023,
  refuseProfiles: 0,
  hasUnmanaged: false,
  offline: false,
  neverUpdates: false,
  losesWebhooks: 0,
  answersTwice: false,
  installMs: 4_000,
  promptMs: 20_000,
};

/** What a device needs of the world around it. */
export interface DeviceWorld {
  readonly server: DeviceServer;
  /** Runs something later. */
  after(delayMs: number, run: () => void): void;
  /** Whether Apple has a licence for the device, or for a person who has accepted. */
  hasLicence(adamId: string, serialNumber: string | null, clientUserId: string | null): boolean;
  app(adamId: string): { readonly bundleId: string; readonly version: number } | null;
}

/** Statuses that a device tells once and then forgets the app. */
const TOLD_ONCE: ReadonlySet<string> = new Set([
  'UserInstalledApp',
  'UserRejected',
  'UpdateRejected',
  'ManagementRejected',
  'Failed',
]);

/** Payload types that other systems do not know, and those that a device has once at the most. */
const PAYLOADS_OF_IOS: ReadonlySet<string> = new Set(['com.apple.networkusagerules', 'com.apple.sso']);
const SINGLE_PAYLOADS = PAYLOADS_OF_IOS;

interface App {
  readonly adamId: string;
  /** 1: removed with the profile, 4: kept out of backups; as the last command said. */
  managementFlags: number;
  /** The VPN that it uses; as the last command said. */
  vpnUuid: string | null;
  status: string;
  version: number;
}

/** A command that a device got, for whoever checks what should never be sent. */
export interface CommandSeen {
  readonly requestType: string;
  readonly uuid: string;
  readonly adamId: string | null;
  /** Whether Apple had a licence for it then. */
  readonly licensed: boolean;
  readonly answer: string;
}

/** How long a device that has put a command off waits until it asks again by itself. */
const ASKS_AGAIN_MS = 300_000;
/** No device gets so many commands at once; what never ends would be a mistake. */
const MAX_COMMANDS = 1_000;

/** A device with an MDM profile, as Apple documents and administrators have seen them. */
export class VirtualDevice {
  readonly knobs: DeviceKnobs = { ...KNOBS };
  readonly apps = new Map<string, App>();
  /** Payloads of the profiles that it has, by the profile's identifier. */
  readonly profiles = new Map<string, readonly PlistDict[]>();
  readonly seen: CommandSeen[] = [];
  /** Apps that came to be installed or updated, by adamId: one entry for each time. */
  readonly installs: string[] = [];
  enrolled = false;
  #connecting = false;
  #pushedMeanwhile = false;
  /** What was under way before it was wiped never comes to an end. */
  #life = 0;

  constructor(
    readonly facts: DeviceFacts,
    private readonly world: DeviceWorld,
  ) {}

  get supervised(): boolean {
    return this.facts.supervised ?? true;
  }

  get #ids(): PlistDict {
    const { udid, serialNumber } = this.facts;
    return serialNumber === null ? { EnrollmentID: udid } : { UDID: udid };
  }

  get #product(): string {
    return this.facts.product ?? 'iPhone15,2';
  }

  /** Enrols, for the first time or again. */
  async enrol(): Promise<void> {
    const { serialNumber, osVersion = '18.4', name = 'Device' } = this.facts;
    const topic = { Topic: 'com.apple.mgmt.External.test', ...this.#ids };
    const hidden = serialNumber === null;
    const facts: PlistDict = hidden ? {} : { SerialNumber: serialNumber };
    const about: PlistDict = { ProductName: this.#product, OSVersion: osVersion, DeviceName: name };
    await this.world.server.checkIn(toPlist({ MessageType: 'Authenticate', ...topic, ...facts, ...about }));
    const tokens = {
      Token: Buffer.from('push-token-canary'),
      PushMagic: 'push-magic-canary',
      UnlockToken: Buffer.from('unlock-token-canary'),
    };
    await this.world.server.checkIn(toPlist({ MessageType: 'TokenUpdate', ...topic, ...tokens }));
    // Macs leave a second secret with the server.
    if (this.#product.startsWith('Mac')) {
      const secret = { BootstrapToken: Buffer.from('bootstrap-token-canary') };
      await this.world.server.checkIn(toPlist({ MessageType: 'SetBootstrapToken', ...topic, ...secret }));
    }
    this.enrolled = true;
    // They came by the enrolment before.
    this.profiles.clear();
    await this.wake();
  }

  async checkOut(): Promise<void> {
    this.enrolled = false;
    this.profiles.clear();
    const topic = { Topic: 'com.apple.mgmt.External.test', ...this.#ids };
    await this.world.server.checkIn(toPlist({ MessageType: 'CheckOut', ...topic }));
  }

  /** Everything on it is lost; it says nothing until it enrols again. */
  wipe(): void {
    this.#life += 1;
    this.enrolled = false;
    this.apps.clear();
    this.profiles.clear();
  }

  /** The user removes an app. */
  userRemoves(bundleId: string): void {
    const app = this.apps.get(bundleId);
    if (app) app.status = 'ManagedButUninstalled';
  }

  /** A push: it comes and gets what is queued, unless it is offline. */
  async wake(): Promise<void> {
    if (!this.enrolled || this.knobs.offline) return;
    if (this.#connecting) {
      this.#pushedMeanwhile = true;
      return;
    }
    this.#connecting = true;
    try {
      do {
        this.#pushedMeanwhile = false;
        await this.#work();
      } while (this.#pushedMeanwhile);
    } finally {
      this.#connecting = false;
    }
  }

  async #work(): Promise<void> {
    const { server } = this.world;
    let last = 'Idle';
    let next = await server.connect(toPlist({ Status: 'Idle', ...this.#ids }));
    for (let count = 0; next !== '' && count < MAX_COMMANDS; count += 1) {
      const answer = this.#answer(next);
      last = textOf(answer['Status']);
      const body = toPlist({ ...answer, ...this.#ids });
      if (this.knobs.answersTwice) await server.connect(body);
      next = await server.connect(body);
      if (!this.enrolled || this.knobs.offline) return;
    }
    // It asks again by itself only where putting something off was the last that it said.
    if (last === 'NotNow') this.world.after(ASKS_AGAIN_MS, () => void this.wake());
  }

  #answer(xml: string): PlistDict {
    const message = fromPlist(xml);
    const uuid = textOf(message?.['CommandUUID']);
    const command = (message?.['Command'] ?? {}) as PlistDict;
    const requestType = textOf(command['RequestType']);
    const adamId = command['iTunesStoreID'] === undefined ? null : textOf(command['iTunesStoreID']);
    const licensed = adamId !== null && this.#licensed(adamId);
    const answer = this.#answerTo(requestType, command, adamId, licensed);
    const installed = this.apps.get(textOf(answer['Identifier']));
    if (adamId !== null && installed) {
      installed.managementFlags = Number(command['ManagementFlags'] ?? 0);
      installed.vpnUuid = vpnUuidOf(command);
    }
    this.seen.push({ requestType, uuid, adamId, licensed, answer: textOf(answer['Status']) });
    return { CommandUUID: uuid, ...answer };
  }

  #licensed(adamId: string): boolean {
    return this.world.hasLicence(adamId, this.facts.serialNumber, this.knobs.clientUserId);
  }

  #answerTo(requestType: string, command: PlistDict, adamId: string | null, licensed: boolean): PlistDict {
    // Devices never put this one off.
    if (requestType !== 'InstalledApplicationList' && this.knobs.notNow > 0) {
      this.knobs.notNow -= 1;
      return { Status: 'NotNow' };
    }
    switch (requestType) {
      case 'InstallApplication':
        return adamId === null ? fails(12008) : this.#install(adamId, command, licensed);
      case 'ManagedApplicationList':
        return { Status: 'Acknowledged', ManagedApplicationList: this.#list(command['Identifiers']) };
      case 'RemoveApplication':
        if (this.knobs.refuseRemovals > 0) {
          this.knobs.refuseRemovals -= 1;
          return fails(this.knobs.errorCode);
        }
        return this.apps.delete(textOf(command['Identifier'])) ? { Status: 'Acknowledged' } : fails(12038);
      case 'InstallProfile':
        return this.#installProfile(command['Payload']);
      case 'RemoveProfile':
        return this.profiles.delete(textOf(command['Identifier']))
          ? { Status: 'Acknowledged' }
          : fails(12075);
      case 'DeviceInformation': {
        const { osVersion = '18.4', name = 'Device' } = this.facts;
        const told = { ProductName: this.#product, OSVersion: osVersion, DeviceName: name };
        return { Status: 'Acknowledged', QueryResponses: { ...told, IsSupervised: this.supervised } };
      }
      default:
        return { ...fails(12021), Status: 'CommandFormatError' };
    }
  }

  #install(adamId: string, command: PlistDict, licensed: boolean): PlistDict {
    const { knobs } = this;
    const app = this.world.app(adamId);
    const options = (command['Options'] ?? {}) as PlistDict;
    if (!app) return { ...fails(12023), RejectionReason: 'CouldNotVerifyAppID' };
    // Only these systems know the attribute.
    if (vpnUuidOf(command) !== null && !/^(?:iPhone|iPad)/.test(this.#product)) return fails(12008);
    if (knobs.refuseInstalls > 0) {
      knobs.refuseInstalls -= 1;
      return fails(knobs.errorCode);
    }
    const { bundleId } = app;
    const known = this.apps.get(bundleId);
    if (known?.status === 'Prompting') return fails(1407, 'DeviceManagement.error');
    if (known?.status === 'Installing' || known?.status === 'Updating') return fails(506, 'ASDErrorDomain');
    if (options['PurchaseMethod'] !== 1) return this.#begin(adamId, app, 'PromptingForLogin');
    if (!licensed || knobs.licenceNotFound > 0) {
      knobs.licenceNotFound = Math.max(0, knobs.licenceNotFound - 1);
      return fails(knobs.licenceErrorCode);
    }
    if (known?.status === 'Managed') return this.#begin(adamId, app, 'Updating');
    if (knobs.hasUnmanaged && command['ChangeManagementState'] !== 'Managed')
      return { ...fails(12025), RejectionReason: 'AppAlreadyInstalled' };
    return this.#begin(adamId, app, this.supervised ? 'Installing' : 'Prompting');
  }

  #begin(
    adamId: string,
    { bundleId, version }: { bundleId: string; version: number },
    status: string,
  ): PlistDict {
    const { knobs, world } = this;
    const life = this.#life;
    const before = this.apps.get(bundleId);
    const managementFlags = before?.managementFlags ?? 0;
    const kept = { managementFlags, vpnUuid: before?.vpnUuid ?? null };
    const app: App = { adamId, status, ...kept, version: before?.version ?? version };
    this.apps.set(bundleId, app);
    const later = (ms: number, become: () => void): void =>
      world.after(ms, () => {
        if (life === this.#life && this.apps.get(bundleId) === app) become();
      });
    const install = (): void =>
      later(knobs.installMs, () => {
        const fails = knobs.failInstalls > 0;
        if (fails) knobs.failInstalls -= 1;
        app.status = fails ? 'Failed' : 'Managed';
        if (!fails) this.installs.push(adamId);
        if (!knobs.neverUpdates) app.version = version;
      });
    if (status === 'Installing' || status === 'Updating') install();
    if (status === 'Prompting' && knobs.prompt !== 'ignore') {
      later(knobs.promptMs, () => {
        app.status = knobs.prompt === 'reject' ? 'UserRejected' : 'Installing';
        if (knobs.prompt === 'accept') install();
      });
    }
    return {
      Status: 'Acknowledged',
      Identifier: bundleId,
      State: status === 'Installing' ? 'Queued' : status,
    };
  }

  /** It replaces the profile of the same identifier; of some payloads a device has one at the most, of whatever profile. */
  #installProfile(payload: Plist | undefined): PlistDict {
    const profile = payload instanceof Uint8Array ? fromPlist(Buffer.from(payload).toString('utf8')) : null;
    const identifier = textOf(profile?.['PayloadIdentifier']);
    const content = profile?.['PayloadContent'];
    const payloads = (Array.isArray(content) ? content : []) as PlistDict[];
    const typesOf = (list: readonly PlistDict[]): string[] => list.map((one) => textOf(one['PayloadType']));
    if (identifier === '' || payloads.length === 0) return fails(1000, 'MCProfileErrorDomain');
    if (this.knobs.refuseProfiles > 0) {
      this.knobs.refuseProfiles -= 1;
      return fails(4001, 'MCInstallationErrorDomain');
    }
    const others = [...this.profiles].flatMap(([id, list]) => (id === identifier ? [] : typesOf(list)));
    const types = typesOf(payloads);
    const unknown =
      types.some((type) => PAYLOADS_OF_IOS.has(type)) && !/^(?:iPhone|iPad)/.test(this.#product);
    const all = [...others, ...types].filter((type) => SINGLE_PAYLOADS.has(type));
    if (unknown || new Set(all).size < all.length) return fails(4001, 'MCInstallationErrorDomain');
    this.profiles.set(identifier, payloads);
    return { Status: 'Acknowledged' };
  }

  #list(wanted: Plist | undefined): PlistDict {
    const named = Array.isArray(wanted) ? new Set(wanted.map(String)) : null;
    const list: PlistDict = {};
    for (const [bundleId, { status, version, managementFlags }] of [...this.apps]) {
      if (named && !named.has(bundleId)) continue;
      const shows: PlistDict = status === 'Managed' ? { ExternalVersionIdentifier: version } : {};
      list[bundleId] = { Status: status, ManagementFlags: managementFlags, ...shows };
      if (TOLD_ONCE.has(status)) this.apps.delete(bundleId);
    }
    return list;
  }
}

const vpnUuidOf = ({ Attributes: attributes }: PlistDict): string | null =>
  textOf((attributes as PlistDict | undefined)?.['VPNUUID']) || null;

const fails = (code: number, domain = 'MCMDMErrorDomain'): PlistDict => ({
  Status: 'Error',
  ErrorChain: [{ ErrorCode: code, ErrorDomain: domain, LocalizedDescription: `error ${code}` }],
});
