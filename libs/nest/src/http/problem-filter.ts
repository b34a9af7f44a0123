import { randomUUID } from 'node:crypto';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { identityOf } from './caller.js';
import { headerOf, pathOf, type HttpReply, type HttpRequest } from './exchange.js';
import { errorFacts, type Log } from '@seatbook/host';
import { answerTo, titleOf, type Answer, type Problem } from './problem.js';

/** Every answer that is no success, in one form. What nobody expected gets a reference that leads to the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    const reply = http.getResponse<HttpReply>();
    const { correlationId } = identityOf(request);
    const answer =
      answerTo(error, headerOf(request, 'if-match') !== undefined) ?? this.#unexpected(error, correlationId);
    const { status, retryAfterSeconds } = answer;
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const problem: Problem = {
      type: `urn:seatbook:problem:${answer.code}`,
      title: titleOf(status),
      ...answer,
      instance: pathOf(request),
      correlationId,
    };
    if (status === 401) void reply.header('www-authenticate', 'Bearer realm="seatbook"');
    if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
    // What is left of a body that was not read cannot be told from the next request.
    if (status === 413) void reply.header('connection', 'close');
    void reply
      .status(status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(JSON.stringify(problem));
  }

  #unexpected(error: unknown, correlationId: string): Answer {
    const reference = randomUUID();
    this.log.error({ reference, correlationId, ...errorFacts(error) }, 'a request failed');
    return {
      status: 500,
      code: 'BUG_UNEXPECTED',
      detail: 'something failed that should not; tell the operator the reference',
      facts: { reference },
    };
  }
}
