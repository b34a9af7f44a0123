import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { isTransportError, TransportError, type TransportRequest } from './transport.js';
import { type ClosableTransport, undiciTransport } from './undici-transport.js';

describe('HTTP', () => {
  let server: Server;
  let base: string;
  let transport: ClosableTransport;
  let answer: RequestListener = (_, response) => response.end();
  const received: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      received.push(`${request.method} ${request.url}`);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    transport = undiciTransport({ maxBodyBytes: 10_000, connectTimeoutMs: 3_000 });
  });
  afterAll(async () => {
    server.closeAllConnections();
    await transport.close();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => void received.splice(0));

  const get = (path: string, more: Partial<TransportRequest> = {}) =>
    transport({ method: 'GET', url: base + path, headers: {}, timeoutMs: 30_000, ...more });
  const errorOf = async (promise: Promise<unknown>): Promise<TransportError> => {
    const error = await promise.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!isTransportError(error)) throw new Error(`no transport error: ${String(error)}`);
    return error;
  };

  it('sends and reads', async () => {
    answer = (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response.setHeader('X-Seen', `${request.headers['authorization']} ${body}`);
        response.statusCode = 418;
        response.end('{"ü":1}');
      });
    };
    const headers = { authorization: 'Bearer x', 'content-type': 'application/json' };
    expect(await get('/a?b=1', { method: 'POST', headers, body: '{"c":1}' })).toMatchObject({
      status: 418,
      headers: { 'x-seen': 'Bearer x {"c":1}' },
      body: '{"ü":1}',
    });
    expect(received).toEqual(['POST /a?b=1']);
  });

  it('reads HTML as it is', async () => {
    answer = (_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>');
    expect(await get('/')).toMatchObject({ status: 502, body: '<html>' });
  });

  it('reuses a connection', async () => {
    const ports = new Set<number | undefined>();
    answer = (request, response) => {
      ports.add(request.socket.remotePort);
      response.end('{}');
    };
    for (let i = 0; i < 5; i += 1) await get('/');
    // Two, because undici takes a connection back only after the answer was handed over.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('is certain that nothing was sent if no connection was made', async () => {
    const closed = createTcpServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect(await errorOf(get('', { url: `http://127.0.0.1:${port}/` }))).toMatchObject({ sent: false });
    expect(await errorOf(get('', { url: 'http://no-such-host.invalid/' }))).toMatchObject({ sent: false });
    const silent = createTcpServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const tls = `https://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    // The TLS handshake never ends.
    expect(await errorOf(get('', { url: tls, timeoutMs: 200 }))).toMatchObject({ sent: false });
    silent.close();
  });

  it('is not certain after a reset, before or in the middle of the answer', async () => {
    answer = (request) => request.socket.destroy();
    expect(await errorOf(get('/', { method: 'POST', body: '{}' }))).toMatchObject({ sent: true });
    expect(received).toHaveLength(1);
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"eventId":');
      setTimeout(() => request.socket.destroy(), 20);
    };
    expect(await errorOf(get('/', { method: 'POST', body: '{}' }))).toMatchObject({ sent: true });
  });

  it('cuts off a server that never answers, and one that drips', async () => {
    // With a connection at hand, so that the request is on its way at once.
    answer = (_, response) => response.end();
    await get('/');
    answer = () => undefined;
    expect(await errorOf(get('/', { timeoutMs: 150 }))).toMatchObject({
      sent: true,
      message: 'no complete answer within 150 ms',
    });
    answer = (_, response) => {
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    };
    expect(await errorOf(get('/', { timeoutMs: 150 }))).toMatchObject({
      message: 'no complete answer within 150 ms',
    });
  });

  it('cuts off an answer that is too long, with and without a length', async () => {
    for (const headers of [{ 'content-length': '20000' }, {}]) {
      answer = (_, response) => response.writeHead(200, headers).end('x'.repeat(20_000));
      expect((await errorOf(get('/'))).message).toBe('the answer is longer than 10000 bytes');
    }
    answer = (_, response) => response.end('x'.repeat(10_000));
    expect((await get('/')).body).toHaveLength(10_000);
  });

  it('follows no redirects', async () => {
    answer = (_, response) => response.writeHead(302, { location: `${base}/elsewhere` }).end();
    expect(await get('/')).toMatchObject({ status: 302 });
    expect(received).toEqual(['GET /']);
  });

  it('can be aborted', async () => {
    const controller = new AbortController();
    answer = () => controller.abort();
    expect(await errorOf(get('/', { signal: controller.signal }))).toMatchObject({ sent: true });
    expect(await errorOf(get('/', { signal: AbortSignal.abort() }))).toMatchObject({ sent: false });
    expect(received).toHaveLength(1);
  });

  it('sends nothing once it was aborted, even if the connection is made later', async () => {
    answer = (_, response) => response.end('{}');
    const connect = buildConnector({});
    const slow = new Agent({
      connect: (options, callback) => void setTimeout(() => connect(options, callback), 200),
    });
    const late = undiciTransport({ dispatcher: slow });
    const post = { method: 'POST', url: `${base}/`, headers: {}, body: '{}' } as const;
    expect(await errorOf(late({ ...post, timeoutMs: 100 }))).toMatchObject({ sent: false });
    // The same connection then serves another.
    expect(await late({ ...post, url: `${base}/next`, timeoutMs: 30_000 })).toMatchObject({ status: 200 });
    expect(received).toEqual(['POST /next']);
    await slow.close();
  });

  it('throws nothing else, and quotes nothing that it was given', async () => {
    const broken: Record<string, string>[] = [
      { authorization: 'Bearer CANARY\n' },
      { 'bad name CANARY': 'x' },
    ];
    for (const headers of broken) {
      const error = await errorOf(get('/', { headers }));
      expect(error).toBeInstanceOf(TransportError);
      expect(error.sent).toBe(false);
      expect(error.message).not.toContain('CANARY');
    }
    expect((await errorOf(get('', { url: 'nonsense' }))).sent).toBe(false);
  });
});
