import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import { Refusal } from '@seatbook/kernel';
import { authenticate, isOpen } from '../access/authentication.js';
import type { SeatbookHost } from '@seatbook/host';
import { SeatbookModule } from '../seatbook.module.js';
import { documentApi } from './api-document.js';
import type { HttpRequest, HttpServer } from './exchange.js';
import { FrameworkLog } from './framework-log.js';
import { ProblemFilter } from './problem-filter.js';
import { logRequests } from './request-log.js';
import { requestValidation } from './request-validation.js';

/** A token file has some hundred bytes. */
const UPLOAD_LIMIT = 256 * 1024;

/** The HTTP server over an opened product, not listening yet. */
export async function createApplication(host: SeatbookHost): Promise<NestFastifyApplication> {
  const { http } = host.configuration;
  const adapter = new FastifyAdapter({
    bodyLimit: http.bodyLimit,
    forceCloseConnections: 'idle',
    // During the shutdown requests are answered by what refuses them below.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 300 },
    multipart: false,
  });
  const app = await NestFactory.create<NestFastifyApplication>(SeatbookModule.over(host), adapter, {
    logger: new FrameworkLog(host.log),
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: true,
  });
  const server: HttpServer = adapter.getInstance();
  readJson(server);
  limitNotifications(server, http.notificationBodyLimit);
  logRequests(server, host.log);
  refuseWhileNotReady(server, host);
  authenticate(server, host.ownerKey);
  await app.register(helmet, {
    // The documentation's page has inline scripts and styles.
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", "'unsafe-inline'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        // TLS is the business of whoever stands before us.
        upgradeInsecureRequests: null,
      },
    },
  });
  await app.register(multipart, {
    attachFieldsToBody: 'keyValues',
    limits: { fileSize: UPLOAD_LIMIT, files: 1, fields: 10, fieldSize: UPLOAD_LIMIT, parts: 11 },
  });
  app.useGlobalPipes(requestValidation());
  app.useGlobalFilters(new ProblemFilter(host.log));
  documentApi(app);
  return app;
}

/** Bodies are JSON, or a form with a file. An empty body is none, whatever type it claims to have. */
function readJson(server: HttpServer): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body, done);
  });
}

/** Notifications have a limit of their own: anyone on the internet can reach their address. */
function limitNotifications(server: HttpServer, bodyLimit: number): void {
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/apple/notifications/')) route.bodyLimit = bodyLimit;
  });
}

function refuseWhileNotReady(server: HttpServer, host: SeatbookHost): void {
  server.addHook('onRequest', async (request: HttpRequest) => {
    if (host.phase === 'ready') return;
    // A notification is stored as soon as the log is open.
    if (isOpen(request) && host.phase !== 'stopped') return;
    const starting = host.phase === 'opened' || host.phase === 'starting';
    if (starting) throw new Refusal('TRANSIENT_STARTING', 'the start is not over; ask again', {}, 2);
    throw new Refusal('TRANSIENT_STOPPING', 'this server is shutting down; ask again', {}, 5);
  });
}
