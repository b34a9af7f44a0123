import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SeatbookHost, errorFacts, type EdgeHost, type HostOptions, type WorkerHost } from '@seatbook/host';
import { createApplication } from './create-application.js';

/** Called as a start progresses. */
export interface StartListener<H extends EdgeHost = EdgeHost & WorkerHost> {
  /** The stores are open. A key made by this start must be shown now: nothing later may keep it from being seen. */
  readonly opened?: (host: H) => void;
  readonly listening?: (product: Product<H>) => void;
}

/** A process that serves HTTP: the whole product, or its edge alone. */
export class Product<H extends EdgeHost = EdgeHost & WorkerHost> {
  #stopped: Promise<void> | null = null;

  private constructor(
    readonly host: H,
    readonly app: NestFastifyApplication,
    readonly port: number,
  ) {}

  /** The whole product in this process: opens the stores and serves them. */
  static async start(options: HostOptions, listener: StartListener = {}): Promise<Product> {
    return Product.serve(await SeatbookHost.open(options, 'both'), listener);
  }

  /**
   * Listens, and lets the work be done that the host has; resolves when everything has started. Whatever fails on the
   * way closes the host.
   */
  static async serve<H extends EdgeHost>(host: H, listener: StartListener<H> = {}): Promise<Product<H>> {
    let app: NestFastifyApplication | null = null;
    try {
      listener.opened?.(host);
      app = await createApplication(host);
      const { host: address, port } = host.configuration.http;
      await app.listen(port, address);
      // Only the socket of a file has an address that is text.
      const bound = app.getHttpServer().address() as AddressInfo;
      const product = new Product(host, app, bound.port);
      listener.listening?.(product);
      await host.start();
      return product;
    } catch (error) {
      host.beginShutdown();
      await app?.close();
      await host.stop();
      throw error;
    }
  }

  /** Not ready any more, then the server, then the work, then the stores. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.host.beginShutdown();
    try {
      await this.app.close();
    } catch (error) {
      this.host.log.warn(errorFacts(error), 'the HTTP server did not close in order');
    }
    await this.host.stop();
  }
}
