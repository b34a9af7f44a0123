import { identityOf } from './caller.js';
import type { HttpReply, HttpRequest, HttpServer } from './exchange.js';
import type { Log } from '@seatbook/host';
import { SparingLog } from './sparing-log.js';

const QUIET = /\/(livez|readyz|health|metrics|apple\/notifications\/:accountId)$/;

/**
 * One line for each request of a caller who is known; the route's pattern, not its address, so that nothing of a
 * caller's data is in it.
 */
export function logRequests(server: HttpServer, log: Log): void {
  const sparing = new SparingLog(log);
  server.addHook('onRequest', async (request: HttpRequest, reply: HttpReply) => {
    void reply.header('x-correlation-id', identityOf(request).correlationId);
  });
  server.addHook('onResponse', async (request: HttpRequest, reply: HttpReply) => {
    const { principal, correlationId } = identityOf(request);
    const route = request.routeOptions.url ?? '(none)';
    const facts = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      correlationId,
      principal,
      client: request.ip,
    };
    // Health is asked for every few seconds, and of notifications there are thousands: what follows from them is told.
    if (QUIET.test(route) && reply.statusCode < 400) log.debug(facts, 'request');
    else if (/\/(readyz|health)$/.test(route))
      sparing.write('warn', `${reply.statusCode} ${route}`, facts, 'request');
    // Somebody without a key tries the doors; many such requests are one line.
    else if (principal === null && reply.statusCode >= 400)
      sparing.write('warn', `${reply.statusCode} ${route}`, facts, 'request');
    // Pages that are open to everybody.
    else if (principal === null) log.debug(facts, 'request');
    else log.info(facts, 'request');
  });
}
