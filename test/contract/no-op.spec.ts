import assert from 'node:assert/strict';
import { describe, test } from '@jest/globals';
import type { Directory, EventStore, Page, Progress, ReadStore, Secrets } from '@seatbook/runtime';
import type { Cases } from './contract.js';
import { directoryCases } from './directory.contract.js';
import { eventStoreCases } from './event-store.contract.js';
import { progressCases } from './progress.contract.js';
import { readStoreCases } from './read-store.contract.js';
import { secretsCases } from './secrets.contract.js';

// Stores that answer everything politely and keep nothing. A case that they pass proves nothing about any adapter.
const events: EventStore = {
  append: async (_stream, appended) => ({ revision: appended.length - 1, position: 1 }),
  readStream: async () => [],
  readAll: async () => [],
  readAt: async () => [],
  head: async () => 0,
  onAppended: () => () => {},
};
const reads: ReadStore = {
  prepare: async () => {},
  checkpoint: async () => 0,
  get: async () => null,
  getMany: async <D>() => new Map<string, D>(),
  query: async <D>(): Promise<Page<D>> => ({ rows: [], next: null }),
  commit: async () => {},
  drop: async () => {},
  loadSnapshot: async () => null,
  saveSnapshot: async () => {},
};
const progress: Progress = {
  checkpoint: async () => 0,
  saveCheckpoint: async () => {},
  park: async () => {},
  parked: async () => [],
  parkedOf: async () => [],
  unpark: async () => {},
  countParked: async () => 0,
};
const secrets: Secrets = {
  put: async () => {},
  get: async () => null,
  names: async () => [],
  remove: async () => {},
};
const directory: Directory = {
  userIdsOf: async (_uId, seen) => seen.map((_, index) => `user ${index}`),
  entries: async () => [],
  forget: async () => {},
};

function failsEveryCase<P>(
  port: string,
  cases: Cases<{ store: P; reopen(): Promise<P>; close(): Promise<void> }>,
  store: P,
): void {
  describe(`a store that keeps nothing breaks each sentence of the contract of ${port}`, () => {
    test.each(Object.entries(cases))('%s', async (_sentence, run) => {
      await assert.rejects(run({ store, reopen: async () => store, close: async () => {} }));
    });
  });
}

failsEveryCase('EventStore', eventStoreCases, events);
failsEveryCase('ReadStore', readStoreCases, reads);
failsEveryCase('Progress', progressCases, progress);
failsEveryCase('Secrets', secretsCases, secrets);
failsEveryCase('Directory', directoryCases, directory);
