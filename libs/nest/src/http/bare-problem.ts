import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Log } from '@seatbook/host';
import type { ErrorCode } from '@seatbook/kernel';
import { BARE_SECURITY_HEADERS } from './security-headers.js';
import { titleOf, typeOf, type Problem } from './problem.js';

/** What Node says of a request that it could not read. */
type BareError = Error & {
  readonly code?: string;
  /** The bytes, whatever Fastify's types say of them. */
  readonly rawPacket?: unknown;
  /** Where in the packet it gave up. */
  readonly bytesParsed?: number;
};

interface BareAnswer {
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly allowed?: readonly string[];
}

const ANSWERS: Readonly<Record<string, BareAnswer>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'INVALID_HEADERS_TOO_LARGE',
    detail: 'the headers are larger than this server accepts',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: 'INVALID_REQUEST_TIMEOUT',
    detail: 'the request did not arrive in time',
  },
};
const MALFORMED: BareAnswer = {
  status: 400,
  code: 'INVALID_REQUEST',
  detail: 'this is not a valid HTTP request',
};

/**
 * Answers what never became a request (a malformed head, one that is too long or too slow) in the same form as every
 * other refusal, and closes the connection.
 */
export function refuseBareConnections(
  log: Log,
  methodsAt: (path: string) => readonly string[],
): (error: BareError, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
      socket.destroy();
      return;
    }
    answerBare(socket, log, answerTo(error, methodsAt));
  };
}

/** What follows a request on its connection is malformed while that is being answered: two answers would mix. */
function isAnswering(socket: Socket): boolean {
  // Node notes the answer under way there, for its own handler of such errors.
  const { _httpMessage: answer } = socket as Socket & { readonly _httpMessage?: ServerResponse | null };
  return answer?.headersSent ?? false;
}

/** Writes an answer to where no request is, and closes the connection. */
export function answerBare(socket: Duplex, log: Log, { status, code, detail, allowed }: BareAnswer): void {
  const correlationId = randomUUID();
  const problem: Problem = {
    type: typeOf(code),
    title: titleOf(status),
    status,
    code,
    detail,
    facts: allowed ? { allowed } : {},
    instance: '',
    correlationId,
  };
  const { remoteAddress: client } = socket as Partial<Socket>;
  log.debug({ status, code, client, correlationId }, 'not a request');
  const body = `${JSON.stringify(problem)}\n`;
  const headers = {
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-correlation-id': correlationId,
    connection: 'close',
    ...(allowed ? { allow: allowed.join(', ') } : {}),
    ...BARE_SECURITY_HEADERS,
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // Who sends rubbish may hang up before the answer is written.
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
}

function answerTo(error: BareError, methodsAt: (path: string) => readonly string[]): BareAnswer {
  const known = ANSWERS[error.code ?? ''];
  if (known) return known;
  const path = error.code === 'HPE_INVALID_METHOD' ? pathIn(error) : null;
  const allowed = path === null ? [] : methodsAt(path);
  if (allowed.length === 0) return MALFORMED;
  return {
    status: 405,
    code: 'INVALID_METHOD',
    detail: `this address accepts ${allowed.join(', ')}`,
    allowed,
  };
}

/** Node knows the methods that it has heard of; another one is still a method (RFC 9110), if the line is a request's. */
function pathIn({ rawPacket, bytesParsed = 0 }: BareError): string | null {
  if (!(rawPacket instanceof Buffer)) return null;
  const from = rawPacket.lastIndexOf('\n', Math.max(0, bytesParsed - 1)) + 1;
  const line = rawPacket.toString('latin1', from, from + MAX_LINE);
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ (\/[^ ?]*)\S* HTTP\/1\.[01]\r?\n/.exec(line)?.[1] ?? null;
}

/** Longest request line that is looked at, in bytes. */
const MAX_LINE = 4_000;
