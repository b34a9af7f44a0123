import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { systemClock } from '@seatbook/kernel';
import { embeddedViews } from '@seatbook/application';
import { ToldEpochs } from './epochs.js';
import { viewBuilders } from './view-builders.js';
import type { FromViewsThread, ToViewsThread, ViewsThreadData } from './view-messages.js';

/** How often the main thread hears of models that fail or have halted. */
const STATUS_MS = 500;

/** A thread that builds read models, with a read-only connection to the log: neither appends nor HTTP wait for it. */
async function run(port: MessagePort, { folder, file, limits, epochs }: ViewsThreadData): Promise<void> {
  const tell = (message: FromViewsThread): void => port.postMessage(message);
  const damaged = (reason: string): void => tell({ kind: 'damaged', reason });
  // Not by what opens any stores: a thread that begins loads as little as it can.
  const { openEmbeddedBuilder } = await import('../stores/embedded-stores.js');
  const builder = openEmbeddedBuilder({ folder }, file, damaged);
  const told = new ToldEpochs(epochs);
  const views = viewBuilders({
    events: builder.events,
    reads: builder.reads,
    clock: systemClock,
    limits,
    log: (message, facts) => tell({ kind: 'log', message, facts }),
    tenureOf: told.tenureOf,
    groups: embeddedViews.find((part) => part.file === file)?.groups ?? [],
  });
  views.onAdvance((model, position) => tell({ kind: 'advanced', model, position }));
  await views.start();
  tell({ kind: 'started', status: views.status() });
  let reported = '';
  const reporting = setInterval(() => {
    const status = views.status();
    const now = JSON.stringify(status.map(({ halted, failure }) => [halted, failure]));
    if (now === reported) return;
    reported = now;
    tell({ kind: 'status', status });
  }, STATUS_MS);
  port.on('message', (message: ToViewsThread) => {
    switch (message.kind) {
      case 'ring':
        return builder.ring(message.position);
      case 'epochs':
        return told.tell(message.epochs);
      case 'stop':
        clearInterval(reporting);
        void views.stop().finally(() => {
          builder.close();
          port.close();
        });
    }
  });
}

if (parentPort) await run(parentPort, workerData as ViewsThreadData);
