import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { HttpReply, HttpRequest, HttpServer } from './exchange.js';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** OpenAPI 3.1 of all routes. It is checked in as docs/openapi.json. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const description = [
    "The ledger of an organisation's Apple app licences.",
    'Commands answer at once with what they wrote; everything that follows happens automatically.',
    'Every answer to a query names the position of the log that it reflects.',
  ].join(' ');
  const options = new DocumentBuilder()
    .setTitle('Seatbook')
    .setDescription(description)
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The owner key.' }, 'owner-key')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: "An account's secret, known to Apple." },
      'notification-secret',
    )
    .addSecurityRequirements('owner-key')
    .build();
  return SwaggerModule.createDocument(app, options, { ignoreGlobalPrefix: true });
}

/** The document at /docs for people, who are sent there from /, and at /docs/json for programs. */
export function serveApiDocument(app: NestFastifyApplication): void {
  const serving = { jsonDocumentUrl: 'docs/json', raw: ['json' as const] };
  SwaggerModule.setup('docs', app, apiDocument(app), serving);
  const server: HttpServer = app.getHttpAdapter().getInstance();
  server.get('/', async (_request: HttpRequest, reply: HttpReply) => reply.redirect('/docs'));
}
