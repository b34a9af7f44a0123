import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '@seatbook/host';
import type { ErrorCode } from '@seatbook/kernel';
import { BARE_SECURITY_HEADERS } from './security-headers.js';
import { titleOf, typeOf, type Problem } from './problem.js';

const STATUS_OF_CODE: Readonly<Record<string, { status: number; code: ErrorCode; detail: string }>> = {
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
const MALFORMED: { status: number; code: ErrorCode; detail: string } = {
  status: 400,
  code: 'INVALID_REQUEST',
  detail: 'this is not a valid HTTP request',
};

/**
 * Answers what never became a request (a malformed head, one that is too long or too slow) in the same form as every
 * other refusal, and closes the connection.
 */
export function refuseBareConnections(log: Log): (error: Error & { code?: string }, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const { status, code, detail } = STATUS_OF_CODE[error.code ?? ''] ?? MALFORMED;
    const correlationId = randomUUID();
    const problem: Problem = {
      type: typeOf(code),
      title: titleOf(status),
      status,
      code,
      detail,
      facts: {},
      instance: '',
      correlationId,
    };
    log.debug({ status, code, client: socket.remoteAddress, correlationId }, 'not a request');
    const body = JSON.stringify(problem);
    const headers = {
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      'x-correlation-id': correlationId,
      connection: 'close',
      ...BARE_SECURITY_HEADERS,
    };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
  };
}
