import { createHash } from 'node:crypto';
import { API } from './api-root.js';
import { headerOf, type HttpReply, type HttpRequest, type HttpServer } from './exchange.js';

/** Of when an answer is says nothing about whether it has changed. */
const AS_OF = /,?"asOf":\{"position":\d+,"time":"[^"]*"\}/;

/** The entity tag of an answer: the same as long as what it shows is the same. */
export const entityTagOf = (json: string): string =>
  `W/"${createHash('sha256').update(json.replace(AS_OF, '').trimEnd()).digest('base64url').slice(0, 22)}"`;

/** Whether a header `If-Match` or `If-None-Match` names a tag. */
export const namesTag = (header: string, tag: string): boolean =>
  header.trim() === '*' ||
  header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag.replace(/^W\//, ''));

/** Answers of the API may be kept by who asked, and asked about again: 304 while they are still true. */
export function answerConditionally(server: HttpServer): void {
  server.addHook('onSend', async (request: HttpRequest, reply: HttpReply, payload: unknown) => {
    if (!(request.routeOptions.url ?? '').startsWith(API)) return payload;
    const isRead = request.method === 'GET' && reply.statusCode === 200;
    void reply.header('cache-control', isRead ? 'private, no-cache' : 'no-store').header('vary', 'accept');
    if (!isRead || typeof payload !== 'string') return payload;
    const tag = entityTagOf(payload);
    void reply.header('etag', tag);
    if (!namesTag(headerOf(request, 'if-none-match') ?? '', tag)) return payload;
    void reply.status(304).removeHeader('content-type').removeHeader('content-length');
    return null;
  });
}
