import type { Milliseconds } from '@seatbook/kernel';

/** One HTTP request. The header `authorization` is a secret. */
export interface MdmRequest {
  readonly method: 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: Milliseconds;
}

/** A complete answer, of whatever status. */
export interface MdmReply {
  readonly status: number;
  readonly body: string;
}

/** Sends one request and reads the whole answer. Follows no redirects, retries nothing, rejects where there is none. */
export type MdmTransport = (request: MdmRequest) => Promise<MdmReply>;

/** An answer names 50 enrolments with a reason each; a longer one is not NanoMDM's. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** HTTP by the runtime's own client. */
export const fetchTransport: MdmTransport = async ({ method, url, headers, body, timeoutMs }) => {
  // One deadline for the whole exchange.
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { method, headers, body, redirect: 'manual', signal });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return { status: response.status, body: Buffer.concat(chunks).toString('utf8') };
};
