import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createLog } from '@seatbook/host';
import { refuseBareConnections } from './bare-problem.js';

describe('what never becomes a request', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      // An answer that has begun and is not over.
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('the beginning');
    });
    server.on(
      'clientError',
      refuseBareConnections(createLog('silent'), () => ['GET']),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  /** Sends one text, and when something has come the other; gives all that came. */
  function conversation(first: string, then: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(first));
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        if (text === '') socket.write(then);
        text += chunk;
      });
      socket.on('error', reject).on('close', () => resolve(text));
    });
  }

  it('is answered as every refusal is', async () => {
    const text = await conversation('rubbish\r\n\r\n', '');
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
    expect(text).toContain('"code":"INVALID_REQUEST"');
  });

  it('is not answered in the middle of another answer', async () => {
    const text = await conversation('GET / HTTP/1.1\r\nhost: a\r\n\r\n', 'rubbish\r\n\r\n');
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(text).toContain('the beginning');
  });
});
