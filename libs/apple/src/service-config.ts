import { documentedLimits, documentedRequestsPerSecond } from './documented-limits.js';
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Instant, Milliseconds } from '@seatbook/kernel';
import type { AppleLimits } from '@seatbook/licensing';
import { configuredUrl, type Endpoint, isTrusted, serviceConfigUrl } from './apple-urls.js';
import { integerOf, objectOf, parsedObject, textOf, type JsonObject } from './json-shape.js';
import type { AppleLog } from './log.js';
import { headerOf } from './reply.js';
import { retryAfterMs } from './retry-after.js';
import type { AppleSettings } from './settings.js';
import { isTransportError, type Transport } from './transport.js';

/** What service/config says, as far as we use it. */
export interface ServiceConfig {
  readonly limits: AppleLimits;
  /** Requests per second of one location. */
  readonly maxRequestPerSecond: number;
  /** Addresses that differ from the configured ones. */
  readonly urls: ReadonlyMap<Endpoint, string>;
}

/** Apple's documented figures. */
export const documentedConfig: ServiceConfig = {
  limits: documentedLimits,
  maxRequestPerSecond: documentedRequestsPerSecond,
  urls: new Map(),
};

const endpoints: readonly Endpoint[] = [
  'clientConfig',
  'getAssets',
  'getAssignments',
  'getUsers',
  'associateAssets',
  'disassociateAssets',
  'createUsers',
  'updateUsers',
  'retireUsers',
  'eventStatus',
  'contentMetadataLookup',
];

export interface ServiceConfigOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly settings: AppleSettings;
  readonly log: AppleLog;
}

/**
 * Apple's current limits and addresses. Apple's rule: they may change without notice and should be read every five
 * minutes; reading them needs no token. Read on first use, once for all concurrent callers; while that fails, the
 * last ones read apply, or the documented ones.
 */
export class ServiceConfigReader {
  #latest: ServiceConfig = documentedConfig;
  #readAt: Instant | null = null;
  /** Not read again before this moment. */
  #quietUntil: Instant | null = null;
  #reading: Promise<void> | null = null;
  /** When Apple was last asked because of a doubt that changed nothing, by elapsed time. */
  #doubtedAt: Milliseconds | null = null;
  /** Counts the readings that came out differently. */
  #version = 0;

  constructor(private readonly options: ServiceConfigOptions) {}

  /** Never rejects, and takes no longer than the time-out of one request. */
  async current(): Promise<ServiceConfig> {
    if (!this.#isFresh()) {
      this.#reading ??= this.#read().finally(() => (this.#reading = null));
      await this.#reading;
    }
    return this.#latest;
  }

  /** What is in force, to be handed back to `doubt`. */
  get version(): number {
    return this.#version;
  }

  /**
   * Apple refused what this version allows, so it is read at once. Refusals of older versions are no news, and where
   * Apple still says the same, the next doubt has to wait.
   */
  doubt(version: number): void {
    const { clock, settings } = this.options;
    if (version !== this.#version || this.#reading) return;
    if (this.#doubtedAt !== null && clock.elapsed() - this.#doubtedAt < settings.serviceConfigRetryMs) return;
    this.#doubtedAt = clock.elapsed();
    this.#readAt = null;
    void this.current();
  }

  /** As last read, without asking. */
  get latest(): ServiceConfig {
    return this.#latest;
  }

  #isFresh(): boolean {
    const now = this.options.clock.now();
    const { serviceConfigFreshMs, maxRetryAfterMs } = this.options.settings;
    const age = this.#readAt === null ? null : now - this.#readAt;
    if (age !== null && age >= 0 && age < serviceConfigFreshMs) return true;
    // Further away than it can have been set: the clock was set back.
    const quiet = this.#quietUntil === null ? 0 : this.#quietUntil - now;
    return quiet > 0 && quiet <= maxRetryAfterMs;
  }

  async #read(): Promise<void> {
    const { transport, clock, settings, log } = this.options;
    let problem: string;
    let wait = settings.serviceConfigRetryMs;
    try {
      const reply = await transport({
        method: 'GET',
        url: serviceConfigUrl(settings),
        headers: { accept: 'application/json' },
        timeoutMs: settings.serviceConfigTimeoutMs,
      });
      const body = reply.status >= 200 && reply.status < 300 ? parsedObject(reply.body) : null;
      const limits = objectOf(body?.['limits']);
      if (body && limits && body['errorNumber'] === undefined) {
        const latest = this.#understood(body, limits);
        if (!isDeepStrictEqual(latest, this.#latest)) {
          this.#version += 1;
          this.#doubtedAt = null;
        }
        this.#latest = latest;
        this.#readAt = clock.now();
        this.#quietUntil = null;
        return;
      }
      const asked = retryAfterMs(headerOf(reply, 'retry-after'), clock.now(), settings.maxRetryAfterMs);
      wait = Math.max(wait, asked ?? 0);
      problem = `an answer that cannot be used (HTTP ${reply.status})`;
    } catch (error) {
      problem = isTransportError(error) ? error.message : 'the connection failed';
    }
    this.#quietUntil = clock.now() + wait;
    log({ level: 'warn', message: 'service/config cannot be read; the last known limits apply', problem });
  }

  #understood(body: JsonObject, limits: JsonObject): ServiceConfig {
    const figure = (name: string, documented: number): number => {
      const value = integerOf(limits[name]);
      return value !== null && value > 0 ? value : documented;
    };
    const documented = documentedConfig.limits;
    return {
      limits: {
        maxAssets: figure('maxAssets', documented.maxAssets),
        maxSerialNumbers: figure('maxSerialNumbers', documented.maxSerialNumbers),
        maxClientUserIds: figure('maxClientUserIds', documented.maxClientUserIds),
        maxUsers: figure('maxUsers', documented.maxUsers),
      },
      maxRequestPerSecond: figure('maxRequestPerSecond', documentedConfig.maxRequestPerSecond),
      urls: this.#trustedUrls(objectOf(body['urls']) ?? {}),
    };
  }

  #trustedUrls(named: JsonObject): ReadonlyMap<Endpoint, string> {
    const { settings, log } = this.options;
    const urls = new Map<Endpoint, string>();
    for (const endpoint of endpoints) {
      const url = textOf(named[endpoint]);
      if (url === null || url === configuredUrl(endpoint, settings)) continue;
      if (isTrusted(url, settings)) urls.set(endpoint, url);
      else
        log({
          level: 'warn',
          message: 'service/config names an address that is not trusted; the configured one is used',
          endpoint,
        });
    }
    return urls;
  }
}
