import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { systemClock } from '@seatbook/kernel';
import { openBuilderStores } from '../stores/open-stores.js';
import { viewBuilders } from './view-builders.js';
import type { FromViewsThread, ToViewsThread, ViewsThreadData } from './view-messages.js';

/** How often the main thread hears of models that fail or have halted. */
const STATUS_MS = 500;

/** The thread that builds the read models, with a read-only connection to the log: neither appends nor HTTP wait for it. */
async function run(port: MessagePort, { folder, limits }: ViewsThreadData): Promise<void> {
  const tell = (message: FromViewsThread): void => port.postMessage(message);
  const builder = await openBuilderStores({ data: { folder } });
  const views = viewBuilders(builder.events, builder.reads, systemClock, limits, (message, facts) =>
    tell({ kind: 'log', message, facts }),
  );
  views.onAdvance((model, position) => tell({ kind: 'advanced', model, position }));
  await views.start();
  tell({ kind: 'started', status: views.status() });
  let told = '';
  const reporting = setInterval(() => {
    const status = views.status();
    const now = JSON.stringify(status.map(({ halted, failure }) => [halted, failure]));
    if (now === told) return;
    told = now;
    tell({ kind: 'status', status });
  }, STATUS_MS);
  port.on('message', (message: ToViewsThread) => {
    if (message.kind === 'ring') {
      builder.ring(message.position);
      return;
    }
    clearInterval(reporting);
    void views.stop().finally(() => {
      builder.close();
      port.close();
    });
  });
}

if (parentPort) await run(parentPort, workerData as ViewsThreadData);
