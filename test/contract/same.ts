import assert from 'node:assert/strict';

/**
 * Strictly equal by value. Both sides are copied first: arrays and objects that a native driver made come from outside
 * Jest's sandbox and have another `Array.prototype`, which says nothing about the adapter.
 */
export const same = (actual: unknown, expected: unknown, message?: string): void =>
  assert.deepEqual(structuredClone(actual), structuredClone(expected), message);
