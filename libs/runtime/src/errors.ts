import { isRefusal, type Milliseconds, type Position } from '@seatbook/kernel';
import { MAX_APPEND_BYTES, MAX_APPEND_EVENTS, type ExpectedRevision } from './event-store.js';

/** What a port can say went wrong. Told apart by code and never by class, so that two copies of this package agree. */
export type StoreErrorCode =
  | 'WRONG_EXPECTED_REVISION'
  | 'APPEND_TOO_LARGE'
  | 'CORRUPT_EVENT'
  | 'CHECKPOINT_MOVED'
  | 'STORE_UNAVAILABLE'
  | 'INVALID_CURSOR'
  | 'SECRET_UNREADABLE';

/** A failure that a port names. */
export abstract class StoreError extends Error {
  abstract readonly code: StoreErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

interface ErrorOfCode {
  readonly WRONG_EXPECTED_REVISION: WrongExpectedRevision;
  readonly APPEND_TOO_LARGE: AppendTooLarge;
  readonly CORRUPT_EVENT: CorruptEvent;
  readonly CHECKPOINT_MOVED: CheckpointMoved;
  readonly STORE_UNAVAILABLE: StoreUnavailable;
  readonly INVALID_CURSOR: InvalidCursor;
  readonly SECRET_UNREADABLE: SecretUnreadable;
}

export const hasCode = <C extends StoreErrorCode>(error: unknown, code: C): error is ErrorOfCode[C] =>
  error instanceof Error && 'code' in error && error.code === code;

/** The stream was not where the append expected it. */
export class WrongExpectedRevision extends StoreError {
  readonly code = 'WRONG_EXPECTED_REVISION';

  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    readonly actual: ExpectedRevision,
  ) {
    super(`${stream}: expected ${expected}, found ${actual}`);
  }
}

/** An append beyond the limits is a bug of the caller: what is longer is several appends under an order. */
export class AppendTooLarge extends StoreError {
  readonly code = 'APPEND_TOO_LARGE';

  constructor(stream: string, events: number, bytes: number) {
    super(
      `${stream}: ${events} events of ${bytes} bytes in one append (1 to ${MAX_APPEND_EVENTS} events, ${MAX_APPEND_BYTES} bytes at most)`,
    );
  }
}

/** A row of the log is not what was written. Nothing that rests on it may go on. */
export class CorruptEvent extends StoreError {
  readonly code = 'CORRUPT_EVENT';

  constructor(
    readonly stream: string,
    readonly revision: number,
    readonly position: Position,
    /** What is wrong with it. */
    why = 'does not match its checksum',
  ) {
    super(
      `the event at position ${position} (${stream}, revision ${revision}) ${why}: restore the log from a backup`,
    );
  }
}

/** Another worker moved this checkpoint or took it over: what rests on the old one may not go on. */
export class CheckpointMoved extends StoreError {
  readonly code = 'CHECKPOINT_MOVED';

  constructor(name: string, expected: CheckpointPlace, actual: CheckpointPlace) {
    super(
      `the checkpoint of ${name} is at ${placeText(actual)}, not at ${placeText(expected)}: another worker has it`,
    );
  }
}

/** Where a checkpoint is and the epoch of the worker that may move it. */
export interface CheckpointPlace {
  readonly position: Position;
  readonly epoch: number;
}

const placeText = ({ position, epoch }: CheckpointPlace): string => `${position} in epoch ${epoch}`;

/** The store cannot be reached, or its disk does not take or give what is asked. It passes or an operator mends it. */
export class StoreUnavailable extends StoreError {
  readonly code = 'STORE_UNAVAILABLE';

  constructor(
    message: string,
    /** What the driver calls it, e.g. `SQLITE_FULL`. */
    readonly reason: string,
    cause?: unknown,
    /** It does not pass by itself: what is stored is damaged. */
    readonly lasting = false,
  ) {
    super(message, { cause });
  }
}

/** A store that is away is looked for this often: what waits for it goes on within five seconds of its return. */
export const STORE_LOOKED_FOR_MS: Milliseconds = 3_000;

/** The longest pause after a failure: shorter than that of a runner where the store is away and may be back at any time. */
export function longestPauseAfter(error: unknown, longest: Milliseconds): Milliseconds {
  const away =
    (hasCode(error, 'STORE_UNAVAILABLE') && !error.lasting) ||
    (isRefusal(error) && error.code === 'TRANSIENT_STORE');
  return away ? Math.min(longest, STORE_LOOKED_FOR_MS) : longest;
}

/** A cursor is text that a client hands back; one that was never given out is the client's mistake. */
export class InvalidCursor extends StoreError {
  readonly code = 'INVALID_CURSOR';

  constructor() {
    super('this cursor does not belong to this query');
  }
}

/** The key is not the one that sealed this secret, or the row was altered. */
export class SecretUnreadable extends StoreError {
  readonly code = 'SECRET_UNREADABLE';

  constructor(name: string) {
    super(`the secret ${name} cannot be opened: the key is another one, or the row was altered`);
  }
}
