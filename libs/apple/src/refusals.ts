import type { AppleFailure } from '@seatbook/licensing';
import { notSent } from './transient-failure.js';

type TokenFailure = Extract<AppleFailure, { kind: 'token' }>;
type ConflictFailure = Extract<AppleFailure, { kind: 'conflict' }>;

/** A request that is about to be sent. */
export interface Asking {
  readonly uId: string;
  /** Fingerprint of the token. */
  readonly fingerprint: string;
  readonly write: boolean;
  /** Whether the location must be ours. */
  readonly owned: boolean;
}

/** Refused tokens remembered per location; older ones are no longer in use. */
const maxTokens = 8;

/**
 * What Apple refused, so that it is not asked again: tokens by their fingerprint, and locations that another MDM
 * manages. Kept in memory only; the account's stream is the durable record.
 */
export class Refusals {
  readonly #tokens = new Map<string, Map<string, TokenFailure>>();
  readonly #conflicts = new Map<string, ConflictFailure>();
  readonly #eras = new Map<string, number>();

  /** Grows whenever the location becomes ours or usable again: answers to older requests are out of date then. */
  era(uId: string): number {
    return this.#eras.get(uId) ?? 0;
  }

  /** True if this was not known. */
  refuseToken(uId: string, fingerprint: string, failure: TokenFailure): boolean {
    const tokens = this.#tokens.get(uId) ?? new Map<string, TokenFailure>();
    this.#tokens.set(uId, tokens);
    const known = tokens.get(fingerprint)?.state === failure.state;
    tokens.delete(fingerprint);
    tokens.set(fingerprint, failure);
    const [oldest] = tokens.keys();
    if (tokens.size > maxTokens && oldest !== undefined) tokens.delete(oldest);
    return !known;
  }

  /** True if this was not known. */
  refuseLocation(uId: string, failure: ConflictFailure): boolean {
    const known = this.#conflicts.has(uId);
    this.#conflicts.set(uId, failure);
    return !known;
  }

  /** The token was accepted after all. A read does not show that it may write. */
  acceptToken(uId: string, fingerprint: string, write: boolean): void {
    const tokens = this.#tokens.get(uId);
    if (write || tokens?.get(fingerprint)?.state !== 'read-only') tokens?.delete(fingerprint);
  }

  /** The location is ours. */
  endConflict(uId: string): void {
    this.#conflicts.delete(uId);
    this.#eras.set(uId, this.era(uId) + 1);
  }

  /** Forgets everything about a location. */
  reopen(uId: string): void {
    this.#tokens.delete(uId);
    this.endConflict(uId);
  }

  /** The failure to answer with instead of sending. */
  refusalOf({ uId, fingerprint, write, owned }: Asking): AppleFailure | null {
    const token = this.#tokens.get(uId)?.get(fingerprint);
    if (token && (write || token.state !== 'read-only')) return token;
    const conflict = owned ? this.#conflicts.get(uId) : undefined;
    if (!conflict) return null;
    // A conflict as the answer to a write means that the write was done. This one was never sent.
    return write ? notSent('another MDM manages the location') : conflict;
  }
}
