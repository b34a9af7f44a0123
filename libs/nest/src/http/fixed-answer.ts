import { gzipSync } from 'node:zlib';
import { headerOf, type HttpReply, type HttpRequest } from './exchange.js';

/** Below this, packing costs more than it saves. */
export const PACKED_FROM_BYTES = 2_048;

/** An answer that never changes while the process runs: it is packed once, however often anybody asks for it. */
export class FixedAnswer {
  readonly #content: Buffer;
  #packed: Buffer | null = null;

  constructor(
    private readonly type: string,
    content: string | Buffer,
    /** Header `Cache-Control`. */
    private readonly cacheControl = 'no-cache',
  ) {
    this.#content = Buffer.from(content);
  }

  send(request: HttpRequest, reply: HttpReply): HttpReply {
    void reply.type(this.type).header('cache-control', this.cacheControl).header('vary', 'accept-encoding');
    if (this.#content.length < PACKED_FROM_BYTES || !acceptsGzip(request)) return reply.send(this.#content);
    this.#packed ??= gzipSync(this.#content);
    return reply.header('content-encoding', 'gzip').send(this.#packed);
  }
}

const acceptsGzip = (request: HttpRequest): boolean =>
  /(^|,)\s*(gzip|\*)\s*(;\s*q=(1|0\.\d*[1-9])\d*)?\s*(,|$)/i.test(headerOf(request, 'accept-encoding') ?? '');
