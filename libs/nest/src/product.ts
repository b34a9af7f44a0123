import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SeatbookHost, errorFacts, type EdgeHost, type HostOptions, type WorkerHost } from '@seatbook/host';
import { createApplication } from './http/create-application.js';

/** Called as a start progresses. */
export interface StartListener {
  /** The stores are open. A key made by this start must be shown now: nothing later may keep it from being seen. */
  readonly opened?: (host: EdgeHost) => void;
  readonly listening?: (product: Product) => void;
}

/** The whole product in one process, HTTP included. */
export class Product {
  #stopped: Promise<void> | null = null;

  private constructor(
    readonly host: EdgeHost & WorkerHost,
    readonly app: NestFastifyApplication,
    readonly port: number,
  ) {}

  /**
   * Opens the stores, listens, and lets work be done; resolves when everything has started. Whatever fails on
   * the way closes again what was opened.
   */
  static async start(options: HostOptions, listener: StartListener = {}): Promise<Product> {
    const host = await SeatbookHost.open(options, 'both');
    let app: NestFastifyApplication | null = null;
    try {
      listener.opened?.(host);
      app = await createApplication(host);
      const { host: address, port } = options.configuration.http;
      await app.listen(port, address);
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
