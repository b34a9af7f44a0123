import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WorkerHost } from '@seatbook/host';

/**
 * What an orchestrator asks a worker: `GET /livez` answers as long as the process does, `GET /readyz` with 503 until its
 * work has started and while it shuts down. What the work itself suffers from is in the health of the API, since the
 * leases tell it there: a worker that waits for Apple or a store is not to be restarted.
 */
export class Probes {
  readonly #server: Server;

  constructor(host: Pick<WorkerHost, 'phase'>) {
    this.#server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
      request.resume();
      const path = request.url?.split('?')[0];
      const ready = host.phase === 'ready';
      const known = path === '/livez' || path === '/readyz';
      const allowed = request.method === 'GET' || request.method === 'HEAD';
      const status = !known ? 404 : !allowed ? 405 : path === '/readyz' && !ready ? 503 : 200;
      response.writeHead(status, {
        'content-type': 'application/json',
        connection: 'close',
        ...(status === 405 && { allow: 'GET, HEAD' }),
      });
      response.end(request.method === 'HEAD' ? undefined : JSON.stringify({ phase: host.phase }));
    });
    this.#server.maxConnections = 50;
  }

  /** The port that it listens on. @throws when the port is taken */
  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
