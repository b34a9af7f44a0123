import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { embeddedViews, type EmbeddedViews } from '@seatbook/application';
import { START, asPosition, systemClock, numberOf } from '@seatbook/kernel';
import { ALONE, PROCESSOR_LIMITS, reached } from '@seatbook/runtime';
import { eventually } from '@seatbook/test-support/eventually';
import { createLog } from '../log.js';
import { WorkerViews } from './worker-views.js';

const folder = mkdtempSync(join(tmpdir(), 'views-'));
let views: WorkerViews;
let ring: () => void;
afterAll(async () => {
  await views.stop();
  rmSync(folder, { recursive: true });
});

/** Advances a model by one with each ring; its first life ends at the first ring, its second starts where it was. */
const MORTAL = `
import { existsSync, writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
const mark = workerData.folder + '/died';
const again = existsSync(mark);
let position = again ? 5 : 4;
const model = 'due';
const status = () => [{ name: model, version: 1, position, halted: again && position > 6 ? 'for good' : null, failure: null }];
parentPort.postMessage({ kind: 'started', status: status() });
parentPort.on('message', ({ kind }) => {
  if (kind === 'stop') { parentPort.close(); return; }
  if (!again) { writeFileSync(mark, ''); throw new Error('struck'); }
  position += 1;
  parentPort.postMessage({ kind: 'advanced', model, position });
  parentPort.postMessage({ kind: 'status', status: status() });
});
`;

it('builds read models in a thread, starts it again when it dies, and says so meanwhile', async () => {
  const file = join(folder, 'mortal.mjs');
  writeFileSync(file, MORTAL);
  views = new WorkerViews({
    folder,
    part: embeddedViews[0] as EmbeddedViews,
    limits: PROCESSOR_LIMITS,
    onAppended(listener) {
      ring = () => listener(START);
      return () => undefined;
    },
    tenureOf: () => ALONE,
    restartMs: 20,
    restartMaxMs: 1_000,
    stopMs: 5_000,
    clock: systemClock,
    log: createLog('silent'),
    entry: pathToFileURL(file),
  });
  const advances: number[] = [];
  const failures: (string | null)[] = [];
  const failure = (): string | null => views.status().find(({ name }) => name === 'due')?.failure ?? null;
  views.onAdvance((_model, position) => {
    advances.push(numberOf(position));
    failures.push(failure());
  });
  await views.start();
  // It hears of an event, and dies of it.
  ring();
  expect(await reached(views, 'due', asPosition(5), systemClock, 60_000)).toBe(true);
  expect(failures).toEqual([null, 'read models are not being built: struck']);
  ring();
  expect(await reached(views, 'due', asPosition(6), systemClock, 60_000)).toBe(true);
  expect(failure()).toBeNull();
  ring();
  ring();
  expect(await reached(views, 'due', asPosition(7), systemClock, 60_000)).toBe(true);
  // Rings of one turn are one.
  expect(advances.slice(0, 4)).toEqual([4, 5, 6, 7]);
  await eventually('the status is known', () =>
    views.status().some(({ name, halted }) => name === 'due' && halted === 'for good'),
  );
  await views.stop();
  expect(views.position('due')).toBe(7);
});
