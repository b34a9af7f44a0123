import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A piece of network between clients and a server, which can be cut, stopped and frozen. */
export class Wire {
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #frozen = false;
  #port = 0;
  /** Connections that were made through it. */
  connections = 0;

  constructor(private readonly targetPort: number) {}

  /** Where clients connect; it stays the same over restarts. */
  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    const server = createServer((client) => {
      this.connections += 1;
      const target = connect(this.targetPort, '127.0.0.1');
      for (const [from, to] of [
        [client, target],
        [target, client],
      ] as const) {
        this.#sockets.add(from);
        // Both ends send small packets and wait for the answer.
        from.setNoDelay(true);
        from.on('data', (bytes) => to.write(bytes));
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        if (this.#frozen) from.pause();
      }
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends all connections; new ones are accepted. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Connections stay and nothing passes, as when the server hangs. */
  freeze(): void {
    this.#frozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  thaw(): void {
    this.#frozen = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Ends all connections and refuses new ones. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.cut();
    await closed;
  }
}
