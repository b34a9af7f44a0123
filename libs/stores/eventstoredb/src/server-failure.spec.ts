import assert from 'node:assert/strict';
import { test } from '@jest/globals';
import { TimeoutError, UnavailableError, UnknownError } from '@eventstore/db-client';
import { serverFailure, type FailureKind } from './server-failure.js';

type ServiceError = NonNullable<ConstructorParameters<typeof UnknownError>[0]>;

const plain = (code: number, message: string): Error => Object.assign(new Error(message), { code });

const raw = (code: number, message: string): ServiceError => plain(code, message) as ServiceError;

/** As real servers and the client were seen to say it. */
const SEEN: readonly (readonly [string, unknown, FailureKind])[] = [
  [
    'server down, append: a plain error without a type',
    plain(14, '14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:2113'),
    'disconnected',
  ],
  ['server killed', new UnavailableError(raw(14, '14 UNAVAILABLE: Connection dropped')), 'disconnected'],
  [
    'append to a server that starts',
    new UnknownError(undefined, 'Could not recognize Server Is Not Ready'),
    'busy',
  ],
  [
    'read of a server that starts',
    new UnavailableError(raw(14, '14 UNAVAILABLE: Server Is Not Ready')),
    'busy',
  ],
  [
    'subscription of a server that stops',
    new UnknownError(
      raw(13, '13 INTERNAL: Received RST_STREAM with code 0 (Call ended without gRPC status)'),
    ),
    'disconnected',
  ],
  [
    'burst on a live subscription',
    new TimeoutError(
      raw(10, '10 ABORTED: Operation timed out: Consumer too slow to handle event while live.'),
    ),
    'busy',
  ],
  [
    "somebody else's event is too large for a message",
    new UnknownError(
      raw(8, '8 RESOURCE_EXHAUSTED: Received message exceeds the maximum configured message size.'),
    ),
    'busy',
  ],
  ['id that is no UUID', new UnknownError(undefined, 'Could not recognize BadRequest'), 'refused'],
  [
    'position where no event is, read',
    new UnknownError(raw(2, '2 UNKNOWN: Unexpected ReadAllResult: Error')),
    'no-event-there',
  ],
  [
    'the same of 24.6',
    new UnknownError(raw(2, '2 UNKNOWN: Unexpected ReadAllResult: InvalidPosition')),
    'no-event-there',
  ],
  ['no node of the cluster answers', new Error('Failed to discover after 10 attempts.'), 'disconnected'],
  ['something new', new UnknownError(raw(2, '2 UNKNOWN: something new')), 'unknown'],
];

test.each(SEEN)('%s', (_situation, error, kind) => {
  const failure = serverFailure(error);
  assert.equal(failure.kind, kind);
  assert.equal(serverFailure(failure), failure);
  assert.notEqual(failure.message, '');
});
