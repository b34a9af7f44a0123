import { Refusal, systemClock, type Milliseconds } from '@seatbook/kernel';
import type { HttpRequest } from '../http/exchange.js';
import { TokenBuckets } from './token-buckets.js';

export interface ThrottleLimits {
  /** Requests of one key, and of one address without a key, on average. */
  readonly requestsPerSecond: number;
  /** Wrong or missing keys of one address. */
  readonly failuresPerMinute: number;
}

/** So many seconds' requests may come at once. */
const BURST_SECONDS = 4;

/** Bounds what one key and one address may ask for. A right key is never refused for the wrong ones of its address. */
export class Throttle {
  readonly #requests: TokenBuckets;
  readonly #failures: TokenBuckets;

  constructor(
    { requestsPerSecond, failuresPerMinute }: ThrottleLimits,
    elapsed: () => Milliseconds = () => systemClock.elapsed(),
  ) {
    const burst = requestsPerSecond * BURST_SECONDS;
    this.#requests = new TokenBuckets({ perSecond: requestsPerSecond, burst }, elapsed);
    const perSecond = failuresPerMinute / 60;
    this.#failures = new TokenBuckets({ perSecond, burst: failuresPerMinute }, elapsed);
  }

  /** A request with a right key, or with the right secret of an account. @throws Refusal THROTTLED */
  ofKey(key: string): void {
    this.#take(this.#requests, `key ${key}`, 'this key sends more requests than one key may');
  }

  /** A request that needs no key. @throws Refusal THROTTLED */
  ofAddress({ ip }: HttpRequest): void {
    this.#take(this.#requests, `address ${ip}`, 'this address sends more requests without a key than it may');
  }

  /** A request without the right key. @throws Refusal THROTTLED when there were too many */
  ofStranger({ ip }: HttpRequest): void {
    this.#take(this.#failures, ip, 'this address has sent too many requests without the right key');
  }

  #take(buckets: TokenBuckets, name: string, message: string): void {
    const seconds = buckets.take(name);
    if (seconds > 0) throw new Refusal('THROTTLED', message, {}, Math.max(1, Math.ceil(seconds)));
  }
}
