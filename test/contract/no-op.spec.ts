import assert from 'node:assert/strict';
import { describe, test } from '@jest/globals';
import { START, asPosition } from '@seatbook/kernel';
import type {
  Directory,
  EventStore,
  Leases,
  LogAnchors,
  Page,
  Placed,
  Progress,
  ReadStore,
  Secrets,
} from '@seatbook/runtime';
import type { Cases } from './contract.js';
import { directoryCases } from './directory.contract.js';
import { eventStoreCases } from './event-store.contract.js';
import { leasesCases } from './leases.contract.js';
import { logAnchorsCases } from './log-anchors.contract.js';
import { processesCases } from './processes.contract.js';
import { progressCases } from './progress.contract.js';
import { readStoreCases } from './read-store.contract.js';
import { secretsCases } from './secrets.contract.js';

// Stores that answer everything politely and keep nothing. A case that they pass proves nothing about any adapter.
const events: EventStore = {
  append: async (_stream, appended) => ({ revision: appended.length - 1, position: asPosition(1) }),
  readStream: async () => [],
  async *subscribe(after) {
    yield { events: [], upTo: after, caughtUp: true };
  },
  readReferences: async () => [],
  readAt: async () => null,
  head: async () => START,
  probe: async () => {},
  onAppended: () => () => {},
};
const reads: ReadStore = {
  prepare: async () => {},
  takeOver: async () => START,
  checkpoint: async () => START,
  checkpoints: async (models) => models.map(() => START),
  get: async () => null,
  getMany: async <D>() => new Map<string, Placed<D>>(),
  query: async <D>(): Promise<Page<D>> => ({ rows: [], next: null }),
  commit: async () => {},
  drop: async () => {},
  loadSnapshot: async () => null,
  saveSnapshot: async () => {},
};
const progress: Progress = {
  takeOver: async () => START,
  checkpoint: async () => START,
  saveCheckpoint: async () => {},
  park: async () => {},
  parked: async () => ({ rows: [], next: null }),
  parkedStreams: async () => new Set(),
  requestRetry: async () => true,
  retryRequests: async () => [],
  unpark: async (ids) => ids.length,
  countParked: async () => 0,
};
const leases: Leases = {
  all: async () => new Map(),
  read: async () => new Map(),
  acquire: async () => 1,
  beat: async (_holder, held) => held.map(({ name }) => name),
  release: async () => {},
};
const anchors: LogAnchors = {
  load: async () => null,
  save: async () => {},
};
const secrets: Secrets = {
  put: async () => {},
  putIfAbsent: async (_name, secret) => secret,
  get: async () => null,
  names: async () => [],
  delete: async () => {},
};
const directory: Directory = {
  userIdsOf: async (_uId, seen) => seen.map((_, index) => `user ${index}`),
  entries: async () => [],
  everybody: async () => [],
  find: async () => [],
  sharing: async () => [],
  keep: async () => {},
  forget: async () => {},
};

function breaksEveryCase<F>(port: string, cases: Cases<F>, fixture: F): void {
  describe(`a store that keeps nothing breaks each sentence of the contract of ${port}`, () => {
    test.each(Object.entries(cases))('%s', async (_sentence, run) => {
      await assert.rejects(run(fixture));
    });
  });
}

const failsEveryCase = <P>(
  port: string,
  cases: Cases<{ store: P; reopen(): Promise<P>; close(): Promise<void> }>,
  store: P,
): void => breaksEveryCase(port, cases, { store, reopen: async () => store, close: async () => {} });

failsEveryCase('EventStore', eventStoreCases, events);
failsEveryCase('ReadStore', readStoreCases, reads);
failsEveryCase('Progress', progressCases, progress);
failsEveryCase('Leases', leasesCases, leases);
failsEveryCase('LogAnchors', logAnchorsCases, anchors);
failsEveryCase('Secrets', secretsCases, secrets);
failsEveryCase('Directory', directoryCases, directory);
/** Runners subscribe again at once where a subscription is over, and whoever lets them run waits for what was appended. */
const patient: EventStore = {
  ...events,
  append: async (_stream, appended) => ({ revision: appended.length - 1, position: START }),
  async *subscribe(after, { signal }) {
    yield { events: [], upTo: after, caughtUp: true };
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  },
};
breaksEveryCase('several processes', processesCases, {
  open: async () => ({ events: patient, reads, progress, leases, secrets, directory }),
  close: async () => {},
});
