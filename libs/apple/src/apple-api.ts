import { type Clock, type Random, systemClock } from '@seatbook/kernel';
import type {
  AccountRefusal,
  AppleAccess,
  AppleApi,
  AppleAssignment,
  AppleAsset,
  AppleFailure,
  AppleHolder,
  AppleLimits,
  AppleResult,
  AppleStatus,
  AppleUser,
  AssetId,
  ClientConfig,
  ContentMetadata,
  ManageAssets,
  NewUser,
  MdmInfo,
  Walk,
} from '@seatbook/licensing';
import type { Endpoint } from './apple-urls.js';
import { assetList } from './assets.js';
import { assignmentList } from './assignments.js';
import { Caller, type LocationPace, type MayStart, type PacingReport } from './caller.js';
import { clientConfigOf } from './client-config.js';
import { lookedUp, lookupQuery } from './content-metadata.js';
import { eventStatusOf } from './event-status.js';
import { type JsonObject, textOf } from './json-shape.js';
import type { AppleLog } from './log.js';
import { type PagedListOptions, readList } from './paged-list.js';
import { type AppleSettings, defaultAppleSettings } from './settings.js';
import { transientFailure } from './transient-failure.js';
import type { Transport } from './transport.js';
import { undiciTransport } from './undici-transport.js';
import { userList } from './users.js';

export interface AppleClientOptions {
  /** Default: real HTTP. */
  readonly transport?: Transport;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly settings?: Partial<AppleSettings>;
  readonly log?: AppleLog;
  /**
   * Whether a request may start now; asked when its turn has come, since the work of a location may have become another
   * process's while it waited. What may not start fails, and nothing was done. All may when absent.
   */
  readonly mayStart?: MayStart;
}

/** The port, and what its owner needs in addition. A `uId` of '' checks a token whose location is not known yet. */
export interface AppleClient extends AppleApi {
  /**
   * Called when Apple refuses a location's token, or names another MDM, for the first time. From then on nothing is
   * sent for that token (for a read-only one: no writes) or that location, including what waits in the pacer; only
   * `clientConfig` and `own` still are. Returns an unsubscribe function.
   */
  onRefused(listener: (uId: string, refusal: AccountRefusal) => void): () => void;
  /** Forgets what Apple refused for a location. Call it when the account is usable again. */
  reopen(uId: string): void;
  /** This process works for a location from now on. Its requests and those of the process before keep one rate. */
  tookOver(uId: string): void;
  /** State of the pacing, for metrics and health. */
  pacing(): PacingReport;
  /** Of the locations where requests are on their way, wait or are held. */
  paces(): readonly LocationPace[];
  /** Rejects what waits and aborts reads; writes in flight are still answered. */
  close(): Promise<void>;
}

/** Makes a client of Apple's Apps and Books API, with its own pacing: one per process. */
export function createAppleApi(options: AppleClientOptions = {}): AppleClient {
  const { clock = systemClock, random = Math.random, log = () => undefined, mayStart = () => true } = options;
  const settings: AppleSettings = { ...defaultAppleSettings, ...options.settings };
  if (options.transport) {
    const caller = new Caller({ transport: options.transport, mayStart, clock, random, settings, log });
    return new PacedClient({ caller, clock, settings, pageSizes: new Map() }, async () => undefined);
  }
  const connections = undiciTransport();
  const caller = new Caller({ transport: connections, mayStart, clock, random, settings, log });
  return new PacedClient({ caller, clock, settings, pageSizes: new Map() }, () => connections.close());
}

class PacedClient implements AppleClient {
  readonly #caller: Caller;
  readonly #settings: AppleSettings;

  constructor(
    private readonly lists: PagedListOptions,
    private readonly closeConnections: () => Promise<void>,
  ) {
    this.#caller = lists.caller;
    this.#settings = lists.settings;
  }

