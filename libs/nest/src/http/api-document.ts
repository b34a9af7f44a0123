import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** OpenAPI 3.1 of all routes, at /docs for people and /docs/json for programs. */
export function documentApi(app: NestFastifyApplication): OpenAPIObject {
  const description = [
    "The ledger of an organisation's Apple app licences.",
    'Commands answer at once with what they wrote; everything that follows comes by itself.',
    'Every answer of a query says up to which position of the log it reflects.',
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
  const document = SwaggerModule.createDocument(app, options, { ignoreGlobalPrefix: true });
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'docs/json', raw: ['json'] });
  return document;
}
