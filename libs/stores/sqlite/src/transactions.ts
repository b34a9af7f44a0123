import type { Database, Transaction } from 'better-sqlite3';

/** The transactions of a connection. What the driver makes for one is made once: it costs as much as a short read. */
export class Transactions {
  readonly #run: Transaction<(work: () => unknown) => unknown>;

  constructor(database: Database) {
    this.#run = database.transaction((work: () => unknown) => work());
  }

  /** All that it reads is of one state of the file. */
  read<T>(read: () => T): T {
    return this.#run.deferred(read) as T;
  }

  /** Done whole, or not at all when it throws. */
  write<T>(write: () => T): T {
    return this.#run.immediate(write) as T;
  }
}
