import { messageOf } from './apple-errors.js';
import {
  Asset,
  type AssetFacts,
  assetKey,
  deviceTarget,
  type Platform,
  type PricingParam,
  type ProductType,
  type Target,
  userTarget,
} from './asset.js';
import type { ContentItem } from './content-catalogue.js';
import type { ErrorRule } from './error-rules.js';
import { type Faults, type FaultsPatch, patchFaults } from './faults.js';
import { type DefaultPlatform, Location, type MdmInfo } from './location.js';
import type { FailPair } from './pair-rules.js';
import type { TokenState } from './token.js';
import type { LoggedRequest, Stats } from './traffic.js';
import { type User, userBody, type UserStatus } from './user.js';
import { retire } from './user-writes.js';
import type { World } from './world.js';

/** An admin call that makes no sense; `notFound` if it names something that does not exist. */
export class AdminError extends Error {
  constructor(
    message: string,
    readonly notFound = false,
  ) {
    super(message);
  }
}

export interface NewLocation {
  /** Default: the next free one. */
  uId?: string;
  name: string;
  /** ISO 3166 alpha-2; default DE. */
  country?: string;
  /** Default enterprisestore. */
  platform?: DefaultPlatform;
  /** Epoch ms or ISO date; default in 365 days. */
  tokenExpiresAt?: number | string;
  readOnly?: boolean;
  /** Name of the token file without its ending; default made from the name. */
  fileName?: string;
}

export interface NewToken {
  /** Epoch ms or ISO date; default in 365 days. */
  expiresAt?: number | string;
  readOnly?: boolean;
  /** Whether the older tokens stay usable; default true. If not they answer 9625. */
  keepOld?: boolean;
  fileName?: string;
  /** One that an earlier simulator has issued, instead of a new one. */
  text?: string;
}

export interface IssuedToken {
  uId: string;
  /** The whole Base64 text, which is the bearer credential. */
  token: string;
  /** Where the file was written; null if the simulator writes none. */
  tokenFile: string | null;
}

export interface NewAsset extends Partial<Omit<ContentItem, 'adamId' | 'productType'>> {
  adamId: string;
  /** Default STDQ. */
  pricingParam?: PricingParam;
  /** Default App. */
  productType?: ProductType;
  /** Default true for apps, false for books. */
  revocable?: boolean;
  /** Licences; default 0. */
  total?: number;
  unlimited?: boolean;
}

export interface AssetRef {
  adamId: string;
  /** Default STDQ. */
  pricingParam?: PricingParam;
}

export interface LicenceCount extends AssetRef {
  count: number;
}

export interface SeededAssignments extends AssetRef {
  serialNumbers?: readonly string[];
  clientUserIds?: readonly string[];
  /** Generates this many devices: prefix plus a number of 7 digits from `startAt`. */
  count?: number;
  /** Default SIMG. */
  prefix?: string;
  /** Default 1. */
  startAt?: number;
}

export interface PairRef extends AssetRef {
  serialNumber?: string;
  clientUserId?: string;
}

export interface SeededUser {
  clientUserId: string;
  email?: string;
  /** Links this account of the organisation. */
  managedAppleId?: string;
  /** Links a personal account. */
  account?: string;
  /** `Retired` retires the record at once. */
  status?: UserStatus;
}

export interface AssetCounts {
  adamId: string;
  pricingParam: PricingParam;
  name: string | null;
  total: number;
  assigned: number;
  available: number;
  retired: number;
  unlimited: boolean;
}

const yearMs = 365 * 24 * 3600 * 1000;

/** Everything that can be done to a simulator from outside Apple's API. Every method throws `AdminError`. */
export class SimulatorAdmin {
  constructor(
    private readonly world: World,
    private readonly saveToken: ((fileName: string, text: string) => string) | undefined,
  ) {}

  createLocation(wanted: NewLocation): IssuedToken {
    const { world } = this;
    const uId = wanted.uId ?? this.freeUId();
    if (world.locations.has(uId)) throw new AdminError(`location ${uId} exists`);
    const { name, country = 'DE', platform = 'enterprisestore' } = wanted;
    world.locations.set(uId, new Location({ uId, name, country, platform }, world.ids));
    return this.issue(
      uId,
      wanted.tokenExpiresAt,
      wanted.readOnly ?? false,
      wanted.fileName ?? name.toLowerCase().replace(/[^a-z0-9]+/g, '-'),
    );
  }

