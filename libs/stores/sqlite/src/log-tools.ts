import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@seatbook/kernel';
import { SqliteEventStore } from './event-store.js';
import { openEventsFileForReading } from './events-file.js';
import { EVENTS_FILE } from './folder.js';

/** What a log holds, after every row of it was checked. */
export interface VerifiedLog {
  readonly file: string;
  readonly events: number;
  readonly streams: number;
}

/**
 * Checks every row, revision and position of the log in a folder, beside the process that writes it or without one.
 * Needs no key: sealed secrets are not opened. Reads the whole file and blocks the thread meanwhile.
 * @throws LogUnusable for a file that is not a log of this build
 * @throws CorruptEvent naming the first row that is not what was written; StoreUnavailable for a damaged file
 */
export async function verifyLog(folder: string): Promise<VerifiedLog> {
  const file = join(folder, EVENTS_FILE);
  const { database } = openEventsFileForReading(file);
  try {
    return { file, ...(await new SqliteEventStore(database, null, systemClock).verify()) };
  } finally {
    database.close();
  }
}

/** The target folder already contains a log. */
export class BackupExists extends Error {
  constructor(file: string) {
    super(`${file} exists already: choose a folder without a backup, it is never overwritten`);
    this.name = 'BackupExists';
  }
}

/**
 * Copies the log of a folder into another one, while a process writes it or without one, and verifies the copy. Read
 * models are not copied: they are built again from the log. Nor is the sealing key, which belongs in another place than
 * the backup.
 * @throws BackupExists, and what `verifyLog` throws of the copy; nothing is left of a copy that failed
 */
export async function backupLog(folder: string, target: string): Promise<VerifiedLog> {
  const file = join(target, EVENTS_FILE);
  if (existsSync(file)) throw new BackupExists(file);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const unfinished = join(target, 'unfinished');
  mkdirSync(unfinished, { mode: 0o700, recursive: true });
  const copy = join(unfinished, EVENTS_FILE);
  try {
    const { database } = openEventsFileForReading(join(folder, EVENTS_FILE));
    try {
      await database.backup(copy);
    } finally {
      database.close();
    }
    chmodSync(copy, 0o600);
    const verified = await verifyLog(unfinished);
    renameSync(copy, file);
    return { ...verified, file };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
