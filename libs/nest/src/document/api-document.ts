import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { HttpReply, HttpRequest, HttpServer } from '../http/exchange.js';
import { FixedAnswer } from '../http/fixed-answer.js';
import { serveApiPage } from './api-page.js';
import { completeDocument } from './complete-document.js';
import { ProblemAnswer } from './problem-answer.js';

const DESCRIPTION = `
The ledger of an organisation's Apple app licences. See also the [error codes](/docs/errors) and the [glossary](/docs/glossary).

**Key.** Every request carries \`Authorization: Bearer <owner key>\`.

**Commands** answer with what they wrote: 201 for what was created, 202 for what goes on, 200 for what is over.
\`Prefer: wait=N\` waits up to N seconds for the outcome. With an \`Idempotency-Key\` a request may be repeated safely:
the same key with the same body, reason included, is the same request; with another body it is refused. Lists of assets
and devices are sets.

**Queries** say in \`asOf\` which position of the log and which moment they reflect. Pass the \`position\` of a command
(in the query, or as the header \`Seatbook-Position\`) to wait until an answer reflects it. An answer has an \`ETag\`:
with \`If-None-Match\` it is 304 as long as nothing has changed.

**Lists** come in pages: pass \`next\` as \`cursor\`. Their order does not change while rows do, so a walk sees every row
that is there throughout once. With \`Accept: text/csv\` a list comes whole, as a table for spreadsheets.

**Errors** are problems (RFC 9457) with a stable \`code\`; each code has a page.
`.trim();

/** OpenAPI 3.1 of all routes. It is checked in as docs/openapi.json. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const options = new DocumentBuilder()
    .setTitle('Seatbook')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('Apache License 2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This server.')
    .addTag('accounts', 'App Store accounts: one for each location, with its content token.')
    .addTag('assets', 'Apps and books that a location owns licences of.')
    .addTag('settings', 'How apps are installed and may be used: each app over its account.')
    .addTag('profiles', 'VPNs and Single Sign-Ons that settings of apps may name.')
    .addTag('pairs', 'One asset and one holder each.')
    .addTag('orders', 'What administrators ask for: an order has an outcome for each pair.')
    .addTag('devices', 'Devices at the MDM server, and the apps on them.')
    .addTag('persons', 'People who can hold licences, and whom Apple knows of them.')
    .addTag('groups', 'Named lists of devices or persons.')
    .addTag('history', 'What happened, to whom, by whom, and why.')
    .addTag('operation', 'For operators.')
    .addTag('apple', 'Where Apple delivers notifications.')
    .setOpenAPIVersion('3.1.0')
    .addSecurity('owner-key', { type: 'http', scheme: 'bearer', description: 'The owner key.' })
    .addSecurity('notification-secret', {
      type: 'http',
      scheme: 'bearer',
      description: "An account's secret, known to Apple.",
    })
    .addSecurity('mdm-signature', {
      type: 'apiKey',
      in: 'header',
      name: 'X-Hmac-Signature',
      description: 'Base64 of HMAC-SHA256 over the body, with the key that NanoMDM was started with.',
    })
    .addSecurityRequirements('owner-key')
    .build();
  const settings = {
    ignoreGlobalPrefix: true,
    extraModels: [ProblemAnswer],
    operationIdFactory: (_controller: string, method: string) => method,
  };
  return completeDocument(SwaggerModule.createDocument(app, options, settings));
}

/** The document at /docs for people, who are sent there from /, and at /docs/json for programs. */
export function serveApiDocument(server: HttpServer, document: OpenAPIObject): void {
  serveApiPage(server);
  const answer = new FixedAnswer('application/json; charset=utf-8', JSON.stringify(document));
  server.get('/docs/json', async (request: HttpRequest, reply: HttpReply) => answer.send(request, reply));
  server.get('/', async (_request: HttpRequest, reply: HttpReply) => reply.redirect('/docs'));
}