  locations(): Record<string, unknown>[] {
    return [...this.world.locations.values()].map((location) => ({
      ...location.facts,
      mdmInfo: location.mdmInfo,
      notificationUrl: location.notificationUrl,
      notificationTypes: location.notificationTypes,
      assets: location.assets.size,
      users: location.users.all.length,
      tokens: this.world.tokens.of(location.facts.uId).map(({ state, readOnly, expiresAt }) => ({
        state,
        readOnly,
        expiresAt: new Date(expiresAt).toISOString(),
      })),
    }));
  }

  /** A second download of the location's token, e.g. to renew it. */
  issueToken(uId: string, wanted: NewToken = {}): IssuedToken {
    const location = this.location(uId);
    const older = this.world.tokens.of(uId).filter(({ text }) => text !== wanted.text);
    if (wanted.keepOld === false) for (const token of older) token.state = 'revoked';
    const slug = location.facts.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    return this.issue(
      uId,
      wanted.expiresAt,
      wanted.readOnly ?? false,
      wanted.fileName ?? `${slug}-${older.length + 1}`,
      wanted.text,
    );
  }

  /** Changes the state of one token, or of all tokens of the location. `active` undoes. */
  setTokenState(uId: string, state: TokenState, tokenText?: string): void {
    this.location(uId);
    const tokens = this.world.tokens
      .of(uId)
      .filter(({ text }) => tokenText === undefined || text === tokenText);
    if (tokens.length === 0) throw new AdminError('no such token', true);
    for (const token of tokens) token.state = state;
  }

  /** Another MDM marks the location as its own; null removes the mark. */
  takeOver(uId: string, mdmInfo: MdmInfo | null): void {
    this.location(uId).mdmInfo = mdmInfo;
  }

  /** Notifications go elsewhere, as if another MDM had said so; null: Apple has lost the address. */
  setNotificationUrl(uId: string, url: string | null): void {
    this.location(uId).notificationUrl = url;
  }

  /** Accounts of other domains answer 9635; null: every domain belongs to the organisation. */
  setManagedDomains(uId: string, domains: readonly string[] | null): void {
    this.location(uId).managedDomains =
      domains === null ? null : domains.map((domain) => domain.toLowerCase());
  }

  addAssets(uId: string, wanted: readonly NewAsset[]): void {
    const location = this.location(uId);
    for (const entry of wanted) {
      const { adamId, pricingParam = 'STDQ', productType = 'App' } = entry;
      if (!/^\d{1,15}$/.test(adamId)) throw new AdminError(`adamId ${adamId} is not numeric`);
      if (location.asset({ adamId, pricingParam }) !== undefined) {
        throw new AdminError(`asset ${adamId}/${pricingParam} exists`);
      }
      const item = this.catalogued(entry, productType);
      const facts = {
        adamId,
        pricingParam,
        productType,
        deviceAssignable: item.deviceAssignable,
        revocable: entry.revocable ?? productType === 'App',
        supportedPlatforms: item.supportedPlatforms,
      };
      location.add(new Asset(facts, entry.total ?? 0, entry.unlimited ?? false));
    }
  }

  /** Apple says something else of an asset itself, e.g. that devices cannot have it any more. */
  setTraits(
    uId: string,
    traits: AssetRef & Partial<Pick<AssetFacts, 'deviceAssignable' | 'revocable'>>,
  ): void {
    const location = this.location(uId);
    const asset = this.owned(location, traits);
    const { deviceAssignable = asset.facts.deviceAssignable, revocable = asset.facts.revocable } = traits;
    asset.facts = { ...asset.facts, deviceAssignable, revocable };
    location.versions.assets.bump();
  }

  /** Changes the store's entry of an app, e.g. its version or whether it is still sold. */
  setContent(adamId: string, change: Partial<Omit<ContentItem, 'adamId' | 'productType'>>): void {
    const item = this.world.catalogue.find(adamId);
    if (item === undefined) throw new AdminError(`no content ${adamId}`, true);
    this.world.catalogue.put({ ...item, ...change });
  }

