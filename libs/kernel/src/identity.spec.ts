import fc from 'fast-check';
import { sha256, uuidOf } from './identity.js';
import { categoryOf, idOf } from './event.js';
import { isoTime } from './instant.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('an id made of a name', () => {
  it('is a UUID of version 8, whatever the name', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => UUID.test(uuidOf(name))));
  });

  it('stays the same for ever', () => {
    expect(uuidOf('seatbook')).toBe('f9ebb873-80a7-85c2-bc55-4c488960fa71');
  });

  it('differs between names that differ', () => {
    const names = Array.from({ length: 2_000 }, (_name, index) => `command/${index}`);
    expect(new Set(names.map(uuidOf)).size).toBe(2_000);
  });

  it('hashes text as SHA-256 in hexadecimal digits', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});

describe('the name of a stream', () => {
  it.each([
    ['asset-7700000000000001.900000001.STDQ', 'asset', '7700000000000001.900000001.STDQ'],
    ['order-8f8a1ee3-a67f-8e8a', 'order', '8f8a1ee3-a67f-8e8a'],
  ])('%s has a category and an id, cut at the first dash', (stream, category, id) => {
    expect([categoryOf(stream), idOf(stream)]).toEqual([category, id]);
  });

  it('without a dash is its own category', () => {
    expect(categoryOf('asset')).toBe('asset');
  });
});

describe('a moment as text', () => {
  it('is ISO 8601, and null where there is none', () => {
    expect([isoTime(0), isoTime(null), isoTime(undefined)]).toEqual(['1970-01-01T00:00:00.000Z', null, null]);
  });
});
