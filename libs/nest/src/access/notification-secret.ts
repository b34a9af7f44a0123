import { authenticateNotification, type SeatbookEdge } from '@seatbook/application';
import { Refusal, isRefusal } from '@seatbook/kernel';
import type { HttpRequest, HttpServer } from '../http/exchange.js';
import { bearerOf } from './authentication.js';
import type { Throttle } from './throttle.js';

const ROUTE = '/apple/notifications/:accountId';

/** Apple's address is open to the internet: the account's secret is checked on the head, before a body is read. */
export function checkNotificationSecrets(
  server: HttpServer,
  seatbook: SeatbookEdge,
  throttle: Throttle,
): void {
  server.addHook('onRequest', async (request: HttpRequest) => {
    if (request.routeOptions.url !== ROUTE) return;
    const bearer = bearerOf(request);
    if (bearer === null) {
      throttle.ofStranger(request);
      throw new Refusal('UNAUTHENTICATED', 'send the bearer token of this account');
    }
    // The route has this one parameter.
    const { accountId } = request.params as { accountId: string };
    try {
      await authenticateNotification(seatbook, accountId, bearer);
    } catch (error) {
      if (isRefusal(error) && error.kind === 'UNAUTHENTICATED') throttle.ofStranger(request);
      throw error;
    }
    throttle.ofKey(accountId);
  });
}