  /** Buys licences; announced by ASSET_COUNT. */
  purchase(uId: string, { count, ...ref }: LicenceCount): AssetCounts {
    const location = this.location(uId);
    const asset = this.limited(location, ref);
    this.changeTotal(location, asset, count);
    return this.counts(asset);
  }

  /**
   * Gives licences back to Apple; announced by ASSET_COUNT. They must be free unless `force`, which leaves the
   * total below what is assigned.
   */
  refund(uId: string, { count, force = false, ...ref }: LicenceCount & { force?: boolean }): AssetCounts {
    const location = this.location(uId);
    const asset = this.limited(location, ref);
    if (count > asset.total) throw new AdminError(`only ${asset.total} licences are owned`);
    if (!force && count > asset.available) throw new AdminError(`only ${asset.available} licences are free`);
    if (this.world.faults.refundRetires) asset.retired += count;
    this.changeTotal(location, asset, -count);
    return this.counts(asset);
  }

  /** Moves free licences to another location; announced by ASSET_COUNT to both. */
  transfer(uId: string, { count, to, ...ref }: LicenceCount & { to: string }): AssetCounts {
    const from = this.location(uId);
    const target = this.location(to);
    const asset = this.limited(from, ref);
    if (count > asset.available) throw new AdminError(`only ${asset.available} licences are free`);
    const received = target.asset(asset.name) ?? new Asset(asset.facts, 0, false);
    if (received.unlimited) throw new AdminError('the other location has the asset without limit');
    if (target.asset(asset.name) === undefined) target.add(received);
    this.changeTotal(from, asset, -count);
    this.changeTotal(target, received, count);
    return this.counts(asset);
  }

  /** Assigns without an event and without notifications, e.g. an initial state. Returns how many are new. */
  seedAssignments(uId: string, seed: SeededAssignments): number {
    const location = this.location(uId);
    const asset = this.owned(location, seed);
    const { prefix = 'SIMG', startAt = 1, count = 0 } = seed;
    const targets: Target[] = [
      ...(seed.serialNumbers ?? []).map(deviceTarget),
      ...(seed.clientUserIds ?? []).map((clientUserId) => userTarget(this.user(location, clientUserId))),
      ...Array.from({ length: count }, (_, index) =>
        deviceTarget(prefix + String(startAt + index).padStart(7, '0')),
      ),
    ];
    const missing = targets.filter((target) => !asset.isAssigned(target));
    if (missing.length > asset.available) throw new AdminError(`only ${asset.available} licences are free`);
    if (missing.length === 0) return 0;
    const before = asset.assigned;
    const change = location.changeAssignments();
    for (const target of missing) if (!asset.isAssigned(target)) asset.assign(target, change);
    return asset.assigned - before;
  }

  /** Assigns one pair behind the client's back. */
  addAssignment(uId: string, pair: PairRef): void {
    const location = this.location(uId);
    const asset = this.owned(location, pair);
    const target = this.target(location, pair);
    if (asset.isAssigned(target)) return;
    if (asset.available === 0) throw new AdminError(messageOf(9709));
    asset.assign(target, location.changeAssignments());
  }

  /** Removes one pair behind the client's back, even of an irrevocable asset. */
  removeAssignment(uId: string, pair: PairRef): void {
    const location = this.location(uId);
    if (!this.owned(location, pair).release(this.target(location, pair))) {
      throw new AdminError('the pair is not assigned', true);
    }
    location.changeAssignments();
  }

  /** Creates users without an event and without notifications. */
  seedUsers(uId: string, users: readonly SeededUser[]): void {
    const location = this.location(uId);
    for (const { clientUserId, email, managedAppleId, account, status } of users) {
      if (location.users.find(clientUserId) !== undefined)
        throw new AdminError(`user ${clientUserId} exists`);
      const user = location.users.create(clientUserId, email, this.world.ids.hex(32));
      if (managedAppleId !== undefined) location.users.linkManaged(user, managedAppleId);
      else if (account !== undefined) location.users.associate(user, account);
      else if (status === 'Associated')
        location.users.associate(user, `${clientUserId}@account.example.test`);
      if (status === 'Retired') location.users.retire(user);
    }
  }

