import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** A request and an answer as Fastify has them. */
export type HttpRequest = FastifyRequest;
export type HttpReply = FastifyReply;
export type HttpServer = FastifyInstance;

/** One value of a header. */
export function headerOf(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The path without its query, cut to what an answer or a log line can show. */
export const pathOf = ({ url }: HttpRequest): string => (url.split('?')[0] ?? '').slice(0, 200);
