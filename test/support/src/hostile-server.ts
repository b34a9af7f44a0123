import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Random } from '@seatbook/kernel';
import { hasCode } from '@seatbook/runtime';

/**
 * What a server does that is not what it should be:
 * - `silent`: accepts, and never answers · `garbage`: answers with bytes that mean nothing
 * - `trickle`: answers byte by byte, with a message that never ends · `cuts`: hangs up when it is spoken to
 */
export type Manner = 'silent' | 'garbage' | 'trickle' | 'cuts';

export const MANNERS: readonly Manner[] = ['silent', 'garbage', 'trickle', 'cuts'];

/** How a long message begins: a header of MongoDB, and a frame of settings of HTTP/2. */
const BEGINNINGS = { mongodb: [0, 0x40, 0, 0], eventstoredb: [0, 0x40, 0, 4, 0, 0, 0, 0, 0] };
const BETWEEN_BYTES_MS = 20;

export interface HostileServerOptions {
  readonly instead: keyof typeof BEGINNINGS;
  readonly manner: Manner;
  readonly random: Random;
  /** Any free one when absent. */
  readonly port?: number;
}

/** Listens where EventStoreDB or MongoDB should be. */
export class HostileServer {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  /** How often it was spoken to. */
  heard = 0;

  private constructor(private readonly options: HostileServerOptions) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
      socket.once('data', () => this.#answer(socket));
      socket.resume();
    });
  }

  static async start(options: HostileServerOptions): Promise<HostileServer> {
    const hostile = new HostileServer(options);
    await new Promise<void>((resolve) => hostile.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return hostile;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #answer(socket: Socket): void {
    const { manner, random } = this.options;
    this.heard += 1;
    if (manner === 'cuts') socket.destroy();
    if (manner === 'garbage')
      socket.write(Uint8Array.from({ length: 4_096 }, () => Math.floor(random() * 256)));
    if (manner === 'trickle') this.#trickle(socket);
  }

  #trickle(socket: Socket): void {
    const bytes = [...BEGINNINGS[this.options.instead]];
    const timer = setInterval(() => socket.write(Uint8Array.of(bytes.shift() ?? 0)), BETWEEN_BYTES_MS);
    socket.on('close', () => clearInterval(timer));
  }
}

/** Why a store could not be used. Any other failure, or none, fails the test and names its seed. */
export async function whyUnavailable(work: Promise<unknown>, seed: number): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (hasCode(error, 'STORE_UNAVAILABLE')) return error.message;
    throw new Error(`with SEED=${seed}`, { cause: error });
  }
  throw new Error(`with SEED=${seed}: it worked`);
}
