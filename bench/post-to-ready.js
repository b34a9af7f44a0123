import { check, figure, shown } from './figure.js';
import { inFolder } from './folder.js';
import { startProcesses } from './processes.js';
import { UID, adamIdOf, serialOf } from './product.js';
import { percentile } from './rounds.js';

const ORDERS = 40;
const RUNS = 3;
/** The pause that the dispatcher takes on purpose, to let orders share a call. */
const DISPATCH_AFTER_MS = 200;

await figure({
  name: 'post-to-ready',
  title:
    'one order of one device at a time, from its first event to its call being ready for Apple, over HTTP',
  async measure(say) {
    /** @type {number[][]} */
    const runs = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await inFolder(placeOneByOne));
    say(`${ORDERS} orders, ${RUNS} runs; product and simulated Apple are processes of their own`);
    for (const [what, share] of /** @type {const} */ ([
      ['p50', 0.5],
      ['p95', 0.95],
    ])) {
      say(`${what} of the runs: ${runs.map((run) => shown(percentile(run, share))).join(', ')} ms`);
    }
    return [
      {
        what: `p50 ÷ the dispatcher's own pause of ${DISPATCH_AFTER_MS} ms`,
        values: runs.map((run) => percentile(run, 0.5) / DISPATCH_AFTER_MS),
        floor: 2,
        goal: 1.25,
        atMost: true,
      },
    ];
  },
});

/**
 * Milliseconds from `order.placed` to `call.ready`, sorted.
 * @param {string} folder
 */
async function placeOneByOne(folder) {
  const processes = await startProcesses(folder);
  try {
    const { api, apple, eventually, lines } = processes;
    const adamId = adamIdOf(1);
    // What Apple takes is not in the figure: an order need not be waited for longer than it must.
    await apple('POST', '/faults', { eventDelayMs: { min: 5, max: 20 } });
    const { token } = await apple('POST', '/locations', { uId: UID, name: 'Bench', country: 'DE' });
    await apple('POST', `/locations/${UID}/assets`, { assets: [{ adamId, name: 'App', total: ORDERS }] });
    await api('POST', '/accounts', { token, name: 'Bench', platform: 'iOS', assignmentType: 'device' });
    await eventually(
      async () => ((await api('GET', `/accounts/${UID}`)).firstRead.completed ? true : null),
      60_000,
    );
    for (let number = 0; number < ORDERS; number += 1) {
      const { orderId } = await api('POST', '/orders', {
        kind: 'AssignLicense',
        accountId: UID,
        assetIds: [adamId],
        serialNumbers: [serialOf(number)],
      });
      await eventually(
        // Not to be found for a moment: the read model follows the log.
        async () =>
          (await api('GET', `/orders/${orderId}`).catch(() => null))?.state === 'finished' ? true : null,
        60_000,
      );
    }
    const events = await lines('/history');
    const times = (/** @type {string} */ type) =>
      events.filter((event) => event.type === type).map((event) => Date.parse(event.recordedAt));
    const placed = times('order.placed');
    const ready = times('call.ready');
    check(
      placed.length === ORDERS && ready.length === ORDERS,
      `${placed.length} orders, ${ready.length} calls`,
    );
    return placed.map((at, index) => /** @type {number} */ (ready[index]) - at).sort((a, b) => a - b);
  } finally {
    await processes.stop();
  }
}
