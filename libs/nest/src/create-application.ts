import compress from '@fastify/compress';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EdgeHost } from '@seatbook/host';
import { Refusal } from '@seatbook/kernel';
import { authenticate, isOpen } from './access/authentication.js';
import { MDM_WEBHOOK, checkMdmSignatures } from './access/mdm-signature.js';
import { checkNotificationSecrets } from './access/notification-secret.js';
import { Throttle } from './access/throttle.js';
import { SeatbookModule } from './seatbook.module.js';
import { API } from './http/api-root.js';
import { AllowedMethods } from './http/allowed-methods.js';
import { apiDocument, serveApiDocument } from './document/api-document.js';
import { servePages } from './document/pages.js';
import { answerConditionally } from './http/conditional-reads.js';
import { answerTables } from './reading/tables.js';
import { refuseBareConnections } from './http/bare-problem.js';
import type { HttpReply, HttpRequest, HttpServer } from './http/exchange.js';
import { PACKED_FROM_BYTES } from './http/fixed-answer.js';
import { FrameworkLog } from './http/framework-log.js';
import { readJson } from './http/json-body.js';
import { MAX_IN_PATH } from './http/text-field.js';
import { ProblemFilter } from './http/problem-filter.js';
import { judgeHeads } from './http/request-head.js';
import { logRequests } from './http/request-log.js';
import { requestValidation } from './http/request-validation.js';
import { setSecurityHeaders } from './http/security-headers.js';
import { readTables } from './http/table-body.js';
import { readUploads } from './http/uploads.js';

/** Of a part of a path, encoded: each of its characters may take 12. */
const MAX_PARAM_BYTES = 12 * MAX_IN_PATH;

/** How often Node looks for connections whose time is over. */
const CONNECTIONS_CHECKED_EVERY_MS = 2_000;

/** The HTTP server over an opened product, not listening yet. */
export async function createApplication(host: EdgeHost): Promise<NestFastifyApplication> {
  const { http } = host.configuration;
  let filter: ProblemFilter | null = null;
  let methods: AllowedMethods | null = null;
  const adapter = new FastifyAdapter({
    bodyLimit: http.bodyLimit,
    forceCloseConnections: 'idle',
    requestTimeout: http.requestTimeoutMs,
    http: {
      headersTimeout: Math.min(http.headersTimeoutMs, http.requestTimeoutMs),
      connectionsCheckingInterval: CONNECTIONS_CHECKED_EVERY_MS,
      // It is asked for where the refusal has the form of all others.
      requireHostHeader: false,
    },
    trustProxy: http.trustProxy,
    // During the shutdown requests are answered by what refuses them below.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_BYTES },
    multipart: false,
    // What the router refuses before any hook of ours has run.
    frameworkErrors: (error: Error, request: HttpRequest, reply: HttpReply) =>
      filter?.answer(error, request, reply),
    clientErrorHandler: refuseBareConnections(host.log, (path) => methods?.at(path) ?? []),
  });
  const app = await NestFactory.create<NestFastifyApplication>(SeatbookModule.over(host), adapter, {
    logger: new FrameworkLog(host.log),
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: true,
  });
  const server: HttpServer = adapter.getInstance();
  server.server.maxConnections = http.maxConnections;
  methods = new AllowedMethods(server);
  filter = new ProblemFilter(host.log, methods);
  await setSecurityHeaders(server);
  // It ends with its line, so that a terminal's prompt does not run into it.
  server.setReplySerializer((payload) => `${JSON.stringify(payload)}\n`);
  readJson(server, new Set([MDM_WEBHOOK]));
  readTables(server);
  limitNotifications(server, http.notificationBodyLimit);
  logRequests(server, host.log);
  judgeHeads(server, host.log);
  refuseWhileNotReady(server, host);
  const throttle = new Throttle(host.configuration.throttle);
  authenticate(server, host.ownerKey, throttle);
  checkNotificationSecrets(server, host.edge, throttle);
  checkMdmSignatures(server, host.edge, throttle);
  await readUploads(server);
  answerConditionally(server);
  await server.register(compress, { encodings: ['gzip'], threshold: PACKED_FROM_BYTES });
  const document = apiDocument(app);
  app.useGlobalPipes(requestValidation());
  app.useGlobalFilters(filter);
  answerTables(server, document);
  serveApiDocument(server, document);
  servePages(server);
  return app;
}

/** Notifications have a limit of their own: anyone on the internet can reach their address. */
function limitNotifications(server: HttpServer, bodyLimit: number): void {
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/apple/notifications/') || route.url === MDM_WEBHOOK)
      route.bodyLimit = bodyLimit;
  });
}

/** Says why the product is not ready. */
const isHealth = ({ routeOptions }: HttpRequest): boolean => routeOptions.url === `${API}/health`;

function refuseWhileNotReady(server: HttpServer, host: EdgeHost): void {
  server.addHook('onRequest', async (request: HttpRequest) => {
    if (host.phase === 'ready') return;
    // A notification is stored as soon as the log is open.
    if ((isOpen(request) || isHealth(request)) && host.phase !== 'stopped') return;
    const starting = host.phase === 'opened' || host.phase === 'starting';
    if (starting) throw new Refusal('TRANSIENT_STARTING', 'the server is still starting; try again', {}, 2);
    throw new Refusal('TRANSIENT_STOPPING', 'the server is shutting down; try again', {}, 5);
  });
}
