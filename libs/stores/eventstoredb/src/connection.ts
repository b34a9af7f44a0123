import type { EventEmitter } from 'node:events';
import type { EventStoreDBClient } from '@eventstore/db-client';
import type { Clock, Milliseconds } from '@seatbook/kernel';
import { addressWith, clientOf } from './address.js';
import { type ServerFailure, noAnswer, serverFailure } from './server-failure.js';
import { Slots } from './slots.js';

/** What a connection is for. Each has a TCP connection of its own: one carries 100 calls, and one more waits in silence. */
export type Purpose = 'appends' | 'reads' | 'subscriptions';

/**
 * A keepalive of its own is what separates one connection from another: the driver shares one among all clients of a
 * process that have the same address and settings. It also makes a server that hangs noticed within four seconds.
 */
const KEEP_ALIVE_MS: Readonly<Record<Purpose, Milliseconds>> = {
  appends: 2_000,
  reads: 2_100,
  subscriptions: 2_200,
};
/** Values of the keepalive that belong to one purpose. */
const RENEWALS = 100;

export interface ConnectionOptions {
  readonly address: string;
  readonly purpose: Purpose;
  readonly clock: Clock;
  /** Calls at once. */
  readonly calls: number;
  /** A call without an answer is given up after this time. */
  readonly answerMs: Milliseconds;
  /** Called when it was made again: what is at the other end may be another server. */
  readonly renewed: () => void;
}

/** Takes what ends a call on the server, too. */
type GivenUp = (end: () => void) => void;

/**
 * One connection to the leader. After a disconnect it is made again from scratch, with another keepalive: the driver
 * would keep the pause that it has come to, minutes in the end, and a server that is back would not be looked at.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #slots: Slots;
  #client: EventStoreDBClient;
  #renewals = 0;
  #renewing: Promise<void> | null = null;
  /** The last call was answered, so there is something to close. */
  #answers = false;

  /** @throws AddressInvalid */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#slots = new Slots(options.calls);
    this.#client = this.#newClient();
  }

  /**
   * Makes a call when there is a slot for it. What the call gives `givenUp` is done when the time for an answer is over.
   * @throws ServerFailure
   */
  call<T>(work: (client: EventStoreDBClient, givenUp: GivenUp) => Promise<T>): Promise<T> {
    return this.#slots.within(async () => {
      await this.#renewing;
      const client = this.#client;
      try {
        const answer = await this.#answerOf((givenUp) => work(client, givenUp));
        this.#answers = true;
        return answer;
      } catch (error) {
        throw await this.failed(client, error);
      }
    });
  }

  /** Takes a slot for a call that lasts; the caller gives it back. @throws the reason of the signal */
  async lasting(
    signal: AbortSignal,
  ): Promise<{ readonly client: EventStoreDBClient; readonly giveBack: () => void }> {
    const giveBack = await this.#slots.take(signal);
    await this.#renewing;
    return { client: this.#client, giveBack };
  }

  /** What the failure of a call means. One of the connection has it made again before the next call. */
  async failed(client: EventStoreDBClient, error: unknown): Promise<ServerFailure> {
    const failure = serverFailure(error);
    if (failure.kind === 'disconnected') {
      this.#answers = false;
      if (client === this.#client) {
        this.#renewing ??= this.#renew(failure.reason === 'NO_ANSWER').finally(() => {
          this.#renewing = null;
        });
      }
      await this.#renewing;
    } else if (failure.kind !== 'unknown') {
      this.#answers = true;
    }
    return failure;
  }

  async close(): Promise<void> {
    await this.#renewing;
    await release(this.#client, this.#answers);
  }

  /**
   * The old client's calls end before the new one exists. The driver keeps the appends of all its streams in one table:
   * a stream that broke later would take those of the next one with it.
   */
  async #renew(open: boolean): Promise<void> {
    await release(this.#client, open);
    this.#renewals += 1;
    this.#client = this.#newClient();
    this.#options.renewed();
  }

  #newClient(): EventStoreDBClient {
    const { address, purpose } = this.#options;
    return deafToStrayAnswers(
      clientOf(
        addressWith(address, {
          keepAliveInterval: KEEP_ALIVE_MS[purpose] + (this.#renewals % RENEWALS),
          keepAliveTimeout: 2_000,
          throwOnAppendFailure: 'true',
          nodePreference: 'leader',
          connectionName: `seatbook ${purpose}`,
        }),
      ),
    );
  }

  #answerOf<T>(work: (givenUp: GivenUp) => Promise<T>): Promise<T> {
    const { clock, answerMs } = this.#options;
    let end = (): void => undefined;
    return new Promise<T>((resolve, reject) => {
      const cancel = clock.after(answerMs, () => {
        end();
        reject(noAnswer(answerMs));
      });
      work((what) => (end = what))
        .then(resolve, reject)
        .finally(cancel);
    });
  }
}

interface Closable {
  close(): void;
}

/** Ends the calls of a client and closes its connection, where it is open; the client itself only ends the calls. */
async function release(client: EventStoreDBClient, open: boolean): Promise<void> {
  await client.dispose();
  if (!open) return;
  const channelOf = Reflect.get(client, 'getChannel') as () => Promise<Closable>;
  (await channelOf()).close();
}

type StreamCreator = (
  service: unknown,
  name: string,
  create: (grpc: unknown) => EventEmitter,
  cache?: unknown,
) => unknown;

/**
 * When any stream of appends breaks, the driver forgets who waits for answers on all of them. An answer that comes all the
 * same makes its handler throw, where nothing but the process hears it. Whoever waited is in doubt by then.
 */
function deafToStrayAnswers(client: EventStoreDBClient): EventStoreDBClient {
  const creator = Reflect.get(client, 'GRPCStreamCreator') as StreamCreator;
  const careful: StreamCreator = (service, name, create, cache) =>
    creator(service, name, (grpc) => (name === 'appendToStream' ? deaf(create(grpc)) : create(grpc)), cache);
  Reflect.set(client, 'GRPCStreamCreator', careful);
  return client;
}

function deaf(stream: EventEmitter): EventEmitter {
  for (const listener of stream.listeners('data') as ((answer: unknown) => void)[]) {
    stream.off('data', listener);
    stream.on('data', (answer) => {
      try {
        listener(answer);
      } catch {
        // Nobody waits for it; who does, asks again when the time for an answer is over.
      }
    });
  }
  return stream;
}
