import type { Milliseconds } from '@seatbook/kernel';
import { Agent, type Dispatcher } from 'undici';
import { type Transport, TransportError, type TransportReply, type TransportRequest } from './transport.js';

export interface UndiciTransportOptions {
  /** For the TCP and TLS handshake. Default 10 s. */
  readonly connectTimeoutMs?: Milliseconds;
  /** How long an idle connection is kept, unless the server says less. Default 10 s. */
  readonly keepAliveMs?: Milliseconds;
  /** In bytes; a longer answer is aborted. Default 32 MiB. */
  readonly maxBodyBytes?: number;
  /** Sends through this one, e.g. a proxy agent. The caller closes it. */
  readonly dispatcher?: Dispatcher;
}

/** A transport that holds connections. */
export type ClosableTransport = Transport & {
  /** Waits for open requests and closes the connections. */
  close(): Promise<void>;
};

/** HTTP over undici with kept-alive connections. The pacers in front of it bound how many are open. */
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
  const transport = (request: TransportRequest): Promise<TransportReply> => {
    const exchange = new Exchange(request, maxBodyBytes);
    exchange.send(dispatcher);
    return exchange.reply;
  };
  return Object.assign(transport, { close: async () => own?.close() });
}

/** One request and its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly reply: Promise<TransportReply>;
  readonly #chunks: Buffer[] = [];
  readonly #deadline: NodeJS.Timeout;
  #bytes = 0;
  #status = 0;
  #headers: Record<string, string> = {};
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #resolve!: (reply: TransportReply) => void;
  #reject!: (error: TransportError) => void;

  constructor(
    private readonly request: TransportRequest,
    private readonly maxBodyBytes: number,
  ) {
    const { timeoutMs, signal } = request;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // One deadline for the whole exchange: a slow drip would never trip a time-out between two bytes.
    this.#deadline = setTimeout(() => this.#giveUp(`no complete answer within ${timeoutMs} ms`), timeoutMs);
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  send(dispatcher: Dispatcher): void {
    if (this.#settled) return;
    const { request } = this;
    try {
      const { origin, pathname, search } = new URL(request.url);
      dispatcher.dispatch(
        {
          origin,
          path: pathname + search,
          method: request.method,
          headers: { ...request.headers },
          body: request.body ?? null,
          headersTimeout: request.timeoutMs,
          bodyTimeout: request.timeoutMs,
        },
        this,
      );
    } catch (error) {
      this.#fail(`the request could not be made (${codeOf(error)})`);
    }
  }

  onRequestStart(started: Dispatcher.DispatchController): void {
    // Aborted while the connection was being made: undici then writes nothing.
    if (this.#settled) started.abort(new Error('aborted before it was sent'));
    else this.#controller = started;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = flattened(headers);
    if (Number(this.#headers['content-length']) > this.maxBodyBytes) this.#tooLong();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.maxBodyBytes) this.#tooLong();
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks).toString('utf8');
    this.#settle(() => this.#resolve({ status: this.#status, headers: this.#headers, body }));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(`the connection failed (${codeOf(error)})`);
  }

  readonly #onAbort = (): void => this.#giveUp('the request was aborted');

  #tooLong(): void {
    this.#giveUp(`the answer is longer than ${this.maxBodyBytes} bytes`);
  }

  #giveUp(message: string): void {
    this.#fail(message);
    this.#controller?.abort(new Error(message));
  }

  /** Nothing can have been sent before undici put the request on an open connection. */
  #fail(message: string): void {
    this.#settle(() => this.#reject(new TransportError(this.#controller !== null, message)));
  }

  #settle(finish: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#deadline);
    this.request.signal?.removeEventListener('abort', this.#onAbort);
    finish();
  }
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
