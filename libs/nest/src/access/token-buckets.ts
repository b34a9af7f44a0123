import type { Milliseconds } from '@seatbook/kernel';

/** Buckets that are remembered. The least recently used one is forgotten first, as if it were full. */
const MAX_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  at: Milliseconds;
}

export interface BucketLimits {
  /** Tokens that come back. */
  readonly perSecond: number;
  /** Tokens of a full bucket: how many may be taken at once. */
  readonly burst: number;
}

/** A bucket of tokens for each name, refilled evenly. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();

  constructor(
    private readonly limits: BucketLimits,
    private readonly elapsed: () => Milliseconds,
  ) {}

  /** Takes a token. Answers 0, or where there is none after how many seconds there will be one. */
  take(name: string): number {
    const { perSecond, burst } = this.limits;
    const now = this.elapsed();
    const { tokens, at } = this.#buckets.get(name) ?? { tokens: burst, at: now };
    const refilled = Math.min(burst, tokens + ((now - at) / 1_000) * perSecond);
    const taken = refilled >= 1;
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens: taken ? refilled - 1 : refilled, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
    return taken ? 0 : (1 - refilled) / perSecond;
  }
}
