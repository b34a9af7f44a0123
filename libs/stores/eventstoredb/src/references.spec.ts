import assert from 'node:assert/strict';
import { test } from '@jest/globals';
import { runsOf } from './references.js';

const runs = (revisions: readonly number[]): readonly (readonly [number, number])[] =>
  runsOf(revisions.map((revision) => ({ stream: 'asset-1', revision }))).map(({ from, to }) => [from, to]);

test('gaps of up to fifty revisions are read along', () => {
  assert.deepEqual(runs([100, 0, 51, 151]), [[0, 151]]);
  assert.deepEqual(runs([0, 52]), [
    [0, 0],
    [52, 52],
  ]);
  assert.deepEqual(runs([7, 7, 7]), [[7, 7]]);
});

test('a run is never longer than one read', () => {
  const revisions = Array.from({ length: 1_000 }, (_, number) => number);
  assert.deepEqual(runs(revisions), [
    [0, 499],
    [500, 999],
  ]);
});

test('streams are read apart', () => {
  const references = ['asset-1', 'asset-2', 'asset-1'].map((stream, revision) => ({ stream, revision }));
  assert.deepEqual(runsOf(references), [
    { stream: 'asset-1', from: 0, to: 2 },
    { stream: 'asset-2', from: 1, to: 1 },
  ]);
});
