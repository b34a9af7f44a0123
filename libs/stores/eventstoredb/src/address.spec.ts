import assert from 'node:assert/strict';
import { test } from '@jest/globals';
import { AddressInvalid, addressWith, clientOf } from './address.js';
import { StreamNames } from './stream-names.js';

test('settings of ours stand behind those of the operator', () => {
  assert.equal(addressWith('esdb://db:2113', { tls: 'true' }), 'esdb://db:2113?tls=true');
  assert.equal(
    addressWith('esdb+discover://db:2113/?nodePreference=follower', { nodePreference: 'leader' }),
    'esdb+discover://db:2113/?nodePreference=follower&nodePreference=leader',
  );
});

test.each([
  'esdb://admin:s3cret-password@',
  'http://admin:s3cret-password@db:2113',
  'esdb://admin:s3cret-password@db:2113?keepAliveInterval=soon',
  'esdb://admin:pass@s3cret-password@db:2113',
  'esdb://admin:pass/s3cret-password@db:2113',
  'esdb://admin:%s3cret-password@db:2113',
  'esdb://admin:s3cret-password@db:2113?tlsCAFile=/nowhere/ca.pem',
])('an address that cannot be used is refused without its password: %#', (address) => {
  assert.throws(
    () => clientOf(addressWith(address, {})),
    (error: unknown) => {
      assert.ok(error instanceof AddressInvalid);
      assert.ok(!String(error.stack).includes('s3cret') && error.cause === undefined);
      return true;
    },
  );
});

test('a client is made of TLS, credentials and clusters, without a warning', () => {
  const { warn } = console;
  const warnings: unknown[] = [];
  console.warn = (...words: unknown[]) => void warnings.push(words);
  try {
    clientOf(
      addressWith('esdb://admin:changeit@db1:2113,db2:2113,db3:2113?tls=true', { keepAliveInterval: 2_000 }),
    );
    clientOf(
      addressWith('esdb+discover://admin:changeit@cluster.example:2113', { keepAliveInterval: 2_000 }),
    );
  } finally {
    console.warn = warn;
  }
  assert.deepEqual(warnings, []);
});

test.each(['', 'seat-book', 'seat.book', '$seatbook', 'ä', 'x'.repeat(33)])(
  'the prefix "%s" would mix streams up',
  (word) => {
    assert.throws(() => new StreamNames(word), RangeError);
  },
);
