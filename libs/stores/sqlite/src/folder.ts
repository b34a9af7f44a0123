import { chmodSync, closeSync, existsSync, fsyncSync, openSync } from 'node:fs';

/** Events, secrets, directory, progress: everything that a rebuild cannot bring back. */
export const EVENTS_FILE = 'events.db';
/** Documents and snapshots: made from the events, may be deleted while nothing runs. So may the files of other models. */
export const VIEWS_FILE = 'views.db';
/** Contains nothing; it only exists to be locked. */
export const LOCK_FILE = 'lock.db';
/** Who holds the lock, for the message to a process that is refused. */
export const HOLDER_FILE = 'lock.json';

/** What SQLite puts beside a file, with the permissions of that file. */
const BESIDE = ['', '-wal', '-shm', '-journal'];

/** Lets only the user of this process read a file of the data folder, whatever the umask; makes it if need be. */
export function keepPrivate(file: string): void {
  // Made here and not by SQLite, so that it is never open to others, not even for a moment.
  closeSync(openSync(file, 'a', 0o600));
  // Windows has no such bits.
  if (process.platform === 'win32') return;
  for (const name of BESIDE) if (existsSync(`${file}${name}`)) chmodSync(`${file}${name}`, 0o600);
}

/** A new file survives a power cut only once its folder is flushed too. */
export function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
