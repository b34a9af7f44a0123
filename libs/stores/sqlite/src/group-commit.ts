import type { Database, Statement } from 'better-sqlite3';
import { asStoreFailure } from './store-failure.js';

/** Writes of one drain; further ones go into the next, after other work of the process had its turn. */
const MAX_WRITES = 256;
const MAX_BYTES = 4_000_000;

/** One atomic write. It may be run again after its transaction was rolled back. */
export interface Write<T> {
  /** Throws when the write may not happen. Changes nothing. */
  check?(): void;
  apply(): T;
  /** Approximate size in bytes, if it may be large. */
  readonly bytes?: number;
}

interface Waiting {
  readonly bytes: number;
  check(): void;
  apply(): void;
  committed(): void;
  failed(error: unknown): void;
}

/**
 * All writes to a file go through one queue: what was asked in one turn of the event loop shares one transaction and one
 * fsync. A write that is refused leaves its neighbours alone, and a promise resolves only when its commit is on disk.
 */
export class GroupCommit {
  readonly #database: Database;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  #queue: Waiting[] = [];
  #scheduled = false;
  #closed = false;
  readonly #afterCommit: (() => void)[] = [];
  readonly #afterRollback: ((failure: unknown) => void)[] = [];
  #idle: (() => void)[] = [];

  constructor(database: Database) {
    this.#database = database;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
  }

  /** Called once per transaction that is on disk, after its promises were resolved. */
  onCommit(listener: () => void): void {
    this.#afterCommit.push(listener);
  }

  /** Called when a transaction was undone, and why: anything remembered from it is wrong. */
  onRollback(listener: (failure: unknown) => void): void {
    this.#afterRollback.push(listener);
  }

  submit<T>(write: Write<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error(`${this.#database.name} is closed`));
    return new Promise<T>((resolve, reject) => {
      let result: { value: T };
      this.#queue.push({
        bytes: write.bytes ?? 0,
        check: () => write.check?.(),
        apply: () => {
          result = { value: write.apply() };
        },
        committed: () => resolve(result.value),
        failed: reject,
      });
      this.#schedule();
    });
  }

  /** Refuses new writes; resolves when all waiting ones have been written or refused. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#scheduled) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const batch = this.#take();
      const committed = this.#together(batch) ?? this.#alone(batch);
      for (const write of committed) write.committed();
      if (this.#queue.length > 0) this.#schedule();
      else for (const resolve of this.#idle.splice(0)) resolve();
      if (committed.length > 0) for (const listener of this.#afterCommit) listener();
    });
  }

  #take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const write of this.#queue) {
      bytes += write.bytes;
      if (count > 0 && (count === MAX_WRITES || bytes > MAX_BYTES)) break;
      count += 1;
    }
    if (count === this.#queue.length) {
      const all = this.#queue;
      this.#queue = [];
      return all;
    }
    return this.#queue.splice(0, count);
  }

  /**
   * The usual way: one transaction for all. A failed check has written nothing, so no SAVEPOINT is needed (it would cost
   * a tenth of the rate). Undefined if one write broke off half-way and everything was undone.
   */
  #together(batch: readonly Waiting[]): readonly Waiting[] | undefined {
    const written: Waiting[] = [];
    const refused: { write: Waiting; error: unknown }[] = [];
    try {
      this.#open();
    } catch (error) {
      // No transaction has begun, so no write caused this, and each of them would wait for the lock again.
      for (const write of batch) write.failed(asStoreFailure(this.#database.name, error));
      return [];
    }
    try {
      for (const write of batch) {
        try {
          write.check();
        } catch (error) {
          refused.push({ write, error });
          continue;
        }
        write.apply();
        written.push(write);
      }
      this.#commit.run();
    } catch (error) {
      const failure = asStoreFailure(this.#database.name, error);
      this.#undo(failure);
      // It was alone in its transaction, so it caused the failure.
      if (batch.length > 1) return undefined;
      batch[0]?.failed(failure);
      return [];
    }
    for (const { write, error } of refused) write.failed(asStoreFailure(this.#database.name, error));
    return written;
  }

  /** One transaction for each, in their order: a write that fails now fails alone. */
  #alone(batch: readonly Waiting[]): readonly Waiting[] {
    return batch.flatMap((write) => this.#together([write]) ?? []);
  }

  #open(): void {
    // One that could not be rolled back is still open.
    if (this.#database.inTransaction) this.#rollback.run();
    this.#begin.run();
  }

  #undo(failure: unknown): void {
    try {
      // After some errors (disk full, I/O) SQLite has already rolled back.
      if (this.#database.inTransaction) this.#rollback.run();
    } catch {
      // The error that led here is the one to report; the next transaction tries to roll this one back first.
    }
    for (const listener of this.#afterRollback) listener(failure);
  }
}
