import { check, figure, shown } from './figure.js';
import { inFolder } from './folder.js';
import { startProcesses } from './processes.js';
import { UID, adamIdOf, pause } from './product.js';

const ASSETS = 40;
const ASSIGNMENTS = 193_797;
const PAGE = 500;
const LATENCY_MS = 300;
/** Apple's rate for one token, and the pages that it lets us read at the same time. */
const CALLS_PER_SECOND = 15;
const PARALLEL_PAGES = 5;

await figure({
  name: 'first-import',
  title: `first import of ${ASSIGNMENTS} assignments over ${ASSETS} apps, with a write of another tool in the middle`,
  async measure(say) {
    const run = await inFolder(live);
    const byRate = run.calls / CALLS_PER_SECOND;
    const byLatency = (run.pages * LATENCY_MS) / 1_000 / PARALLEL_PAGES;
    say(
      `product and simulated Apple are processes of their own; ${CALLS_PER_SECOND} requests/s, answers after ${LATENCY_MS} ms;`,
    );
    say(
      `${shown(run.seconds)} s; ${run.calls} calls (${shown(byRate)} s by the rate), ${run.pages} pages (${shown(byLatency)} s by latency);`,
    );
    say(`apps that were walked more than once: ${run.furtherWalks.join(', ') || 'none'}`);
    return [
      {
        what: 'wall time ÷ what rate and latency allow',
        values: [run.seconds / Math.max(byRate, byLatency)],
        floor: 2,
        goal: 1.3,
        atMost: true,
      },
      { what: 'peak memory', values: [run.sampledMiB], floor: 512, goal: 512, atMost: true, unit: ' MiB' },
    ];
  },
});

/** @param {string} folder */
async function live(folder) {
  const processes = await startProcesses(folder);
  try {
    const { api, apple, eventually } = processes;
    const { token } = await apple('POST', '/locations', { uId: UID, name: 'Bench', country: 'DE' });
    const assets = Array.from({ length: ASSETS }, (_asset, number) => adamIdOf(number + 1));
    await apple('POST', `/locations/${UID}/assets`, {
      assets: assets.map((adamId) => ({ adamId, name: `App ${adamId}`, total: 10_000 })),
    });
    for (const [number, adamId] of assets.entries()) {
      const count = Math.floor(ASSIGNMENTS / ASSETS) + (number < ASSIGNMENTS % ASSETS ? 1 : 0);
      await apple('POST', `/locations/${UID}/assignments/seed`, {
        adamId,
        pricingParam: 'STDQ',
        count,
        prefix: 'S',
      });
    }
    await apple('POST', '/faults', { latencyMs: { min: LATENCY_MS, max: LATENCY_MS }, pageSize: PAGE });
    await apple('POST', '/reset-stats');
    const started = performance.now();
    await api('POST', '/accounts', { token, name: 'Bench', platform: 'iOS', assignmentType: 'device' });
    await pause(10_000);
    const [written = ''] = assets.slice(-1);
    await apple('POST', `/locations/${UID}/assignments/add`, {
      adamId: written,
      pricingParam: 'STDQ',
      serialNumber: 'LATECOMER0',
    });
    await eventually(
      async () => ((await api('GET', `/accounts/${UID}`)).firstRead.completed ? true : null),
      600_000,
    );
    const seconds = (performance.now() - started) / 1_000;
    const { requests } = await apple('GET', '/stats');
    const pages = Object.entries(requests.byEndpoint).reduce(
      (sum, [endpoint, count]) => sum + (endpoint.endsWith('/assignments') ? Number(count) : 0),
      0,
    );
    const held = (await apple('GET', `/locations/${UID}/assignments`)).assets;
    const walks = await processes.lines('/history?type=reconciliation.walk-completed');
    for (const adamId of assets) {
      const { licences } = await api('GET', `/accounts/${UID}/assets/${adamId}.STDQ`);
      const atApple = held[`${adamId}/STDQ`].length;
      // What the other tool wrote behind the walk of its app is for the walk that follows the first read.
      check(
        licences.assigned === atApple || adamId === written,
        `${adamId}: ${licences.assigned} of ${atApple}`,
      );
    }
    check(Object.values(held).flat().length === ASSIGNMENTS + 1, 'assignments at Apple');
    check(walks.length >= ASSETS, `${walks.length} walks`);
    const furtherWalks = walks.flatMap((/** @type {any} */ { data }) =>
      data.walks > 1 ? [`${data.adamId} ${data.walks}`] : [],
    );
    return { seconds, calls: requests.total, pages, furtherWalks, sampledMiB: processes.memory().sampledMiB };
  } finally {
    await processes.stop();
  }
}
