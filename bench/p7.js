import { check, figure, shown } from './figure.js';
import { inFolder } from './folder.js';
import { startProcesses } from './processes.js';
import { UID, adamIdOf, pause, serialOf } from './product.js';

const DEVICES = 100_000;
/** Apple's rate for one token, and what the simulator holds to. */
const CALLS_PER_SECOND = 15;
const APPLE_LATEST_S = 2;
const FEWEST_ASSOCIATE_CALLS = 100;
const KILL_EVERY_MS = 10_000;
/** What was sent when the product was killed stays in doubt for a quarter of an hour where Apple has nothing of it. */
const WITHIN_MS = 1_800_000;

/** Late, in disorder and twice: what a sender of notifications does on a good day. */
const NOTIFICATIONS = { shuffleMs: 1_000, duplicate: 0.1 };

/** A tenth of all requests is refused for now, and of one in twenty that took effect no answer comes. */
const FAULTS = [
  {
    match: { path: '/assets', method: 'POST' },
    times: 'forever',
    probability: 0.05,
    errorNumber: 9646,
    retryAfter: 1,
  },
  {
    match: { path: '/assets', method: 'POST' },
    times: 'forever',
    probability: 0.05,
    status: 503,
    retryAfter: 1,
  },
  { match: { path: '/assets', method: 'POST' }, times: 'forever', probability: 0.05, resetAfter: true },
  { match: { path: '/assignments' }, times: 'forever', probability: 0.05, errorNumber: 9646, retryAfter: 1 },
  { match: { path: '/assignments' }, times: 'forever', probability: 0.05, status: 503, retryAfter: 1 },
];

await figure({
  name: 'p7',
  title:
    'one app for 100,000 devices, from POST to the last outcome, then the walk that confirms it, over HTTP',
  async measure(say) {
    const plain = await inFolder((folder) => live(folder, {}));
    const faulty = await inFolder((folder) => live(folder, { faults: true }));
    const killed = await inFolder((folder) => live(folder, { kills: true }));
    say(
      `product and simulated Apple are processes of their own; ${CALLS_PER_SECOND} requests/s, events after 0.2–2 s,`,
    );
    say('notifications of 100 pairs late, in disorder, some twice; synchronous=FULL');
    for (const [name, run] of Object.entries({ plain, faulty, killed }))
      say(
        `${name}: ${shown(run.orderS)} s and ${shown(run.walkS)} s for the walk; ${run.associate} associate calls, ${run.calls} in all; ${run.hits} faults, ${run.boots.length} kills${run.boots.length > 0 ? `, ready after ${run.boots.map(shown).join(', ')} s` : ''}`,
      );
    const booting = killed.boots.reduce((sum, seconds) => sum + seconds, 0);
    const limit = Math.max(plain.calls / CALLS_PER_SECOND, APPLE_LATEST_S);
    return [
      atMost('associate calls', [plain.associate], FEWEST_ASSOCIATE_CALLS, FEWEST_ASSOCIATE_CALLS),
      atMost('wall time ÷ calls at Apple’s rate', [wall(plain) / limit], 1.5, 1.1),
      atMost('p7b, faults: wall time ÷ without', [wall(faulty) / wall(plain)], 2, 1.3),
      atMost('p7b, faults: further calls ÷ faults', [(faulty.calls - plain.calls) / faulty.hits], 2, 1.1),
      atMost('p7c, kills: wall time ÷ without', [(wall(killed) - booting) / wall(plain)], 3, 1.5),
      atMost('p7d: calls of a comparison with nothing to do', [plain.idleCalls], 3, 3),
    ];
  },
});

/** @param {string} what @param {readonly number[]} values @param {number} floor @param {number} goal */
function atMost(what, values, floor, goal) {
  return { what, values, floor, goal, atMost: true };
}

/** @param {{ orderS: number, walkS: number }} run */
function wall({ orderS, walkS }) {
  return orderS + walkS;
}

