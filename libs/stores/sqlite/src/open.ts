import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, type Clock, type Ids, type Position } from '@seatbook/kernel';
import type { Directory, Leases, Progress, ReadStore, Secrets } from '@seatbook/runtime';
import { SqliteDirectory } from './directory.js';
import { SqliteEventStore } from './event-store.js';
import { LogUnusable, openEventsFile, openEventsFileForReading } from './events-file.js';
import { EVENTS_FILE, VIEWS_FILE } from './folder.js';
import { lockFolder } from './folder-lock.js';
import { GroupCommit } from './group-commit.js';
import { SqliteLeases } from './leases.js';
import { PartedReadStore, type ModelsApart } from './parted-read-store.js';
import { SqliteProgress } from './progress.js';
import { SqliteReadStore } from './read-store.js';
import { verifyKey } from './sealing-key.js';
import { SqliteSecrets } from './secrets.js';
import { isCondemned, openViewsFile, openViewsFileBeside } from './views-file.js';

export interface SqliteStoresOptions {
  /** Where the files are; created if it does not exist. */
  readonly folder: string;
  /** The 32 bytes that seal the secrets, see `loadOrCreateKey`. */
  readonly key: Buffer;
  readonly clock: Clock;
  readonly ids: Ids;
  /** What a second process is told about this one. */
  readonly name?: string;
  /** Read models that are not in views.db; none when absent. */
  readonly apart?: readonly ModelsApart[];
  /** Called when a file of read models turns out to be damaged while it is in use: it is deleted when it is opened again. */
  readonly viewsDamaged?: ((reason: string) => void) | undefined;
}

/** All embedded stores of one process. */
export interface SqliteStores {
  readonly events: SqliteEventStore;
  readonly reads: ReadStore;
  readonly progress: Progress;
  readonly leases: Leases;
  readonly secrets: Secrets;
  readonly directory: Directory;
  /** Anything unusual about the start, as lines for the log of the process. */
  readonly notices: readonly string[];
  /** Finishes all pending calls, closes the files and releases the folder. */
  close(): Promise<void>;
}

/**
 * Takes the folder and opens everything in it. Read models are built either here, or by another thread with
 * `openSqliteBuilder`; both may read.
 * @throws FolderLocked when another process has it
 * @throws LogUnusable when events.db is damaged or of another format
 * @throws SealingKeyUnusable when the key is not the one that sealed the secrets
 */
export async function openSqliteStores(options: SqliteStoresOptions): Promise<SqliteStores> {
  const { folder, key, clock, ids, name = 'seatbook', apart = [], viewsDamaged } = options;
  // What was opened so far, to be closed in the opposite order.
  const opened: (() => void)[] = [];
  const closeAll = (): void => {
    for (const close of opened.splice(0).reverse()) close();
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  opened.push(await lockFolder(folder, name, clock));
  try {
    refuseLostLog(folder);
    const { database, logId } = openEventsFile(join(folder, EVENTS_FILE), ids);
    opened.push(() => database.close());
    verifyKey(database, key);
    const commits = new GroupCommit(database);
    const events = new SqliteEventStore(database, commits, clock);
    const head = await events.head();
    const parts = [VIEWS_FILE, ...apart.map(({ file }) => file)].map((file) => {
      const part = openViews(join(folder, file), logId, head, viewsDamaged);
      opened.push(part.close);
      return part;
    });
    const [main, ...others] = parts.map(({ reads }) => reads) as [SqliteReadStore, ...SqliteReadStore[]];
    const storeOf = apart.flatMap(({ models }, index) =>
      models.map((model) => [model, others[index] as SqliteReadStore] as const),
    );
    return {
      events,
      reads: new PartedReadStore(main, new Map(storeOf)),
      progress: new SqliteProgress(database, commits),
      leases: new SqliteLeases(database, commits),
      secrets: new SqliteSecrets(database, commits, key),
      directory: new SqliteDirectory(database, commits, ids),
      notices: parts.flatMap(({ notices }) => notices),
      async close() {
        await Promise.all([commits, ...parts.map(({ reads }) => reads)].map((writer) => writer.close()));
        if (database.open) database.pragma('wal_checkpoint(TRUNCATE)');
        closeAll();
      },
    };
  } catch (error) {
    closeAll();
    throw error;
  }
}

interface Views {
  readonly reads: SqliteReadStore;
  readonly notices: readonly string[];
  readonly close: () => void;
}

/** Opens the views of a log that ends at `head`. Those that turn out to be damaged on the way begin empty. */
function openViews(
  file: string,
  logId: string,
  head: Position,
  damaged: SqliteStoresOptions['viewsDamaged'],
): Views {
  const notices: string[] = [];
  let inUse = false;
  for (;;) {
    const views = openViewsFile(file, logId);
    notices.push(...views.notices);
    try {
      const reads = new SqliteReadStore(views.database, (reason) => {
        if (inUse) damaged?.(reason);
      });
      const ahead = reads.resetIfAhead(head);
      if (ahead !== null) notices.push(ahead);
      inUse = true;
      return { reads, notices, close: () => void views.database.close() };
    } catch (error) {
      views.database.close();
      // A file that was just made is as good as the disk can make it.
      if (!isCondemned(file) || views.notices.length > 0) throw error;
    }
  }
}

/** Read models without the log that they were made of: this is no first start. @throws LogUnusable */
function refuseLostLog(folder: string): void {
  const [events, views] = [join(folder, EVENTS_FILE), join(folder, VIEWS_FILE)];
  if (existsSync(events) || !existsSync(views) || statSync(views).size === 0) return;
  throw new LogUnusable(
    events,
    `it is missing, although ${views} was made of it; restore it from a backup, or delete ${VIEWS_FILE} too to begin a new log`,
  );
}

/** What a thread that builds read models works with. */
export interface SqliteBuilder {
  /** For reading only. It hears of new events when `ring` is called with what the main thread's log called back. */
  readonly events: SqliteEventStore;
  readonly reads: SqliteReadStore;
  ring(position: Position): void;
  close(): void;
}

export interface SqliteBuilderOptions extends Pick<SqliteStoresOptions, 'folder' | 'viewsDamaged'> {
  /** The file of the models that the thread builds; views.db when absent. */
  readonly file?: string;
}

/** Opens the stores for a thread that builds read models beside the one that called `openSqliteStores`. */
export function openSqliteBuilder({
  folder,
  file = VIEWS_FILE,
  viewsDamaged,
}: SqliteBuilderOptions): SqliteBuilder {
  const { database, logId } = openEventsFileForReading(join(folder, EVENTS_FILE));
  try {
    const views = openViewsFileBeside(join(folder, file), logId, viewsDamaged);
    const events = new SqliteEventStore(database, null, systemClock);
    return {
      events,
      reads: new SqliteReadStore(views, viewsDamaged),
      ring: (position) => events.ring(position),
      close() {
        views.close();
        database.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
