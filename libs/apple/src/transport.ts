import type { Milliseconds } from '@seatbook/kernel';

/** One HTTP request. Header names are lower-case; some header values are secrets. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: Milliseconds;
  /** Gives the request up, as if its time were over. */
  readonly signal?: AbortSignal;
}

/** A complete answer, of whatever status. Header names are lower-case. */
export interface TransportReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends one request and reads its answer whole. Settles within `timeoutMs`; follows no redirect and repeats nothing.
 * Rejects with a {@link TransportError} only.
 */
export type Transport = (request: TransportRequest) => Promise<TransportReply>;

/** No complete answer was read. */
export class TransportError extends Error {
  constructor(
    /** False only where it is certain that nothing reached the other side, e.g. a refused connection. */
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
