import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { SimulatorRequest, SimulatorResponse } from './transport.js';

/** No true request comes near it; what is longer gets 413. */
const maxBodyBytes = 64 * 1024 * 1024;

/** Serves `handle` over HTTP with keep-alive. `failed` hears of errors that have no answer of their own. */
export function createHttpServer(
  handle: (request: SimulatorRequest) => Promise<SimulatorResponse>,
  failed: (error: unknown) => void,
): Server {
  const server = createServer((incoming, outgoing) => {
    serve(handle, incoming, outgoing).catch((error: unknown) => {
      failed(error);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500).end();
    });
  });
  server.keepAliveTimeout = 65_000;
  server.headersTimeout = 70_000;
  return server;
}

async function serve(
  handle: (request: SimulatorRequest) => Promise<SimulatorResponse>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await readBody(incoming);
  if (body === null) {
    outgoing.writeHead(413, { connection: 'close' }).end();
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
  const response = await handle({
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers,
    body,
  });
  if (response.dead !== undefined) return;
  if (response.reset !== undefined) {
    incoming.socket.resetAndDestroy();
    return;
  }
  outgoing.writeHead(response.status, {
    ...response.headers,
    'content-length': Buffer.byteLength(response.body),
  });
  outgoing.end(response.body);
}

async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
