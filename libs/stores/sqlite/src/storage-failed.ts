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

/** An error of the driver. Recognised by name: several copies of the driver's JavaScript share one native library and its class. */
export const isSqliteError = (error: unknown): error is { readonly code: string; readonly message: string } =>
  typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'SqliteError';

/** The error as callers see it: those of SQLite typed, all others as they are. */
export const asStorageFailure = (file: string, error: unknown): unknown =>
  isSqliteError(error)
    ? new StorageFailed(error.code, `${file}: ${error.message} (${error.code})`, error)
    : error;

/** A page is damaged, or the file is no database at all. */
export const isDamage = (code: string): boolean =>
  code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || code === 'SQLITE_FORMAT';

/** Another connection holds the lock that was asked for. */
export const isBusy = (error: unknown): boolean =>
  isSqliteError(error) && error.code.startsWith('SQLITE_BUSY');
