import type { Database, Statement } from 'better-sqlite3';
import type { HeldLease, Lease, LeaseSeen, Leases } from '@seatbook/runtime';
import type { GroupCommit } from './group-commit.js';
import { asStoreFailure } from './store-failure.js';

/** The durable part of a lease. */
type Row = Pick<Lease, 'epoch' | 'holder'>;
/** What a holder tells in one epoch, as long as this process runs. */
type Beat = Pick<Lease, 'epoch' | 'beat' | 'status'>;

const UNTOLD = { beat: 0, status: null };

/**
 * Leases in events.db. Epochs are never forgotten: a later holder always has a higher one, over restarts too. What is
 * there is kept in memory as well, as the folder's lock proves that no other process changes it. Beats are there alone:
 * nobody else can wait for one, and one each few seconds on the disk would hold up the writes of the log for nothing.
 */
export class SqliteLeases implements Leases {
  readonly #file: string;
  readonly #commits: GroupCommit;
  readonly #all: Statement<[], Row & { readonly name: string }>;
  readonly #set: Statement<[string, number, string | null]>;
  readonly #free: Statement<[string]>;
  readonly #beats = new Map<string, Beat>();
  /** The rows of the file; null where they are to be read. */
  #known: Map<string, Row> | null = null;

  constructor(database: Database, commits: GroupCommit) {
    this.#file = database.name;
    this.#commits = commits;
    this.#all = database.prepare('SELECT name, epoch, holder FROM leases');
    this.#set = database.prepare('REPLACE INTO leases (name, epoch, holder) VALUES (?, ?, ?)');
    this.#free = database.prepare('UPDATE leases SET holder = NULL WHERE name = ?');
    // The folder's lock proves that the holders of before have ended.
    database.exec('UPDATE leases SET holder = NULL WHERE holder IS NOT NULL');
    commits.onRollback(() => (this.#known = null));
  }

  async all(): Promise<ReadonlyMap<string, Lease>> {
    return this.#guarded(
      () => new Map([...this.#rows()].map(([name, row]) => [name, this.#leaseWith(name, row)])),
    );
  }

  async read(names: readonly string[]): Promise<ReadonlyMap<string, Lease>> {
    return this.#guarded(() => {
      const found = new Map<string, Lease>();
      for (const name of names) {
        const lease = this.#leaseOf(name);
        if (lease) found.set(name, lease);
      }
      return found;
    });
  }

  acquire(name: string, holder: string, seen: LeaseSeen | 'absent'): Promise<number | null> {
    return this.#commits.submit({
      apply: () => {
        const lease = this.#leaseOf(name);
        const asSeen = seen === 'absent' ? !lease : lease?.epoch === seen.epoch && lease.beat === seen.beat;
        if (!asSeen) return null;
        const epoch = (lease?.epoch ?? 0) + 1;
        this.#set.run(name, epoch, holder);
        this.#rows().set(name, { epoch, holder });
        return epoch;
      },
    });
  }

  async beat(holder: string, held: readonly HeldLease[]): Promise<readonly string[]> {
    return this.#guarded(() =>
      held.flatMap(({ name, epoch, status }) => {
        const row = this.#rows().get(name);
        if (row?.holder !== holder || row.epoch !== epoch) return [];
        const told = this.#toldOf(name, epoch);
        this.#beats.set(name, { epoch, beat: told.beat + 1, status: status ?? told.status });
        return name;
      }),
    );
  }

  async release(name: string, epoch: number): Promise<void> {
    await this.#commits.submit({
      apply: () => {
        if (this.#rows().get(name)?.epoch !== epoch) return;
        this.#free.run(name);
        this.#rows().set(name, { epoch, holder: null });
      },
    });
  }

  #rows(): Map<string, Row> {
    this.#known ??= new Map(this.#all.all().map(({ name, ...row }) => [name, row]));
    return this.#known;
  }

  #leaseOf(name: string): Lease | undefined {
    const row = this.#rows().get(name);
    return row && this.#leaseWith(name, row);
  }

  #leaseWith(name: string, { epoch, holder }: Row): Lease {
    const { beat, status } = this.#toldOf(name, epoch);
    return { epoch, holder, beat, status: holder === null ? null : status };
  }

  #toldOf(name: string, epoch: number): Omit<Beat, 'epoch'> {
    const told = this.#beats.get(name);
    return told?.epoch === epoch ? told : UNTOLD;
  }

  #guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw asStoreFailure(this.#file, error);
    }
  }
}
