import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal } from '@seatbook/kernel';
import type { Log } from '@seatbook/host';
import { answerBare } from './bare-problem.js';
import type { HttpRequest, HttpServer } from './exchange.js';

/**
 * Judges what Node would otherwise refuse by itself, with an answer that has no body and none of our headers, or with
 * none at all. Node must be told to leave the header Host to us: `requireHostHeader: false`.
 */
export function judgeHeads(server: HttpServer, log: Log): void {
  server.addHook('onRequest', async ({ raw }: HttpRequest) => {
    const hosts = hostsOf(raw);
    if (hosts.length > 1 || (hosts.length === 0 && raw.httpVersion === '1.1'))
      throw new Refusal('INVALID_REQUEST', 'an HTTP/1.1 request has one header Host');
    if (hosts.some((host) => !HOST.test(host)))
      throw new Refusal('INVALID_REQUEST', 'the header Host is not the name of a host');
  });
  const node = server.server;
  // An expectation that a server does not know may be passed over (RFC 9110).
  node.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    node.emit('request', request, response);
  });
  node.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    answerBare(socket, log, { status: 400, code: 'INVALID_REQUEST', detail: 'this server is no proxy' });
  });
}

/** A name or an address, with or without a port. Who asks for which name makes no difference here. */
const HOST = /^[\w.\-:[\]%~!$&'()*+;=]*$/;

/** Node keeps only the first in its headers. */
function hostsOf({ rawHeaders }: IncomingMessage): readonly string[] {
  const hosts: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === 'host')
      hosts.push(rawHeaders[index + 1] ?? '');
  return hosts;
}
