import Database from 'better-sqlite3';

/**
 * The file system or SQLite refused (disk full, I/O error, damaged page). `code` is SQLite's, e.g. `SQLITE_FULL`.
 * What was asked is not in the file, except after an I/O error of a commit, where that is known only at the next start.
 */
export class StorageFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
    cause: unknown,
  ) {
    super(message, { cause });
    this.name = 'StorageFailed';
  }
}

/** The error as callers see it: those of SQLite typed, all others as they are. */
export function asStorageFailure(file: string, error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  return new StorageFailed(error.code, `${file}: ${error.message} (${error.code})`, error);
}

/** A page is damaged, or the file is no database at all. */
export const isDamage = (code: string): boolean =>
  code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || code === 'SQLITE_FORMAT';

/** Another connection holds the lock that was asked for. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
