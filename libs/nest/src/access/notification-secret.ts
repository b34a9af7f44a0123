import { authenticateNotification, type SeatbookEdge } from '@seatbook/application';
import { Refusal } from '@seatbook/kernel';
import type { HttpRequest, HttpServer } from '../http/exchange.js';
import { bearerOf } from './authentication.js';

const ROUTE = '/apple/notifications/:accountId';

/** Apple's address is open to the internet: the account's secret is checked on the head, before a body is read. */
export function checkNotificationSecrets(server: HttpServer, seatbook: SeatbookEdge): void {
  server.addHook('onRequest', async (request: HttpRequest) => {
    if (request.routeOptions.url !== ROUTE) return;
    const bearer = bearerOf(request);
    if (bearer === null) throw new Refusal('UNAUTHENTICATED', 'send the bearer token of this account');
    const { accountId } = request.params as { accountId: string };
    await authenticateNotification(seatbook, accountId, bearer);
  });
}