  async limits(): Promise<AppleLimits> {
    return (await this.#caller.config.current()).limits;
  }

  async clientConfig(access: AppleAccess): Promise<AppleResult<ClientConfig>> {
    const answer = await this.#caller.call(access, {
      endpoint: 'clientConfig',
      lane: 'read',
      insistence: 'check',
      namesOwner: true,
    });
    if (answer.ok) this.#caller.accept(access, 'read');
    return configOf(answer, access.uId, false);
  }

  own(access: AppleAccess, mdmInfo: MdmInfo): Promise<AppleResult<ClientConfig>> {
    return this.#mark(access, mdmInfo, {});
  }

  release(access: AppleAccess, marker: MdmInfo): Promise<AppleResult<ClientConfig>> {
    return this.#mark(access, marker, { notificationTypes: [] });
  }

  async #mark(
    access: AppleAccess,
    { id, name, metadata }: MdmInfo,
    more: JsonObject,
  ): Promise<AppleResult<ClientConfig>> {
    const answer = await this.#caller.call(
      { ...access, mdmId: id },
      {
        endpoint: 'clientConfig',
        lane: 'write',
        body: { mdmInfo: { id, name, metadata }, ...more },
        insistence: 'own',
        namesOwner: true,
      },
    );
    if (answer.ok) {
      this.#caller.accept(access, 'write');
      this.#caller.endConflict(access.uId);
    }
    return configOf(answer, access.uId, true);
  }

  async subscribe(access: AppleAccess, url: string, secret: string): Promise<AppleResult<ClientConfig>> {
    const answer = await this.#caller.call(access, {
      endpoint: 'clientConfig',
      lane: 'write',
      body: {
        notificationUrl: url,
        notificationAuthToken: secret,
        notificationTypes: this.#settings.notificationTypes,
      },
      namesOwner: true,
      secrets: [secret],
    });
    return configOf(answer, access.uId, true);
  }

  assets(access: AppleAccess): Promise<AppleResult<Walk<AppleAsset>>> {
    return readList(this.lists, access, assetList);
  }

  async asset(
    access: AppleAccess,
    { adamId, pricingParam }: AssetId,
  ): Promise<AppleResult<AppleAsset | null>> {
    const walk = await readList(this.lists, access, assetList, { adamId, pricingParam });
    if (!walk.ok) return walk;
    // Apple may ignore a filter, so records that do not match it are dropped here.
    const found = walk.value.records.find(
      (asset) => asset.adamId === adamId && asset.pricingParam === pricingParam,
    );
    return { ok: true, value: found ?? null };
  }

  async assignments(
    access: AppleAccess,
    asset: AssetId,
    { serialNumber, about = 0 }: { readonly serialNumber?: string; readonly about?: number } = {},
  ): Promise<AppleResult<Walk<AppleAssignment>>> {
    return this.#assignments(access, asset, serialNumber === undefined ? {} : { serialNumber }, about);
  }

  async holds(access: AppleAccess, asset: AssetId, holder: AppleHolder): Promise<AppleResult<boolean>> {
    const walk = await this.#assignments(access, asset, holder);
    return walk.ok ? { ok: true, value: walk.value.records.length > 0 } : walk;
  }

  assignmentsSince(
    access: AppleAccess,
    asset: AssetId | null,
    versionId: string,
  ): Promise<AppleResult<Walk<AppleAssignment>>> {
    return this.#assignments(access, asset, { sinceVersionId: versionId });
  }

  async #assignments(
    access: AppleAccess,
    asset: AssetId | null,
    filter: AssignmentFilter,
    about = 0,
  ): Promise<AppleResult<Walk<AppleAssignment>>> {
    const { serialNumber, clientUserId } = filter;
    const named = asset && { adamId: asset.adamId, pricingParam: asset.pricingParam };
    const walk = await readList(this.lists, access, assignmentList, { ...named, ...filter }, about);
    if (!walk.ok) return walk;
    // Apple may ignore a filter, so records that do not match it are dropped here.
    const records = walk.value.records.filter(
      (record) =>
        (named === null || (record.adamId === named.adamId && record.pricingParam === named.pricingParam)) &&
        (serialNumber === undefined || record.serialNumber === serialNumber) &&
        (clientUserId === undefined || record.clientUserId === clientUserId),
    );
    return { ok: true, value: { ...walk.value, records } };
  }

  users(access: AppleAccess, since?: string): Promise<AppleResult<Walk<AppleUser>>> {
    return readList(this.lists, access, userList, since === undefined ? {} : { sinceVersionId: since });
  }

  associate(access: AppleAccess, request: ManageAssets): Promise<AppleResult<{ eventId: string }>> {
    return this.#write('associateAssets', access, manageBody(request));
  }

  disassociate(access: AppleAccess, request: ManageAssets): Promise<AppleResult<{ eventId: string }>> {
    return this.#write('disassociateAssets', access, manageBody(request));
  }

  createUsers(access: AppleAccess, users: readonly NewUser[]): Promise<AppleResult<{ eventId: string }>> {
    return this.#write('createUsers', access, { users: users.map(newUserBody) });
  }

  updateUsers(access: AppleAccess, users: readonly NewUser[]): Promise<AppleResult<{ eventId: string }>> {
    return this.#write('updateUsers', access, { users: users.map(newUserBody) });
  }

  retireUsers(
    access: AppleAccess,
    clientUserIds: readonly string[],
  ): Promise<AppleResult<{ eventId: string }>> {
    const users = clientUserIds.map((clientUserId) => ({ clientUserId }));
    return this.#write('retireUsers', access, { users });
  }

  async status(access: AppleAccess, eventId: string): Promise<AppleResult<AppleStatus>> {
    const answer = await this.#caller.call(access, {
      endpoint: 'eventStatus',
      lane: 'read',
      query: { eventId },
    });
    return understood(answer, eventStatusOf, 'the status cannot be parsed', false);
  }

  async contentMetadata(
    access: AppleAccess,
    adamIds: readonly string[],
    storefront: { readonly countryCode: string; readonly platform: string },
  ): Promise<AppleResult<readonly ContentMetadata[]>> {
    const { contentBatch } = this.#settings;
    const asked = [...new Set(adamIds)];
    const found: ContentMetadata[] = [];
    for (let from = 0; from < asked.length; from += contentBatch) {
      const batch = asked.slice(from, from + contentBatch);
      const answer = await this.#caller.call(access, {
        endpoint: 'contentMetadataLookup',
        lane: 'read',
        query: lookupQuery(batch, storefront),
      });
      const decode = (body: JsonObject): readonly ContentMetadata[] | null => lookedUp(body, batch);
      const content = understood(answer, decode, 'the lookup names no results', false);
      if (!content.ok) return content;
      found.push(...content.value);
    }
    return { ok: true, value: found };
  }

  onRefused(listener: (uId: string, refusal: AccountRefusal) => void): () => void {
    return this.#caller.onRefused(listener);
  }

  reopen(uId: string): void {
    this.#caller.reopen(uId);
  }

  tookOver(uId: string): void {
    this.#caller.tookOver(uId);
  }

  pacing(): PacingReport {
    return this.#caller.pacing();
  }

  paces(): readonly LocationPace[] {
    return this.#caller.paces();
  }

  async close(): Promise<void> {
    this.#caller.close();
    await this.closeConnections();
  }

  async #write(
    endpoint: Endpoint,
    access: AppleAccess,
    body: JsonObject,
  ): Promise<AppleResult<{ eventId: string }>> {
    const answer = await this.#caller.call(access, { endpoint, lane: 'write', body });
    const decode = (said: JsonObject): { eventId: string } | null => {
      const eventId = textOf(said['eventId']);
      return eventId === null ? null : { eventId };
    };
    return understood(answer, decode, 'the answer names no event', true);
  }
}

