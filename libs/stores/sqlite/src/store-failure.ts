import { StoreUnavailable, hasCode } from '@seatbook/runtime';

/** An error of the driver. Recognised by name: several copies of the driver's JavaScript share one native library and its class. */
export const isSqliteError = (error: unknown): error is { readonly code: string; readonly message: string } =>
  typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'SqliteError';

/**
 * The error as callers see it. What the file system or SQLite refused (disk full, I/O error, damaged page) is a
 * `StoreUnavailable` with SQLite's code as its reason: what was asked is not in the file, except after an I/O error of
 * a commit, where that is known only at the next start. All others are left as they are.
 */
export const asStoreFailure = (file: string, error: unknown): unknown =>
  isSqliteError(error)
    ? new StoreUnavailable(
        `${file}: ${error.message} (${error.code})`,
        error.code,
        error,
        isDamage(error.code),
      )
    : error;

/** Whether it does not pass by itself: what is stored is damaged. */
export const isLasting = (failure: unknown): failure is Error =>
  hasCode(failure, 'CORRUPT_EVENT') || (hasCode(failure, 'STORE_UNAVAILABLE') && failure.lasting);

/** What is read, with the failures of the driver as callers see them. */
export function readFrom<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asStoreFailure(file, error);
  }
}

/** A page is damaged, or the file is not a database. */
export const isDamage = (code: string): boolean =>
  code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || code === 'SQLITE_FORMAT';

/** Another connection holds the lock that was asked for. */
export const isBusy = (error: unknown): boolean =>
  isSqliteError(error) && error.code.startsWith('SQLITE_BUSY');
