import assert from 'node:assert/strict';
import { test } from '@jest/globals';
import { asPosition } from '@seatbook/kernel';
import { hasCode } from '@seatbook/runtime';
import { ourPosition, serverPosition, storedEvent, type RecordedEvent } from './stored-event.js';
import { StreamNames } from './stream-names.js';

const names = new StreamNames('seatbook');

const recorded: RecordedEvent = {
  id: '00000000-0000-4000-8000-000000000001',
  streamId: 'seatbook.asset-1',
  revision: 3n,
  type: 'asset.licenses-assigned',
  data: { serialNumbers: [] },
  metadata: { version: 1 },
  position: { commit: 548n, prepare: 548n },
};

test('an event of ours as the port has it', () => {
  const { id, type, data, metadata } = recorded;
  assert.deepEqual(storedEvent(recorded, names), {
    id,
    stream: 'asset-1',
    revision: 3,
    position: 548,
    type,
    data,
    metadata,
  });
  assert.deepEqual(serverPosition(asPosition(548)), recorded.position);
});

test.each<readonly [string, Partial<RecordedEvent>]>([
  ['whose prepare differs', { position: { commit: 548n, prepare: 547n } }],
  ['beyond what a number holds', { position: { commit: 2n ** 53n, prepare: 2n ** 53n } }],
  ['without a position', { position: undefined }],
  ['that is the trace of a deleted stream', { type: '$streamDeleted', data: {} }],
  ['with bytes instead of JSON', { data: new Uint8Array(3) }],
  ['whose JSON was damaged', { data: '{"serialNumb' }],
  ['without metadata', { metadata: undefined }],
])('an event %s fails loudly', (_which, change) => {
  assert.throws(
    () => storedEvent({ ...recorded, ...change }, names),
    (error) => hasCode(error, 'CORRUPT_EVENT'),
  );
});

test('a foreign position that is no place to go on from is none of ours', () => {
  assert.equal(ourPosition({ commit: 548n, prepare: 547n }), null);
  assert.equal(ourPosition(undefined), null);
  assert.equal(ourPosition({ commit: 2n ** 53n - 1n, prepare: 2n ** 53n - 1n }), 2 ** 53 - 1);
});
