import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { CommandFailure } from './collection.js';
import { Databases } from './commands.js';
import { MessageReader, answerTo, type Fields, type Message } from './wire.js';

/** What becomes of a command that a fault meets. */
export type Fault =
  /** The connection is cut before the command is done. */
  | 'cut'
  /** The command is done, and the connection is cut before its answer. */
  | 'lose-answer'
  /** The command is refused. */
  | { readonly error: { readonly code: number; readonly codeName: string } }
  /** The command is done on the primary, and its write concern is not fulfilled. */
  | { readonly writeConcernError: { readonly code: number; readonly codeName: string } }
  /** The command is done only then. */
  | { readonly after: Promise<void> };

/** A command and the collection that it is for. */
export interface Asked {
  readonly name: string;
  readonly collection: string;
  readonly command: Fields;
}

interface Trap {
  readonly meets: (asked: Asked) => boolean;
  readonly fault: Fault;
  left: number;
}

export const NOT_WRITABLE_PRIMARY = { code: 10_107, codeName: 'NotWritablePrimary' };

/**
 * A MongoDB server for tests: the real driver speaks to it over real sockets. It holds its data in memory, also while it
 * is stopped, and does with commands what it is told to. What it cannot prove: majority and rollback, since it is alone;
 * and which index a real planner takes. It is stricter in one thing: it sorts nothing that no index sorts.
 */
export class MongoServer {
  readonly #databases: Databases;
  readonly #sockets = new Set<Socket>();
  readonly #traps: Trap[] = [];
  readonly #listeners = new Set<(asked: Asked) => void>();
  readonly #replicaSet: boolean;
  #faultOf: (asked: Asked) => Fault | null = () => null;
  #server: Server | null = null;
  #port = 0;
  #primary = true;
  #race: ((insert: (document: Fields) => void, document: Fields) => void) | null = null;

  /** @param replicaSet a member of a replica set of one, with sessions; otherwise a standalone server */
  constructor({ replicaSet = false }: { readonly replicaSet?: boolean } = {}) {
    this.#replicaSet = replicaSet;
    this.#databases = new Databases((namespace, document) => this.#beforeInsert(namespace, document));
  }

  static async started(options?: { readonly replicaSet?: boolean }): Promise<MongoServer> {
    const server = new MongoServer(options);
    await server.start();
    return server;
  }

  /** Where it listens; the same after a restart. */
  get url(): string {
    const options = this.#replicaSet ? 'replicaSet=double' : 'directConnection=true';
    return `mongodb://127.0.0.1:${this.#port}/seatbook?${options}&heartbeatFrequencyMS=500&serverSelectionTimeoutMS=2000`;
  }

  async start(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Cuts all connections and listens no more. The data stay. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    this.cutConnections();
    await closed;
  }

  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Does this to the next commands of that name, on a collection if one is named. */
  trap(
    name: string,
    fault: Fault,
    { collection, times = 1 }: { collection?: string; times?: number } = {},
  ): void {
    const meets = (asked: Asked): boolean =>
      asked.name === name && (collection === undefined || asked.collection === collection);
    this.#traps.push({ meets, fault, left: times });
  }

  /** Asks for each command what becomes of it; null: nothing. Ends with the function that is returned. */
  hurt(faultOf: (asked: Asked) => Fault | null): () => void {
    this.#faultOf = faultOf;
    return () => (this.#faultOf = () => null);
  }

  /** What somebody does to the data with tools of their own. */
  run(command: Fields): Fields {
    return this.#run('seatbook', command);
  }

  /** Calls back for each command. Returns an unsubscribe function. */
  onCommand(listener: (asked: Asked) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next upsert that has found nothing meets a document of its key that another writer inserts just now. */
  raceNextUpsert(rivalOf: (document: Fields) => Fields): void {
    this.#race = (insert, document) => {
      this.#race = null;
      insert(rivalOf(document));
    };
  }

  /** It is primary no more: it refuses what it is asked, and says so of itself. */
  stepDown(): void {
    this.#primary = false;
  }

  stepUp(): void {
    this.#primary = true;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const reader = new MessageReader();
    socket.on('data', (chunk: Buffer) => {
      for (const message of reader.read(chunk)) void this.#handle(socket, message);
    });
  }

  async #handle(socket: Socket, message: Message): Promise<void> {
    const answer = await this.#answer(message);
    if (answer === null) socket.destroy();
    else if (!socket.destroyed) socket.write(answerTo(message, answer));
  }

  /** Null: none, the connection is cut. */
  async #answer({ database, command }: Message): Promise<Fields | null> {
    const [name = ''] = Object.keys(command);
    if (['hello', 'ismaster', 'isMaster'].includes(name)) return this.#hello();
    const asked = { name, collection: String(command[name]), command };
    for (const listener of this.#listeners) listener(asked);
    const fault = this.#faultFor(asked);
    if (fault === 'cut') return null;
    if (fault !== null && typeof fault === 'object') {
      if ('error' in fault) return refused(fault.error.code, fault.error.codeName, 'as the test wants it');
      if ('after' in fault) await fault.after;
    }
    if (!this.#primary && name !== 'endSessions')
      return refused(NOT_WRITABLE_PRIMARY.code, NOT_WRITABLE_PRIMARY.codeName, 'not primary');
    const answer = this.#run(database, command);
    if (fault === 'lose-answer') return null;
    if (fault !== null && typeof fault === 'object' && 'writeConcernError' in fault)
      return { ...answer, writeConcernError: { ...fault.writeConcernError, errmsg: 'as the test wants it' } };
    return answer;
  }

  #run(database: string, command: Fields): Fields {
    try {
      return { ...this.#databases.run(database, command), ok: 1 };
    } catch (error) {
      if (!(error instanceof CommandFailure)) return refused(8, 'UnknownError', String(error));
      return { ...refused(error.code, error.codeName, error.message), ...error.more };
    }
  }

  #faultFor(asked: Asked): Fault | null {
    const trap = this.#traps.find(({ meets, left }) => left > 0 && meets(asked));
    if (!trap) return this.#faultOf(asked);
    trap.left -= 1;
    return trap.fault;
  }

  #beforeInsert(namespace: string, document: Fields): void {
    const [database = '', ...rest] = namespace.split('.');
    const insert = rest.join('.');
    this.#race?.((rival) => this.#databases.run(database, { insert, documents: [rival] }), document);
  }

  #hello(): Fields {
    const address = `127.0.0.1:${this.#port}`;
    return {
      ismaster: this.#primary,
      isWritablePrimary: this.#primary,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      minWireVersion: 0,
      maxWireVersion: 21,
      readOnly: false,
      ...(this.#replicaSet && {
        secondary: !this.#primary,
        setName: 'double',
        hosts: [address],
        me: address,
        ...(this.#primary && { primary: address }),
        logicalSessionTimeoutMinutes: 30,
      }),
      ok: 1,
    };
  }
}

const refused = (code: number, codeName: string, errmsg: string): Fields => ({
  ok: 0,
  code,
  codeName,
  errmsg,
});
