import type { Milliseconds } from '@seatbook/kernel';

/** Addresses, timings and maxima of the client. All have defaults: {@link defaultAppleSettings}. */
export interface AppleSettings {
  /** Of the v2 API, without a slash at the end. */
  readonly baseUrl: string;
  /** Of the content metadata lookup, while service/config names none that is trusted. */
  readonly contentMetadataUrl: string;
  /** service/config may send us to subdomains of these, over https. The origins of both URLs are always allowed. */
  readonly trustedDomains: readonly string[];

  /** Lowers what service/config allows per location and second; null: as much as Apple allows. */
  readonly maxRequestsPerSecond: number | null;
  /** The length of "a second". A little more than one, because requests may bunch up on the network. */
  readonly windowMs: Milliseconds;
  /** Concurrent page requests per location. Apple's rule: at most 5. */
  readonly maxParallelPages: number;
  /** Writes in flight per location, and as many reads. */
  readonly maxInFlight: number;
  /** Requests that may wait per location; one more is rejected. */
  readonly maxQueued: number;
  /** How long a request may wait for its turn; a page waits up to the end of its walk. */
  readonly maxQueueMs: Milliseconds;

  readonly readTimeoutMs: Milliseconds;
  readonly writeTimeoutMs: Milliseconds;

  /** Apple's rule: limits and addresses should be read every five minutes. */
  readonly serviceConfigFreshMs: Milliseconds;
  /** After a failure it is not read again for this long. */
  readonly serviceConfigRetryMs: Milliseconds;
  readonly serviceConfigTimeoutMs: Milliseconds;

  /** Retries of a page that failed transiently. */
  readonly pageRetries: number;
  /** Upper end of the pause before the first retry; doubles with each. */
  readonly pageBackoffMs: Milliseconds;
  /** A walk that takes longer fails. */
  readonly walkMs: Milliseconds;
  readonly maxPages: number;

  /** The first pause of all locations after 9646; doubles up to the cap. Equal jitter: half of it is random. */
  readonly organisationBackoffMs: Milliseconds;
  readonly organisationBackoffCapMs: Milliseconds;
  /** A longer `Retry-After` is considered a mistake and cut to this. */
  readonly maxRetryAfterMs: Milliseconds;

  /** Items of one content metadata lookup. */
  readonly contentBatch: number;
  /** All notification types that `subscribe` asks for. */
  readonly notificationTypes: readonly string[];
}

/** Apple's documented addresses and figures, and our own maxima. */
export const defaultAppleSettings: AppleSettings = {
  baseUrl: 'https://vpp.itunes.apple.com/mdm/v2',
  contentMetadataUrl: 'https://uclient-api.itunes.apple.com/WebObjects/MZStorePlatform.woa/wa/lookup',
  trustedDomains: ['apple.com'],
  maxRequestsPerSecond: null,
  windowMs: 1_050,
  maxParallelPages: 5,
  maxInFlight: 16,
  maxQueued: 1_000,
  maxQueueMs: 30_000,
  readTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  serviceConfigFreshMs: 300_000,
  serviceConfigRetryMs: 30_000,
  serviceConfigTimeoutMs: 5_000,
  pageRetries: 3,
  pageBackoffMs: 500,
  walkMs: 600_000,
  maxPages: 20_000,
  organisationBackoffMs: 5_000,
  organisationBackoffCapMs: 300_000,
  maxRetryAfterMs: 24 * 3_600_000,
  contentBatch: 50,
  notificationTypes: ['ASSET_MANAGEMENT', 'ASSET_COUNT', 'USER_MANAGEMENT', 'USER_ASSOCIATED'],
};