type AssignmentFilter = Readonly<Partial<Record<'serialNumber' | 'clientUserId' | 'sinceVersionId', string>>>;

const configOf = (answer: AppleResult<JsonObject>, uId: string, write: boolean): AppleResult<ClientConfig> =>
  understood(answer, (body) => clientConfigOf(body, uId), 'client/config names no location', write);

/** What is not known of a person is left out. */
const newUserBody = ({ clientUserId, email, managedAppleId }: NewUser): JsonObject => ({
  clientUserId,
  ...(email === null ? {} : { email }),
  ...(managedAppleId === null ? {} : { managedAppleId }),
});

/** Apple's rule: empty members are left out, and one of both lists of holders must be there. */
const manageBody = ({ assets, serialNumbers, clientUserIds }: ManageAssets): JsonObject => ({
  assets: assets.map(({ adamId, pricingParam }) => ({ adamId, pricingParam })),
  ...(serialNumbers.length > 0 ? { serialNumbers } : {}),
  ...(clientUserIds.length > 0 ? { clientUserIds } : {}),
});

/** A success that cannot be parsed is transient; a write that was answered with one may have been done. */
function understood<T>(
  answer: AppleResult<JsonObject>,
  decode: (body: JsonObject) => T | null,
  problem: string,
  write: boolean,
): AppleResult<T> {
  if (!answer.ok) return answer;
  const value = decode(answer.value);
  if (value !== null) return { ok: true, value };
  const failure: AppleFailure = transientFailure(problem, { doubtful: write });
  return { ok: false, failure };
}
