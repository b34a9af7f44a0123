import { randomUUID } from 'node:crypto';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { identityOf } from './caller.js';
import { headerOf, pathOf, type HttpReply, type HttpRequest } from './exchange.js';
import { errorFacts, type Log } from '@seatbook/host';
import type { AllowedMethods } from './allowed-methods.js';
import { answerTo, titleOf, typeOf, type Answer, type Problem } from './problem.js';
import { SparingLog } from './sparing-log.js';
import { BARE_SECURITY_HEADERS } from './security-headers.js';

/** What the framework says where no route has a method: that it is not there, or what it misses in the body. */
const isOfNoRoute = (error: unknown): boolean =>
  error instanceof HttpException && [400, 404, 415].includes(error.getStatus());

/** Every answer that is no success, in one form. What nobody expected gets a reference that leads to the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly methods: AllowedMethods,
    private readonly sparing = new SparingLog(log),
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<HttpRequest>(), http.getResponse<HttpReply>());
  }

  answer(error: unknown, request: HttpRequest, reply: HttpReply): void {
    const { correlationId } = identityOf(request);
    // The client has hung up: there is nobody to answer, and nothing failed here.
    if (request.raw.destroyed && !request.raw.complete) {
      reply.raw.destroy();
      return;
    }
    const answer =
      this.#wrongMethod(error, request, reply) ??
      answerTo(error, headerOf(request, 'if-match') !== undefined) ??
      this.#unexpected(error, correlationId);
    const { status, retryAfterSeconds } = answer;
    if (answer.code === 'TRANSIENT_STORE' || answer.code === 'CORRUPT_EVENT')
      this.sparing.write(
        'error',
        answer.code,
        { correlationId, ...errorFacts(error) },
        'the storage failed a request',
      );
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const problem: Problem = {
      type: typeOf(answer.code),
      title: titleOf(status),
      ...answer,
      instance: pathOf(request),
      correlationId,
    };
    if (!reply.hasHeader('x-content-type-options')) void reply.headers(BARE_SECURITY_HEADERS);
    void reply.header('x-correlation-id', correlationId);
    if (status === 401) void reply.header('www-authenticate', 'Bearer realm="seatbook"');
    if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
    // The rest of a body that was not read cannot be distinguished from the next request.
    if (status === 413) void reply.header('connection', 'close');
    void reply
      .status(status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(`${JSON.stringify(problem)}\n`);
  }

  /** An address that takes other methods than this one. */
  #wrongMethod(error: unknown, request: HttpRequest, reply: HttpReply): Answer | null {
    if (!isOfNoRoute(error) || request.routeOptions.url !== undefined) return null;
    const allowed = this.methods.at(pathOf(request));
    if (allowed.length === 0) return null;
    void reply.header('allow', allowed.join(', '));
    return {
      status: 405,
      code: 'INVALID_METHOD',
      detail: `this address accepts ${allowed.join(', ')}`,
      facts: { allowed },
    };
  }

  #unexpected(error: unknown, correlationId: string): Answer {
    const reference = randomUUID();
    this.log.error({ reference, correlationId, ...errorFacts(error) }, 'a request failed');
    return {
      status: 500,
      code: 'BUG_UNEXPECTED',
      detail: 'something failed unexpectedly; give the reference to the operator',
      facts: { reference },
    };
  }
}
