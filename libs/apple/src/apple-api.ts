import { type Clock, type Random, systemClock } from '@seatbook/kernel';
import type {
  AppleAccess,
  AppleApi,
  AppleFailure,
  AppleResult,
  ClientConfig,
  ContentMetadata,
  ManageAssets,
} from '@seatbook/licensing';
import type { Endpoint } from './apple-urls.js';
import { assetList } from './assets.js';
import { assignmentList } from './assignments.js';
import { Caller, type LocationRefusal, type PacingReport } from './caller.js';
import { clientConfigOf } from './client-config.js';
import { lookedUp, lookupQuery } from './content-metadata.js';
import { eventStatusOf } from './event-status.js';
import { type JsonObject, textOf } from './json-shape.js';
import type { AppleLog } from './log.js';
import { readList } from './paged-list.js';
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
}

/** The port, and what the runtime needs besides. An `uId` of '' examines a token whose location is not known yet. */
export interface AppleClient extends AppleApi {
  /**
   * Called when Apple refuses a location's token, or names another MDM, for the first time. From then on nothing is
   * sent for that token (for a read-only one: no writes) or that location, what waits in the pacer included; only
   * `clientConfig` and `own` still are. Returns the way to stop it.
   */
  onTokenRefused(listener: (uId: string, refusal: LocationRefusal) => void): () => void;
  /** Forgets what Apple refused for a location: to be called when its account is usable again. */
  reopen(uId: string): void;
  /** How the pacing stands, for metrics and health. */
  pacing(): PacingReport;
  /** Turns away what waits and gives up reads; writes on their way are still answered. */
  close(): Promise<void>;
}

/** Makes a client of Apple's Apps and Books API, with its own pacing: one per process. */
export function createAppleApi(options: AppleClientOptions = {}): AppleClient {
  const clock = options.clock ?? systemClock;
  const settings: AppleSettings = { ...defaultAppleSettings, ...options.settings };
  let transport = options.transport;
  let closeTransport = async (): Promise<void> => undefined;
  if (!transport) {
    const own = undiciTransport();
    transport = own;
    closeTransport = () => own.close();
  }
  const caller = new Caller({
    transport,
    clock,
    random: options.random ?? Math.random,
    settings,
    log: options.log ?? (() => undefined),
  });
  const lists = { caller, clock, settings };

  const configOf = (
    answer: AppleResult<JsonObject>,
    uId: string,
    write: boolean,
  ): AppleResult<ClientConfig> =>
    understood(answer, (body) => clientConfigOf(body, uId), 'client/config names no location', write);

  const manage = async (
    endpoint: Endpoint,
    access: AppleAccess,
    request: ManageAssets,
  ): Promise<AppleResult<{ eventId: string }>> => {
    const answer = await caller.call(access, { endpoint, lane: 'write', body: manageBody(request) });
    return understood(
      answer,
      (body) => {
        const eventId = textOf(body['eventId']);
        return eventId === null ? null : { eventId };
      },
      'the answer names no event',
      true,
    );
  };

  return {
    limits: async () => (await caller.config.current()).limits,

    async clientConfig(access) {
      const answer = await caller.call(access, {
        endpoint: 'clientConfig',
        lane: 'read',
        insistence: 'check',
        namesOwner: true,
      });
      if (answer.ok) caller.accept(access);
      return configOf(answer, access.uId, false);
    },

    async own(access, mdmInfo) {
      const { id, name, metadata } = mdmInfo;
      const answer = await caller.call(
        { ...access, mdmId: id },
        {
          endpoint: 'clientConfig',
          lane: 'write',
          body: { mdmInfo: { id, name, metadata } },
          insistence: 'own',
          namesOwner: true,
        },
      );
      if (answer.ok) {
        caller.accept(access);
        caller.endConflict(access.uId);
      }
      return configOf(answer, access.uId, true);
    },

    async subscribe(access, url, secret) {
      const answer = await caller.call(access, {
        endpoint: 'clientConfig',
        lane: 'write',
        body: {
          notificationUrl: url,
          notificationAuthToken: secret,
          notificationTypes: settings.notificationTypes,
        },
        namesOwner: true,
        secrets: [secret],
      });
      return configOf(answer, access.uId, true);
    },

    assets: (access) => readList(lists, access, assetList),

    async asset(access, { adamId, pricingParam }) {
      const walk = await readList(lists, access, assetList, { adamId, pricingParam });
      if (!walk.ok) return walk;
      // Filters are a wish; what is not asked for is not taken for it.
      const found = walk.value.records.find(
        (asset) => asset.adamId === adamId && asset.pricingParam === pricingParam,
      );
      return { ok: true, value: found ?? null };
    },

    async assignments(access, { adamId, pricingParam }, serialNumber) {
      const one: Record<string, string> = serialNumber === undefined ? {} : { serialNumber };
      const walk = await readList(lists, access, assignmentList, { adamId, pricingParam, ...one });
      if (!walk.ok) return walk;
      const records = walk.value.records.filter(
        (record) =>
          record.adamId === adamId &&
          record.pricingParam === pricingParam &&
          (serialNumber === undefined || record.serialNumber === serialNumber),
      );
      return { ok: true, value: { ...walk.value, records } };
    },

    users: (access) => readList(lists, access, userList),

    associate: (access, request) => manage('associateAssets', access, request),
    disassociate: (access, request) => manage('disassociateAssets', access, request),

    async status(access, eventId) {
      const answer = await caller.call(access, { endpoint: 'eventStatus', lane: 'read', query: { eventId } });
      return understood(answer, eventStatusOf, 'the status cannot be understood', false);
    },

    async contentMetadata(access, adamIds, storefront) {
      const asked = [...new Set(adamIds)];
      const found: ContentMetadata[] = [];
      for (let from = 0; from < asked.length; from += settings.contentBatch) {
        const batch = asked.slice(from, from + settings.contentBatch);
        const answer = await caller.call(access, {
          endpoint: 'contentMetadataLookup',
          lane: 'read',
          query: lookupQuery(batch, storefront),
        });
        const content = understood(
          answer,
          (body) => lookedUp(body, batch),
          'the lookup names no results',
          false,
        );
        if (!content.ok) return content;
        found.push(...content.value);
      }
      return { ok: true, value: found };
    },

    onTokenRefused: (listener) => caller.onTokenRefused(listener),
    reopen: (uId) => caller.reopen(uId),
    pacing: () => caller.pacing(),
    async close() {
      caller.close();
      await closeTransport();
    },
  };
}

/** Apple's rule: empty members are left out, and one of both lists of holders must be there. */
const manageBody = ({ assets, serialNumbers, clientUserIds }: ManageAssets): JsonObject => ({
  assets: assets.map(({ adamId, pricingParam }) => ({ adamId, pricingParam })),
  ...(serialNumbers.length > 0 ? { serialNumbers } : {}),
  ...(clientUserIds.length > 0 ? { clientUserIds } : {}),
});

/** A success that cannot be understood may pass; a write that was answered with one may have been done. */
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