  /** Another tool retires an active user; without an event and without notifications. */
  retireUser(uId: string, clientUserId: string): void {
    const location = this.location(uId);
    retire(this.world, location, this.user(location, clientUserId));
  }

  /** The person accepts the invite with an account; announced by USER_ASSOCIATED. */
  acceptInvite(uId: string, clientUserId: string, account: string): void {
    const location = this.location(uId);
    const user = this.user(location, clientUserId);
    if (user.status !== 'Registered') throw new AdminError(`user ${clientUserId} is ${user.status}`);
    location.users.associate(user, account);
    const associated = { ...userBody(user), inviteCode: user.inviteCode };
    void this.world.notifier.announce(location, [
      { type: 'USER_ASSOCIATED', body: () => ({ associatedUsers: [associated] }) },
    ]);
  }

  faults(): Faults {
    return structuredClone(this.world.faults);
  }

  /** Changes some switches; what the patch leaves out stays. */
  setFaults(patch: FaultsPatch): Faults {
    patchFaults(this.world.faults, patch);
    return this.faults();
  }

  /** All switches as at the start of this simulator. */
  resetFaults(): Faults {
    return this.setFaults(structuredClone(this.world.initialFaults));
  }

  /** Returns the rule's id. */
  addErrorRule(rule: ErrorRule): number {
    return this.world.errorRules.add(rule);
  }

  errorRules(): { ruleId: number; hits: number; rule: ErrorRule }[] {
    return this.world.errorRules.list();
  }

  /** Removes one rule, or all. */
  clearErrorRules(ruleId?: number): void {
    this.world.errorRules.clear(ruleId);
  }

  failPairs(rules: readonly FailPair[]): void {
    this.world.pairRules.add(rules);
  }

  failingPairs(): FailPair[] {
    return this.world.pairRules.list();
  }

  clearFailPairs(): void {
    this.world.pairRules.clear();
  }

  /** Events that fall due wait until `resumeEvents`. */
  pauseEvents(): void {
    this.world.events.pause();
  }

  resumeEvents(): void {
    this.world.events.resume();
  }

  /** Runs all pending events now, also those that would never complete. Returns how many. */
  async completeEvents(): Promise<number> {
    return this.world.events.completeAll();
  }

  stats(): Stats & { eventsPending: number } {
    return { ...this.world.traffic.stats(), eventsPending: this.world.events.pendingCount };
  }

  /** Resets the counters. */
  resetStats(): void {
    this.world.traffic.reset();
  }

  /** The answered requests numbered above `since`, at most the last `limit` (default 1,000). */
  requests(since = 0, limit = 1000): LoggedRequest[] {
    return this.world.traffic.requests(since, limit);
  }

  /** All pairs, by `adamId/pricingParam`: serial numbers in `assets`, client user ids in `users`. */
  assignments(uId: string): { assets: Record<string, string[]>; users: Record<string, string[]> } {
    const assets: Record<string, string[]> = {};
    const users: Record<string, string[]> = {};
    for (const [key, asset] of this.location(uId).assets) {
      const serialNumbers = asset.assignments.flatMap(({ serialNumber }) => serialNumber ?? []);
      const clientUserIds = asset.assignments.flatMap(({ user }) => user?.clientUserId ?? []);
      if (serialNumbers.length > 0) assets[key] = serialNumbers;
      if (clientUserIds.length > 0) users[key] = clientUserIds;
    }
    return { assets, users };
  }

  /**
   * Devices, by `adamId/pricingParam`, whose pair was last changed by an event that a later one had overtaken. Apple
   * promises no order, and no client can know how such a pair is without reading it.
   */
  overtaken(uId: string): Record<string, string[]> {
    const overtaken: Record<string, string[]> = {};
    for (const [key, asset] of this.location(uId).assets) {
      const serialNumbers = asset.overtaken.flatMap(({ serialNumber }) => serialNumber ?? []);
      if (serialNumbers.length > 0) overtaken[key] = serialNumbers;
    }
    return overtaken;
  }

  assets(uId: string): AssetCounts[] {
    return [...this.location(uId).assets.values()].map((asset) => this.counts(asset));
  }

  users(uId: string): Record<string, unknown>[] {
    return this.location(uId).users.all.map((user) => ({ ...userBody(user), inviteCode: user.inviteCode }));
  }

