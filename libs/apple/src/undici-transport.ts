import type { Milliseconds } from '@seatbook/kernel';
import { Agent, type Dispatcher } from 'undici';
import { type Transport, TransportError, type TransportReply, type TransportRequest } from './transport.js';

export interface UndiciTransportOptions {
  /** For the TCP and TLS handshake. Default 10 s. */
  readonly connectTimeoutMs?: Milliseconds;
  /** How long an idle connection is kept, unless the server says less. Default 10 s. */
  readonly keepAliveMs?: Milliseconds;
  /** Bytes; a longer answer is given up. Default 32 MiB. */
  readonly maxBodyBytes?: number;
  /** Sends through this one, e.g. a proxy agent. It is the caller's to close. */
  readonly dispatcher?: Dispatcher;
}

/** A transport that holds connections. */
export type ClosableTransport = Transport & {
  /** Waits for open requests and closes the connections. */
  close(): Promise<void>;
};

/** HTTP over kept-alive connections of undici. How many are open is bounded by the pacers that stand before it. */
export function undiciTransport(options: UndiciTransportOptions = {}): ClosableTransport {
  const maxBodyBytes = options.maxBodyBytes ?? 32 * 1024 * 1024;
  const own = options.dispatcher
    ? null
    : new Agent({
        connect: { timeout: options.connectTimeoutMs ?? 10_000 },
        keepAliveTimeout: options.keepAliveMs ?? 10_000,
        pipelining: 1,
      });
  const dispatcher = options.dispatcher ?? own;
  if (!dispatcher) throw new Error('there is always a dispatcher');
  const transport = (request: TransportRequest): Promise<TransportReply> =>
    exchange(dispatcher, request, maxBodyBytes);
  return Object.assign(transport, { close: async () => own?.close() });
}

function exchange(
  dispatcher: Dispatcher,
  request: TransportRequest,
  maxBodyBytes: number,
): Promise<TransportReply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status = 0;
    let headers: Record<string, string> = {};
    let controller: Dispatcher.DispatchController | null = null;
    let settled = false;

    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      request.signal?.removeEventListener('abort', onAbort);
      finish();
    };
    // Nothing can have been sent before undici put the request on an open connection.
    const fail = (message: string): void =>
      settle(() => reject(new TransportError(controller !== null, message)));
    const giveUp = (message: string): void => {
      fail(message);
      controller?.abort(new Error(message));
    };
    const onAbort = (): void => giveUp('the request was given up');
    // One deadline for all of it: an answer that drips slowly never trips a time-out between two bytes.
    const deadline = setTimeout(
      () => giveUp(`no complete answer within ${request.timeoutMs} ms`),
      request.timeoutMs,
    );
    if (request.signal?.aborted) return onAbort();
    request.signal?.addEventListener('abort', onAbort, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        // Given up while the connection was being made: undici then writes nothing.
        if (settled) return started.abort(new Error('given up before it was sent'));
        controller = started;
      },
      onResponseStart(_, statusCode, received) {
        if (statusCode < 200) return;
        status = statusCode;
        headers = flattened(received);
        if (Number(headers['content-length']) > maxBodyBytes) tooLong();
      },
      onResponseData(_, chunk) {
        bytes += chunk.length;
        if (bytes > maxBodyBytes) return tooLong();
        chunks.push(chunk);
      },
      onResponseEnd() {
        settle(() => resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') }));
      },
      onResponseError(_, error) {
        fail(`the connection failed (${codeOf(error)})`);
      },
    };
    const tooLong = (): void => giveUp(`the answer is longer than ${maxBodyBytes} bytes`);

    try {
      const url = new URL(request.url);
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method,
          headers: { ...request.headers },
          body: request.body ?? null,
          headersTimeout: request.timeoutMs,
          bodyTimeout: request.timeoutMs,
        },
        handler,
      );
    } catch (error) {
      fail(`the request could not be made (${codeOf(error)})`);
    }
  });
}

function flattened(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  return flat;
}

// The code only: messages of drivers may quote what they were given, header values too.
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