/**
 * @param {string} folder
 * @param {{ faults?: boolean, kills?: boolean }} disturbed
 */
async function live(folder, { faults = false, kills = false }) {
  const processes = await startProcesses(folder);
  try {
    const { api, apple, eventually } = processes;
    const adamId = adamIdOf(1);
    await apple('POST', '/faults', { notifications: NOTIFICATIONS });
    const { token } = await apple('POST', '/locations', { uId: UID, name: 'Bench', country: 'DE' });
    await apple('POST', `/locations/${UID}/assets`, {
      assets: [{ adamId, name: 'App', total: DEVICES }],
    });
    await api('POST', '/accounts', { token, name: 'Bench', platform: 'iOS', assignmentType: 'device' });
    await eventually(
      async () => ((await api('GET', `/accounts/${UID}`)).firstRead.completed ? true : null),
      60_000,
    );
    await apple('POST', '/reset-stats');
    if (faults) await apple('POST', '/error-rules', FAULTS);

    const killing = kills ? killEvery(processes) : null;
    /** While the product is away it answers nothing. @param {() => Promise<any>} ask */
    const answered = async (ask) => {
      try {
        return await ask();
      } catch (error) {
        if (killing) return null;
        throw error;
      }
    };
    const started = performance.now();
    const order = await api('POST', '/orders', {
      kind: 'AssignLicense',
      accountId: UID,
      assetIds: [adamId],
      serialNumbers: Array.from({ length: DEVICES }, (_serial, number) => serialOf(number)),
    });
    const done = await eventually(async () => {
      const now = await answered(() => api('GET', `/orders/${order.orderId}`));
      return now?.state === 'finished' ? now : null;
    }, WITHIN_MS);
    const orderS = (performance.now() - started) / 1_000;
    const boots = (await killing?.end()) ?? [];
    check(done.progress.assigned === DEVICES, `${JSON.stringify(done.progress)}`);
    const held = (await apple('GET', `/locations/${UID}/assignments`)).assets;
    check(Object.values(held).flat().length === DEVICES, 'pairs at Apple');

    const walked = performance.now();
    const walk = await compared(processes, true);
    const walkS = (performance.now() - walked) / 1_000;
    check(walk.differences.added + walk.differences.taken === 0, JSON.stringify(walk.differences));
    const { associateReceived, requests } = await apple('GET', '/stats');
    const { rules } = await apple('GET', '/error-rules');
    const hits = rules.reduce((/** @type {number} */ sum, /** @type {any} */ rule) => sum + rule.hits, 0);
    await apple('POST', '/error-rules/clear');
    await apple('POST', '/reset-stats');
    await compared(processes, false);
    const idleCalls = (await apple('GET', '/stats')).requests.total;
    return { orderS, walkS, boots, hits, idleCalls, calls: requests.total, associate: associateReceived };
  } finally {
    await processes.stop();
  }
}

/**
 * Has the account compared with Apple.
 * @param {Awaited<ReturnType<typeof startProcesses>>} processes
 * @param {boolean} full
 */
async function compared({ api, eventually }, full) {
  const { syncId } = await api('POST', `/accounts/${UID}/syncs`, full ? { full } : {});
  return eventually(async () => {
    const now = await api('GET', `/accounts/${UID}/syncs/${syncId}`);
    return now.completedAt === null ? null : now;
  }, WITHIN_MS);
}

/** @param {Awaited<ReturnType<typeof startProcesses>>} processes */
function killEvery(processes) {
  /** @type {number[]} */
  const boots = [];
  let ended = false;
  const killing = (async () => {
    for (;;) {
      for (let waited = 0; waited < KILL_EVERY_MS && !ended; waited += 100) await pause(100);
      if (ended) return;
      boots.push((await processes.restart()) / 1_000);
    }
  })();
  return {
    async end() {
      ended = true;
      await killing;
      return boots;
    },
  };
}