  private freeUId(): string {
    let last = 1;
    while (this.world.locations.has(String(7700000000000000 + last))) last += 1;
    return String(7700000000000000 + last);
  }

  private issue(
    uId: string,
    expires: number | string | undefined,
    readOnly: boolean,
    fileName: string,
    earlier?: string,
  ): IssuedToken {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(fileName)) throw new AdminError(`bad file name ${fileName}`);
    const expiresAt = expires === undefined ? this.world.clock.now() + yearMs : new Date(expires).getTime();
    if (Number.isNaN(expiresAt)) throw new AdminError('the expiry is not a date');
    const token =
      earlier === undefined
        ? this.world.tokens.issue(uId, this.location(uId).facts.name, expiresAt, readOnly)
        : this.world.tokens.adopt(uId, earlier, readOnly);
    if (token === undefined) throw new AdminError('the text is not a token');
    const { text } = token;
    return { uId, token: text, tokenFile: this.saveToken?.(`${fileName}.vpptoken`, text) ?? null };
  }

  /** The store's entry: what is there already, changed by what is given. */
  private catalogued(entry: NewAsset, productType: ProductType): ContentItem {
    const { adamId } = entry;
    const platforms: readonly Platform[] = ['iOS'];
    const item: ContentItem = {
      name: `App ${adamId}`,
      bundleId: `com.example.app${adamId}`,
      artistName: 'Example Widgets GmbH',
      genre: 'Business',
      version: '1.0.0',
      externalVersionId: 870000001,
      minimumOSVersion: '16.0',
      price: 0,
      size: 52428800,
      deviceAssignable: productType === 'App',
      availability: 'listed',
      storefronts: null,
      supportedPlatforms: platforms,
      ...this.world.catalogue.find(adamId),
      ...given(entry),
      adamId,
      productType,
    };
    this.world.catalogue.put(item);
    return item;
  }

  private location(uId: string): Location {
    const location = this.world.locations.get(uId);
    if (location === undefined) throw new AdminError(`no location ${uId}`, true);
    return location;
  }

  private owned(location: Location, { adamId, pricingParam = 'STDQ' }: AssetRef): Asset {
    const asset = location.assets.get(assetKey({ adamId, pricingParam }));
    if (asset === undefined) throw new AdminError(`no asset ${adamId}/${pricingParam}`, true);
    return asset;
  }

  private limited(location: Location, ref: AssetRef): Asset {
    const asset = this.owned(location, ref);
    if (asset.unlimited) throw new AdminError('the asset has no limit');
    return asset;
  }

  private user(location: Location, clientUserId: string): User {
    const user = location.users.find(clientUserId);
    if (user === undefined) throw new AdminError(`no active user ${clientUserId}`, true);
    return user;
  }

  private target(location: Location, { serialNumber, clientUserId }: PairRef): Target {
    if (serialNumber !== undefined && clientUserId === undefined) return deviceTarget(serialNumber);
    if (clientUserId !== undefined && serialNumber === undefined) {
      return userTarget(this.user(location, clientUserId));
    }
    throw new AdminError('give either serialNumber or clientUserId');
  }

  private changeTotal(location: Location, asset: Asset, countDelta: number): void {
    asset.total += countDelta;
    location.versions.assets.bump();
    void this.world.notifier.announce(location, [
      { type: 'ASSET_COUNT', body: () => ({ ...asset.name, countDelta }) },
    ]);
  }

  private counts(asset: Asset): AssetCounts {
    return {
      adamId: asset.facts.adamId,
      pricingParam: asset.facts.pricingParam,
      name: this.world.catalogue.find(asset.facts.adamId)?.name ?? null,
      total: asset.total,
      assigned: asset.assigned,
      available: asset.available,
      retired: asset.retired,
      unlimited: asset.unlimited,
    };
  }
}

/** The content members of a new asset that have a value. */
function given(entry: NewAsset): Partial<ContentItem> {
  const { adamId, pricingParam, productType, revocable, total, unlimited, ...content } = entry;
  // The members named here describe the licence, not the store's entry.
  void [adamId, pricingParam, productType, revocable, total, unlimited];
  return Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined));
}
