import multipart from '@fastify/multipart';
import { Refusal } from '@seatbook/kernel';
import { API } from './api-root.js';
import type { HttpRequest, HttpServer } from './exchange.js';

/** A token file has some hundred bytes. */
const UPLOAD_LIMIT = 256 * 1024;

/** The only routes that take a form with a file: those that take a token. */
const UPLOAD_ROUTES: ReadonlySet<string> = new Set([`${API}/accounts`, `${API}/accounts/:accountId/token`]);

/** Reads forms where a token is uploaded, and refuses them everywhere else before their body is read. */
export async function readUploads(server: HttpServer): Promise<void> {
  server.addHook('onRequest', async (request: HttpRequest) => {
    const form = /^multipart\//i.test(request.headers['content-type'] ?? '');
    if (form && !UPLOAD_ROUTES.has(request.routeOptions.url ?? '')) {
      throw new Refusal(
        'INVALID_MEDIA_TYPE',
        'this address does not accept a form; send JSON (content-type: application/json)',
      );
    }
  });
  await server.register(multipart, {
    attachFieldsToBody: 'keyValues',
    limits: { fileSize: UPLOAD_LIMIT, files: 1, fields: 10, fieldSize: UPLOAD_LIMIT, parts: 11 },
  });
}
