import type { Database, Statement } from 'better-sqlite3';
import type { HeldLease, Lease, LeaseSeen, Leases } from '@seatbook/runtime';
import type { GroupCommit } from './group-commit.js';
import { asStoreFailure } from './store-failure.js';

/** Leases in events.db. Epochs are never forgotten: a later holder always has a higher one, over restarts too. */
export class SqliteLeases implements Leases {
  readonly #file: string;
  readonly #commits: GroupCommit;
  readonly #read: Statement<[string], Lease>;
  readonly #set: Statement<[string, number, string | null, number]>;
  readonly #beat: Statement<[string | null, string, string, number]>;
  readonly #release: Statement<[string, number]>;

  constructor(database: Database, commits: GroupCommit) {
    this.#file = database.name;
    this.#commits = commits;
    this.#read = database.prepare('SELECT epoch, holder, beat, status FROM leases WHERE name = ?');
    this.#set = database.prepare('REPLACE INTO leases (name, epoch, holder, beat) VALUES (?, ?, ?, ?)');
    this.#beat = database.prepare(
      'UPDATE leases SET beat = beat + 1, status = coalesce(?, status) WHERE name = ? AND holder = ? AND epoch = ?',
    );
    this.#release = database.prepare(
      'UPDATE leases SET holder = NULL, status = NULL WHERE name = ? AND epoch = ?',
    );
    // The folder's lock proves that whoever held them is gone.
    database.exec('UPDATE leases SET holder = NULL, status = NULL WHERE holder IS NOT NULL');
  }

  async read(names: readonly string[]): Promise<ReadonlyMap<string, Lease>> {
    const found = new Map<string, Lease>();
    try {
      for (const name of names) {
        const lease = this.#read.get(name);
        if (lease) found.set(name, lease);
      }
    } catch (error) {
      throw asStoreFailure(this.#file, error);
    }
    return found;
  }

  acquire(name: string, holder: string, seen: LeaseSeen | 'absent'): Promise<number | null> {
    return this.#commits.submit({
      apply: () => {
        const lease = this.#read.get(name);
        const asSeen = seen === 'absent' ? !lease : lease?.epoch === seen.epoch && lease.beat === seen.beat;
        if (!asSeen) return null;
        const epoch = (lease?.epoch ?? 0) + 1;
        this.#set.run(name, epoch, holder, 0);
        return epoch;
      },
    });
  }

  beat(holder: string, held: readonly HeldLease[]): Promise<readonly string[]> {
    return this.#commits.submit({
      apply: () =>
        held
          .filter(({ name, epoch, status = null }) => this.#beat.run(status, name, holder, epoch).changes > 0)
          .map(({ name }) => name),
    });
  }

  async release(name: string, epoch: number): Promise<void> {
    await this.#commits.submit({ apply: () => this.#release.run(name, epoch) });
  }
}
