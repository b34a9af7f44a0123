import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into the product's process with `--import`, since no one outside can see how long its event loop stands still.
 * Tells the longest stall so far, in milliseconds, whenever the parent asks.
 */
if (isMainThread && process.send) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  process.on('message', (/** @type {{ ask?: string }} */ message) => {
    if (message.ask === 'longest stall') process.send?.({ longestStallMs: delays.max / 1e6 });
    if (message.ask === 'forget stalls') delays.reset();
  });
}
