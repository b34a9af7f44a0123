import { StoreUnavailable, withoutAddresses } from '@seatbook/runtime';

/**
 * What a failure of the client means for us:
 * - `disconnected`: the connection is of no use any more; `busy`: the server may answer next time
 * - `refused`: it will say the same again; `unknown`: nothing is known of it
 */
export type FailureKind =
  | 'disconnected'
  | 'busy'
  | 'conflict'
  | 'no-stream'
  | 'stream-deleted'
  | 'no-event-there'
  | 'denied'
  | 'refused'
  | 'unknown';

/** A failure of the client, classified by what servers were seen to say: its classes alone do not suffice. */
export class ServerFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    readonly reason: string,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = 'ServerFailure';
  }
}

/** No answer within our own time limit: the client has none for reads, and tells that of appends only to the server. */
export const noAnswer = (ms: number): ServerFailure =>
  new ServerFailure('disconnected', 'NO_ANSWER', `EventStoreDB did not answer within ${ms} ms`);

/** The reason of a failure whose node is not the leader. */
export const NOT_LEADER = 'not-leader';

const ABORTED = 10;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAVAILABLE = 14;

const BY_TYPE: Readonly<Record<string, FailureKind>> = {
  'wrong-expected-version': 'conflict',
  'stream-not-found': 'no-stream',
  'stream-deleted': 'stream-deleted',
  'access-denied': 'denied',
  'maximum-append-size-exceeded': 'refused',
  'invalid-argument': 'refused',
  [NOT_LEADER]: 'busy',
  timeout: 'busy',
  'deadline-exceeded': 'busy',
  unavailable: 'disconnected',
  cancelled: 'disconnected',
};

/** By message first: an append to a server that starts has neither type nor code of its own. */
const BY_MESSAGE: readonly (readonly [RegExp, FailureKind])[] = [
  [/server is not ready/i, 'busy'],
  [/could not recognize badrequest/i, 'refused'],
  [/unexpected read(all)?result|invalid ?position|exception was thrown by handler/i, 'no-event-there'],
  [/failed to discover|econnrefused|econnreset|connection dropped/i, 'disconnected'],
];

interface ClientError {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly message: string;
}

export function serverFailure(error: unknown): ServerFailure {
  if (error instanceof ServerFailure) return error;
  const { type, code, message }: ClientError = error instanceof Error ? error : { message: String(error) };
  const reason = typeof type === 'string' ? type : typeof code === 'number' ? `grpc ${code}` : 'unknown';
  return new ServerFailure(kindOf(type, code, message), reason, message === '' ? reason : message, error);
}

function kindOf(type: unknown, code: unknown, message: string): FailureKind {
  const known = typeof type === 'string' ? BY_TYPE[type] : undefined;
  // What a server says while it starts is of the type 'unavailable', and the connection is as good as any.
  if (known !== undefined && known !== 'disconnected') return known;
  for (const [pattern, kind] of BY_MESSAGE) if (pattern.test(message)) return kind;
  if (known !== undefined || code === UNAVAILABLE) return 'disconnected';
  if (code === INTERNAL && message.includes('RST_STREAM')) return 'disconnected';
  // Somebody else's append was too large for a message, and all that shared the stream were thrown out with it.
  if (code === RESOURCE_EXHAUSTED || code === ABORTED) return 'busy';
  return 'unknown';
}

/** As callers of the port see it. */
export const asUnavailable = (failure: ServerFailure): StoreUnavailable =>
  new StoreUnavailable(
    `EventStoreDB: ${withoutAddresses(failure.message)}`,
    failure.reason.toUpperCase(),
    failure,
  );
