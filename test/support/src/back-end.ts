import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Clock, Ids, Random } from '@seatbook/kernel';
import type { OpenedStores } from '@seatbook/runtime';
import { embeddedViews, modelsApart } from '@seatbook/application';
import { openSqliteStores } from '@seatbook/store-sqlite';

/** What a life of a process brings along for its stores. */
export interface StoresLife {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
}

/** Where a deployment keeps its data, over all lives of its processes. */
export interface BackEnd {
  open(life: StoresLife): Promise<OpenedStores>;
  /** Lets a call of a store meet a fault on its way. False where there is no way: its caller is told by the port itself. */
  strike(call: string, fate: 'fails' | 'answer-lost'): boolean;
  /** No fault is left that was not met, and everything can be reached. */
  calm(): Promise<void>;
  /** Everything is lost that can be made again from the log. No process may have it open. */
  loseViews(): void;
  /** Changes bytes of a kept snapshot, where it can be reached: what is read is still JSON, with other serial numbers. */
  damageSnapshot(stream: string): boolean;
  /** Whether all that was asked has its answer; null where calls need not be counted, since none of them goes far. */
  readonly answered: boolean | null;
  /** A part of it is out of reach: answers may not come however long one waits. */
  readonly away: boolean;
  close(): Promise<void>;
}

export const SEALING_KEY = Buffer.alloc(32, 7);

/** SQLite files in a folder of their own. */
export class EmbeddedBackEnd implements BackEnd {
  readonly folder = mkdtempSync(join(tmpdir(), 'seatbook-'));
  readonly answered = null;
  readonly away = false;

  open({ clock, ids }: StoresLife): Promise<OpenedStores> {
    return openSqliteStores({ folder: this.folder, key: SEALING_KEY, clock, ids, apart: modelsApart });
  }

  strike(): boolean {
    return false;
  }

  async calm(): Promise<void> {
    // Its faults are those of the port, and whoever makes them ends them.
  }

  loseViews(): void {
    for (const { file } of embeddedViews)
      for (const end of ['', '-wal', '-shm']) rmSync(join(this.folder, `${file}${end}`), { force: true });
  }

  damageSnapshot(stream: string): boolean {
    const database = new Database(join(this.folder, 'views.db'));
    try {
      const change = "UPDATE snapshotChunks SET chunk = replace(chunk, 'd:S', 'd:Z') WHERE stream = ?";
      return database.prepare(change).run(stream).changes > 0;
    } finally {
      database.close();
    }
  }

  async close(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
