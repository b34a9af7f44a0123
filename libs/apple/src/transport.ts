import type { Milliseconds } from '@seatbook/kernel';

/** One HTTP request. Header names are lower-case; some header values are secrets. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: Milliseconds;
  /** Aborts the request, as if it had timed out. */
  readonly signal?: AbortSignal;
}

/** A complete answer, of whatever status. Header names are lower-case. */
export interface TransportReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends one request and reads the whole answer. Settles within `timeoutMs`; follows no redirects and retries nothing.
 * Rejects with a {@link TransportError} only.
 */
export type Transport = (request: TransportRequest) => Promise<TransportReply>;

/** No complete answer was read. */
export class TransportError extends Error {
  constructor(
    /** False only if it is certain that nothing reached the other side, e.g. after a refused connection. */
    readonly sent: boolean,
    /** Without a secret. */
    message: string,
  ) {
    super(message);
    this.name = 'TransportError';
  }
}

/** Recognised by name, so that two copies of this module still agree. */
export const isTransportError = (error: unknown): error is TransportError =>
  error instanceof Error && error.name === 'TransportError' && 'sent' in error;
