import { verifyMdmSignature, type SeatbookEdge } from '@seatbook/application';
import { SIGNATURE_HEADER } from '@seatbook/mdm/formats';
import { Refusal, isRefusal } from '@seatbook/kernel';
import { headerOf, type HttpRequest, type HttpServer } from '../http/exchange.js';
import type { Throttle } from './throttle.js';

export const MDM_WEBHOOK = '/mdm/webhook';

/** The signature of a webhook, as it came; '' for none. */
export const signatureOf = (request: HttpRequest): string => headerOf(request, SIGNATURE_HEADER) ?? '';

/**
 * The MDM server's address is open to the internet: what has no signature is refused before its body is read, and a body
 * is looked at when its bytes have the signature.
 */
export function checkMdmSignatures(server: HttpServer, seatbook: SeatbookEdge, throttle: Throttle): void {
  server.addHook('onRequest', async (request: HttpRequest) => {
    if (request.routeOptions.url !== MDM_WEBHOOK || signatureOf(request) !== '') return;
    throttle.ofStranger(request);
    throw new Refusal('UNAUTHENTICATED', 'a webhook is signed: the MDM server has an option for the key');
  });
  server.addHook('preValidation', async (request: HttpRequest) => {
    if (request.routeOptions.url !== MDM_WEBHOOK) return;
    try {
      verifyMdmSignature(seatbook, rawBodyOf(request), signatureOf(request));
    } catch (error) {
      if (isRefusal(error) && error.kind === 'UNAUTHENTICATED') throttle.ofStranger(request);
      throw error;
    }
  });
}

/** The body is left as text for this route; its bytes are what is signed. */
export const rawBodyOf = ({ body }: HttpRequest): Uint8Array =>
  Buffer.from(typeof body === 'string' ? body : '');
