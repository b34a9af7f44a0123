import { Refusal } from '@seatbook/kernel';
import { identityOf } from '../http/caller.js';
import { headerOf, pathOf, type HttpRequest, type HttpServer } from '../http/exchange.js';
import type { OwnerKey } from '@seatbook/host';
import type { Throttle } from './throttle.js';

/**
 * What needs no owner key: health, documentation, Apple, who shows the secret of an account instead, and the MDM server,
 * which signs what it sends.
 */
const OPEN = /^\/(|livez|readyz|docs|docs\/.*|apple\/notifications\/:accountId|mdm\/webhook)$/;

/** Who watches the process is always answered; notifications are counted by their account, and one MDM server tells of all devices. */
const UNBOUNDED = /^\/(livez|apple\/notifications\/:accountId|mdm\/webhook)$/;

/** Asked with a method that they do not take, they say so to everybody. */
const OPEN_WHATEVER_THE_METHOD = /^\/(livez|readyz)?$/;

/**
 * Judged by the route that was found, not by how its address was written; what has no route is not open, but for a wrong
 * method at an address that is.
 */
export const isOpen = (request: HttpRequest): boolean => {
  const { url } = request.routeOptions;
  return url === undefined ? OPEN_WHATEVER_THE_METHOD.test(pathOf(request)) : OPEN.test(url);
};

/** The token of `Authorization: Bearer`, or null. */
export function bearerOf(request: HttpRequest): string | null {
  const header = headerOf(request, 'authorization') ?? '';
  return /^Bearer +(\S+)$/i.exec(header)?.[1] ?? null;
}

/**
 * Everything else needs the owner key. It is asked for before the body is read, on every route that is not named here: none
 * can be forgotten, and a stranger can send nothing large.
 */
export function authenticate(server: HttpServer, ownerKey: OwnerKey, throttle: Throttle): void {
  server.addHook('onRequest', async (request: HttpRequest) => {
    if (isOpen(request)) {
      if (!UNBOUNDED.test(request.routeOptions.url ?? '')) throttle.ofAddress(request);
      return;
    }
    const key = bearerOf(request);
    const matches = key !== null && ownerKey.matches(key);
    if (matches) throttle.ofKey('owner');
    else throttle.ofStranger(request);
    if (key === null) {
      throw new Refusal('UNAUTHENTICATED', 'send the owner key: Authorization: Bearer <key>');
    }
    if (!matches) {
      throw new Refusal(
        'UNAUTHENTICATED',
        'this is not the owner key; start with SEATBOOK_RESET_OWNER_KEY=true to make a new one',
      );
    }
    identityOf(request).principal = 'owner';
  });
}
