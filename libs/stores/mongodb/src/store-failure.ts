import { MongoBulkWriteError, MongoError, MongoServerSelectionError, type WriteError } from 'mongodb';
import { StoreUnavailable, withoutAddresses } from '@seatbook/runtime';

/**
 * What the server refuses because of what it was given: a document that is too large, a value or a query that it does not
 * understand. The same again fails again, so it is no failure of the store.
 */
const REFUSALS: ReadonlySet<unknown> = new Set([2, 9, 14, 52, 56, 57, 10_334, 17_280, 17_419, 17_420]);

/** The driver itself refuses what it was given. */
const REFUSED_BY_DRIVER: ReadonlySet<string> = new Set(['MongoInvalidArgumentError']);

/** What a connection ends with, which the driver does not always put into words of its own. */
const SOCKET_FAILURES: ReadonlySet<string> = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ETIMEDOUT',
]);

/**
 * The error as callers see it. What network, server or replica set cannot do at present is a `StoreUnavailable` with the
 * server's or the driver's name of it as its reason; whether a write that ended so was done is not known. All others are
 * left as they are.
 */
export function asStoreFailure(error: unknown): unknown {
  if (!(error instanceof MongoError)) return ofSocket(error) ?? error;
  if (REFUSALS.has(error.code) || REFUSED_BY_DRIVER.has(error.name)) return error;
  return new StoreUnavailable(`MongoDB: ${withoutAddresses(error.message)}`, reasonOf(error), error);
}

function ofSocket(error: unknown): StoreUnavailable | null {
  const { code, message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code === undefined || !SOCKET_FAILURES.has(code)) return null;
  return new StoreUnavailable(`MongoDB: ${withoutAddresses(message)}`, code, error);
}

/** What is asked of the server, with its failures as callers see them. */
export async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreFailure(error);
  }
}

/** Nothing was sent: there was no server to send it to. */
export const wasNotSent = (error: unknown): boolean => error instanceof MongoServerSelectionError;

/** There is a document of that key already. */
export const isDuplicate = (error: unknown): boolean =>
  error instanceof MongoError && error.code === DUPLICATE_KEY;

export const DUPLICATE_KEY = 11_000;

/**
 * What a bulk of writes did not do, where all of that was to be expected and the rest is durable.
 * @throws the error itself in any other case
 */
export function expectedFailures(
  error: unknown,
  isExpected: (failure: WriteError) => boolean,
): readonly WriteError[] {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const failures = [error.writeErrors].flat();
  if (failures.length === 0 || !failures.every(isExpected) || error.result.getWriteConcernError())
    throw error;
  return failures;
}

function reasonOf(error: MongoError): string {
  const { codeName } = error as { codeName?: unknown };
  if (typeof codeName === 'string') return codeName;
  return error.code === undefined ? error.name : `${error.name} ${error.code}`;
}
